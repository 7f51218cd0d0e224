#include "base/event.h"
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_users_hash_is_clickhouses_siphash64(void **state) {
    (void)state;
    /* SELECT sipHash64(…), asked of ClickHouse 18.16.1 and of chDB 26.7.3 */
    assert_true(mp_hash_user(MP_STR("")) == 2202906307356721367u);
    assert_true(mp_hash_user(MP_STR("abc")) == 4596069200710135518u);
    assert_true(mp_hash_user(MP_STR("oABC_123-用户")) == 11929998153771965109u);
    assert_true(mp_hash_user(MP_STR("0123456789abcdef")) == 10719539101438027700u);
    assert_true(mp_hash_user(MP_STR("12345678")) == 6766637294834280856u);
    assert_true(mp_hash_user(mp_str_range(NULL, 0)) == 2202906307356721367u);
}

static void checksums_never_change_what_is_on_disk(void **state) {
    (void)state;
    /* The reference values of XXH3 for the empty input, from its specification. */
    assert_true(mp_checksum("", 0) == 0x2d06800538d394c2u);
    struct mp_hash128 hash = mp_hash128("", 0);
    assert_true(hash.lo == 0x6001c324468d497fu && hash.hi == 0x99aa06d3014798d8u);
    assert_true(mp_checksum("a", 1) != mp_checksum("b", 1));
}

static void scenes_belong_to_their_source_groups(void **state) {
    (void)state;
    static const uint16_t known[][2] = {
        {0, 0},     {1001, 1},  {1002, 1},  {1005, 2},  {1007, 3},  {1011, 4},  {1020, 5},
        {1022, 6},  {1023, 7},  {1024, 8},  {1026, 9},  {1014, 11}, {1021, 12}, {1035, 13},
        {1036, 14}, {1034, 15}, {1012, 16}, {1013, 17}, {1058, 18}, {1019, 19}, {1028, 20},
        {1029, 21}, {1037, 22}, {1038, 23}, {1162, 11}, {1003, 35}, {1089, 29}, {1154, 46},
        {1158, 57}, {1163, 37}, {1000, 10}, {1164, 10}, {1, 10},    {65535, 10}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_int_equal(mp_scene_group(known[i][0]), known[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_users_hash_is_clickhouses_siphash64),
        cmocka_unit_test(checksums_never_change_what_is_on_disk),
        cmocka_unit_test(scenes_belong_to_their_source_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
