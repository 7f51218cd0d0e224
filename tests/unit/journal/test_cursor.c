#include "helpers.h"

static char note[JOURNAL_NOTE_MAX];
static size_t note_len;
static uint64_t lsn;
static struct mp_error err;

static void a_cursor_comes_back_with_its_note_after_reopening(void **state) {
    (void)state;
    struct journal *journal = open_small();
    assert_int_equal(journal_cursor_load(journal, "load", &lsn, note, &note_len, &err),
                     MP_E_NOT_FOUND);
    assert_int_equal(journal_cursor_save(journal, "load", 42, MP_STR("batch 7"), &err), MP_OK);
    assert_int_equal(journal_cursor_save(journal, "load", 43, MP_STR("batch 8"), &err), MP_OK);
    journal_close(journal);
    journal = open_small();
    assert_int_equal(journal_cursor_load(journal, "load", &lsn, note, &note_len, &err), MP_OK);
    assert_int_equal(lsn, 43);
    assert_true(mp_str_is(mp_str_range(note, note_len), "batch 8"));
    journal_close(journal);
}

static void a_note_may_have_the_most_bytes_and_no_more(void **state) {
    (void)state;
    char longest[JOURNAL_NOTE_MAX + 1];
    memset(longest, 'n', sizeof(longest));
    struct journal *journal = open_small();
    assert_int_equal(
        journal_cursor_save(journal, "load", 1, mp_str_range(longest, JOURNAL_NOTE_MAX), &err),
        MP_OK);
    assert_int_equal(journal_cursor_load(journal, "load", &lsn, note, &note_len, &err), MP_OK);
    assert_int_equal(note_len, JOURNAL_NOTE_MAX);
    assert_int_equal(
        journal_cursor_save(journal, "load", 1, mp_str_range(longest, sizeof(longest)), &err),
        MP_E_TOO_LARGE);
    journal_close(journal);
}

static void a_cursor_with_any_byte_changed_or_missing_is_refused(void **state) {
    (void)state;
    char path[TEST_PATH_MAX], content[256];
    struct journal *journal = open_small();
    assert_int_equal(journal_cursor_save(journal, "load", 42, MP_STR("batch 7"), &err), MP_OK);
    snprintf(path, sizeof(path), "%s/load.cursor", test_dir);
    int fd = open(path, O_RDWR);
    ssize_t size = read(fd, content, sizeof(content));
    assert_true(size > 0);
    for (ssize_t i = 0; i < size; i++) {
        char wrong = (char)(content[i] ^ 0x10);
        assert_int_equal(pwrite(fd, &wrong, 1, i), 1);
        assert_int_equal(journal_cursor_load(journal, "load", &lsn, note, &note_len, &err),
                         MP_E_CORRUPT);
        assert_int_equal(pwrite(fd, &content[i], 1, i), 1);
    }
    for (ssize_t len = size - 1; len >= 0; len--) {
        assert_int_equal(ftruncate(fd, len), 0);
        assert_int_equal(journal_cursor_load(journal, "load", &lsn, note, &note_len, &err),
                         MP_E_CORRUPT);
    }
    close(fd);
    assert_int_equal(journal_cursor_save(journal, "load", 44, MP_STR(""), &err), MP_OK);
    assert_int_equal(journal_cursor_load(journal, "load", &lsn, note, &note_len, &err), MP_OK);
    assert_int_equal(lsn, 44);
    journal_close(journal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_IN_A_DIR(a_cursor_comes_back_with_its_note_after_reopening),
        EACH_IN_A_DIR(a_note_may_have_the_most_bytes_and_no_more),
        EACH_IN_A_DIR(a_cursor_with_any_byte_changed_or_missing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
