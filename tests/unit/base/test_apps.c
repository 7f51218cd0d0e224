#include "base/apps.h"
#include "base/clock.h"

#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static int set_up(void **state) {
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/minipulse-apps-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place) {
    (void)info, (void)type, (void)place;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static struct mp_apps *open_apps(void) {
    struct mp_apps *apps = NULL;
    struct mp_error err;
    if (mp_apps_open(dir, &apps, &err) != MP_OK) {
        fail_msg("%s", err.message);
    }
    return apps;
}

static struct mp_app add(struct mp_apps *apps, const char *id) {
    struct mp_app app;
    struct mp_error err;
    if (mp_apps_add(apps, id, "商店 \"A\"", "Asia/Shanghai", 1800000, &app, &err) != MP_OK) {
        fail_msg("%s", err.message);
    }
    return app;
}

static void write_file(const char *text) {
    char path[128];
    snprintf(path, sizeof(path), "%s/apps.json", dir);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void an_added_app_is_found_again_after_opening(void **state) {
    (void)state;
    struct mp_apps *apps = open_apps();
    struct mp_app shop = add(apps, "shop"), other = add(apps, NULL);
    mp_apps_close(apps);
    apps = open_apps();
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    assert_int_equal(mp_apps_count(snapshot), 2);
    const struct mp_app *found = mp_apps_by_id(snapshot, MP_STR("shop"));
    assert_non_null(found);
    assert_string_equal(found->name, "商店 \"A\"");
    assert_string_equal(mp_zone_name(found->zone), "Asia/Shanghai");
    assert_string_equal(found->write_key, shop.write_key);
    assert_int_equal(found->open_timeout_ms, 1800000);
    assert_ptr_equal(mp_apps_by_write_key(snapshot, mp_str_of(shop.write_key)), found);
    assert_ptr_equal(mp_apps_by_id(snapshot, mp_str_of(other.id)), mp_apps_at(snapshot, 1));
    assert_null(mp_apps_by_write_key(snapshot, MP_STR("")));
    assert_null(mp_apps_by_id(snapshot, MP_STR("sho")));
    assert_null(mp_apps_at(snapshot, 2));
    mp_apps_release(snapshot);
    mp_apps_close(apps);
}

static void keys_are_long_random_and_not_readable_by_others(void **state) {
    (void)state;
    struct mp_apps *apps = open_apps();
    struct mp_app a = add(apps, "a"), b = add(apps, "b");
    assert_memory_equal(a.write_key, "mpw_", 4);
    assert_true(strlen(a.write_key) >= 28);
    assert_string_not_equal(a.write_key + 4, b.write_key + 4);
    mp_apps_close(apps);
    char path[128];
    struct stat info;
    snprintf(path, sizeof(path), "%s/apps.json", dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

/* An app's keys are random: in a small table some pair of them begins at the same slot. */
static void keys_can_be_rotated_as_often_as_one_likes(void **state) {
    (void)state;
    struct mp_apps *apps = open_apps();
    struct mp_app before = add(apps, "shop"), after;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(mp_apps_rotate_key(apps, "shop", &after, NULL), MP_OK);
        struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
        assert_non_null(mp_apps_by_write_key(snapshot, mp_str_of(after.write_key)));
        assert_non_null(mp_apps_by_write_key(snapshot, mp_str_of(before.write_key)));
        mp_apps_release(snapshot);
        before = after;
    }
    mp_apps_close(apps);
}

static void a_rotated_key_and_the_one_before_are_accepted(void **state) {
    (void)state;
    struct mp_apps *apps = open_apps();
    struct mp_app first = add(apps, "shop"), second, third;
    add(apps, "other");
    assert_int_equal(mp_apps_rotate_key(apps, "shop", &second, NULL), MP_OK);
    assert_string_equal(second.previous_write_key, first.write_key);
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    assert_non_null(mp_apps_by_write_key(snapshot, mp_str_of(first.write_key)));
    assert_non_null(mp_apps_by_write_key(snapshot, mp_str_of(second.write_key)));
    mp_apps_release(snapshot);
    assert_int_equal(mp_apps_rotate_key(apps, "shop", &third, NULL), MP_OK);
    snapshot = mp_apps_acquire(apps);
    assert_null(mp_apps_by_write_key(snapshot, mp_str_of(first.write_key)));
    assert_non_null(mp_apps_by_write_key(snapshot, mp_str_of(second.write_key)));
    mp_apps_release(snapshot);
    assert_int_equal(mp_apps_rotate_key(apps, "nobody", &third, NULL), MP_E_NOT_FOUND);
    mp_apps_close(apps);
}

static void a_renamed_app_keeps_its_keys(void **state) {
    (void)state;
    struct mp_apps *apps = open_apps();
    struct mp_app before = add(apps, "shop"), after;
    struct mp_error err;
    char long_name[200];
    memset(long_name, 'a', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(mp_apps_rename(apps, "shop", "花店", &after, &err), MP_OK);
    assert_string_equal(after.name, "花店");
    assert_string_equal(after.write_key, before.write_key);
    assert_int_equal(mp_apps_rename(apps, "shop", "\xff", &after, &err), MP_E_ARGUMENT);
    assert_string_equal(err.field, "name");
    assert_int_equal(mp_apps_rename(apps, "shop", long_name, &after, &err), MP_E_TOO_LARGE);
    assert_int_equal(mp_apps_rename(apps, "nobody", "n", &after, &err), MP_E_NOT_FOUND);
    mp_apps_close(apps);
    apps = open_apps();
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    assert_string_equal(mp_apps_by_id(snapshot, MP_STR("shop"))->name, "花店");
    mp_apps_release(snapshot);
    mp_apps_close(apps);
}

static void what_another_process_adds_appears_at_refresh(void **state) {
    (void)state;
    struct mp_apps *serve = open_apps(), *command = open_apps();
    struct mp_apps_snapshot *before = mp_apps_acquire(serve);
    add(command, "shop");
    assert_int_equal(mp_apps_refresh(serve, NULL), MP_OK);
    struct mp_apps_snapshot *after = mp_apps_acquire(serve);
    assert_int_equal(mp_apps_count(before), 0);
    assert_int_equal(mp_apps_count(after), 1);
    assert_int_equal(mp_apps_refresh(serve, NULL), MP_OK);
    struct mp_apps_snapshot *same = mp_apps_acquire(serve);
    assert_ptr_equal(same, after);
    mp_apps_close(serve); /* snapshots outlive the registry */
    assert_non_null(mp_apps_by_id(after, MP_STR("shop")));
    mp_apps_release(before);
    mp_apps_release(after);
    mp_apps_release(same);
    mp_apps_close(command);
}

static void the_first_app_makes_the_data_directory(void **state) {
    (void)state;
    struct mp_apps *apps = NULL;
    struct mp_app app;
    char below[96];
    snprintf(below, sizeof(below), "%s/data", dir);
    assert_int_equal(mp_apps_open(below, &apps, NULL), MP_OK);
    assert_int_equal(mp_apps_add(apps, "a", "a", "UTC", 1800000, &app, NULL), MP_OK);
    mp_apps_close(apps);
    assert_int_equal(mp_apps_open(below, &apps, NULL), MP_OK);
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    assert_int_equal(mp_apps_count(snapshot), 1);
    mp_apps_release(snapshot);
    mp_apps_close(apps);
}

static void two_writers_lose_nothing_of_each_other(void **state) {
    (void)state;
    struct mp_apps *one = open_apps(), *two = open_apps();
    for (int i = 0; i < 10; i++) {
        add(i % 2 ? one : two, NULL);
    }
    assert_int_equal(mp_apps_refresh(one, NULL), MP_OK);
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(one);
    assert_int_equal(mp_apps_count(snapshot), 10);
    mp_apps_release(snapshot);
    mp_apps_close(one);
    mp_apps_close(two);
}

static void a_broken_file_leaves_the_former_apps_in_force(void **state) {
    (void)state;
    struct mp_apps *apps = open_apps();
    struct mp_app app = add(apps, "shop");
    struct mp_error err;
    char text[1024];
    const char *zone = "UTC";
    static const char form[] =
        "{\"version\":1,\"apps\":[{\"id\":\"%s\",\"name\":\"n\",\"zone\":\"%s\","
        "\"open_timeout_ms\":%s,\"write_key\":\"k\",\"previous_write_key\":\"\"}%s]}";
    const char *whole[] = {"",
                           "{",
                           "[]",
                           "{\"version\":2,\"apps\":[]}",
                           "{\"version\":1}",
                           "{\"version\":1,\"apps\":[1]}",
                           "{\"version\":1,\"apps\":[{}]}"};
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        write_file(whole[i]);
        assert_int_equal(mp_apps_refresh(apps, &err), MP_E_CORRUPT);
        assert_non_null(strstr(err.message, "apps.json"));
    }
    const char *parts[][4] = {
        {"../x", zone, "1800000", ""},
        {"x", "No/Where", "1800000", ""},
        {"x", zone, "-1", ""},
        {"x", zone, "1,\"sdk\":1", ""},
        {"x", zone, "1000,\"sdk\":{\"enabled\":1,\"sampling\":{}}", ""},
        {"x", zone, "1000,\"sdk\":{\"enabled\":true,\"sampling\":{\"none\":1}}", ""},
        {"x", zone, "1000,\"sdk\":{\"enabled\":true,\"sampling\":{\"page\":2}}", ""},
        {"x", zone, "1e99", ""},
        {"x", zone, "\"1\"", ""},
        {"", zone, "1800000", ""},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        snprintf(text, sizeof(text), form, parts[i][0], parts[i][1], parts[i][2], parts[i][3]);
        write_file(text);
        assert_int_equal(mp_apps_refresh(apps, &err), MP_E_CORRUPT);
    }
    assert_int_equal(mp_apps_add(apps, "x", "x", "UTC", 1800000, &app, &err), MP_E_CORRUPT);
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    assert_non_null(mp_apps_by_id(snapshot, MP_STR("shop")));
    assert_int_equal(mp_apps_count(snapshot), 1);
    mp_apps_release(snapshot);
    snprintf(text, sizeof(text), form, "x", zone, "1800000", "");
    write_file(text);
    assert_int_equal(mp_apps_refresh(apps, &err), MP_OK);
    mp_apps_close(apps);
}

static void wrong_values_are_refused_by_name(void **state) {
    (void)state;
    struct mp_apps *apps = open_apps();
    struct mp_app app;
    struct mp_error err;
    char long_text[300];
    memset(long_text, 'a', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    const char *bad_ids[] = {"Shop", "-a", "a b", "a/b", "小"};
    for (size_t i = 0; i < sizeof(bad_ids) / sizeof(bad_ids[0]); i++) {
        assert_int_equal(mp_apps_add(apps, bad_ids[i], "n", "UTC", 1800000, &app, &err),
                         MP_E_ARGUMENT);
        assert_string_equal(err.field, "id");
    }
    assert_int_equal(mp_apps_add(apps, long_text, "n", "UTC", 1800000, &app, &err), MP_E_TOO_LARGE);
    assert_int_equal(mp_apps_add(apps, "a", long_text, "UTC", 1800000, &app, &err), MP_E_TOO_LARGE);
    assert_int_equal(mp_apps_add(apps, "a", "\xff", "UTC", 1800000, &app, &err), MP_E_ARGUMENT);
    assert_int_equal(mp_apps_add(apps, "a", "n", "No/Where", 1800000, &app, &err), MP_E_NOT_FOUND);
    assert_int_equal(mp_apps_add(apps, "a", "n", "UTC", 0, &app, &err), MP_E_ARGUMENT);
    add(apps, "a");
    assert_int_equal(mp_apps_add(apps, "a", "n", "UTC", 1800000, &app, &err), MP_E_EXISTS);
    assert_int_equal(mp_apps_add(apps, NULL, NULL, NULL, 1800000, &app, &err), MP_OK);
    assert_string_equal(app.name, app.id);
    mp_apps_close(apps);
}

/* ---- many threads ---- */

struct reading {
    struct mp_apps *apps;
    struct mp_app app;
    atomic_bool is_over;
    atomic_ulong misses;
    atomic_ulong rounds;
};

static void *read_for_a_while(void *arg) {
    struct reading *reading = arg;
    while (!atomic_load(&reading->is_over)) {
        struct mp_apps_snapshot *snapshot = mp_apps_acquire(reading->apps);
        const struct mp_app *app =
            mp_apps_by_write_key(snapshot, mp_str_of(reading->app.write_key));
        if (!app || strcmp(mp_zone_name(app->zone), "Asia/Shanghai") != 0) {
            atomic_fetch_add(&reading->misses, 1);
        }
        mp_apps_release(snapshot);
        atomic_fetch_add(&reading->rounds, 1);
    }
    return NULL;
}

static void readers_never_miss_an_app_while_others_are_added(void **state) {
    (void)state;
    struct reading reading = {.apps = open_apps()};
    pthread_t threads[3];
    reading.app = add(reading.apps, "shop");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_for_a_while, &reading), 0);
    }
    for (int i = 0; i < 20; i++) {
        add(reading.apps, NULL);
        assert_int_equal(mp_apps_refresh(reading.apps, NULL), MP_OK);
    }
    atomic_store(&reading.is_over, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&reading.misses), 0);
    assert_true(atomic_load(&reading.rounds) > 0);
    mp_apps_close(reading.apps);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(an_added_app_is_found_again_after_opening),
        T(keys_are_long_random_and_not_readable_by_others),
        T(a_rotated_key_and_the_one_before_are_accepted),
        T(keys_can_be_rotated_as_often_as_one_likes),
        T(a_renamed_app_keeps_its_keys),
        T(what_another_process_adds_appears_at_refresh),
        T(the_first_app_makes_the_data_directory),
        T(two_writers_lose_nothing_of_each_other),
        T(a_broken_file_leaves_the_former_apps_in_force),
        T(wrong_values_are_refused_by_name),
        T(readers_never_miss_an_app_while_others_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
