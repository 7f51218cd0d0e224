#include "base/config.h"
#include "base/config_table.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct mp_config config;
static struct mp_error err;
static char path[64], path_flag[80];

static int set_up(void **state) {
    (void)state;
    snprintf(path, sizeof(path), "/tmp/minipulse-config-XXXXXX");
    int fd = mkstemp(path);
    snprintf(path_flag, sizeof(path_flag), "--config=%s", path);
    return fd >= 0 ? close(fd) : -1;
}

static int tear_down(void **state) {
    (void)state;
    return unlink(path);
}

static void write_bytes(const char *bytes, size_t len) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

/* Reads file text, one variable and up to two flags; each may be NULL. */
static int read_config(const char *file, const char *variable, const char *flag,
                       const char *second) {
    char *environment[] = {"PATH=/bin", (char *)(variable ? variable : "X=y"), NULL};
    char *argv[] = {file ? path_flag : "--config=", (char *)flag, (char *)second, NULL};
    struct mp_config_input input = {
        .environment = environment, .argv = argv, .argc = 1 + !!flag + !!second};
    if (file) {
        write_bytes(file, strlen(file));
    }
    err = (struct mp_error){0};
    return mp_config_read(&config, &input, &err);
}

/* The reading fails, names the setting, and its message holds each of the parts. */
static void assert_refused(int code, const char *field, const char *part, const char *more) {
    assert_int_equal(code, MP_E_ARGUMENT);
    assert_string_equal(err.field, field);
    if (!strstr(err.message, part) || !strstr(err.message, more)) {
        fail_msg("no \"%s\" and \"%s\" in: %s", part, more, err.message);
    }
}

static void defaults_hold_when_nothing_is_given(void **state) {
    (void)state;
    assert_int_equal(read_config(NULL, NULL, NULL, NULL), MP_OK);
    assert_string_equal(config.data_dir, "data");
    assert_string_equal(config.listen, "127.0.0.1:8080");
    assert_string_equal(config.default_zone, "Asia/Shanghai");
    assert_string_equal(config.store_url, "");
    assert_string_equal(config.store_database, "minipulse");
    assert_true(config.journal_max_bytes == INT64_C(4) << 30);
    assert_true(config.journal_segment_bytes == 64 << 20);
    assert_true(config.dedupe_hours == 72 && config.late_hours == 72);
    assert_true(config.log_level == MP_LOG_INFO && config.log_format == MP_LOG_TEXT);
    mp_config_deinit(&config);
}

static void flags_beat_the_environment_which_beats_the_file(void **state) {
    (void)state;
    const char *file = "# a comment\n\nhttp_threads = 3\nlisten=a:1 ; inline\nlate_hours = 100\n";
    assert_int_equal(read_config(file, NULL, NULL, NULL), MP_OK);
    assert_true(config.http_threads == 3 && config.late_hours == 100);
    assert_string_equal(config.listen, "a:1");
    assert_string_equal(config.config, path);
    mp_config_deinit(&config);
    assert_int_equal(read_config(file, "MINIPULSE_HTTP_THREADS=4", NULL, NULL), MP_OK);
    assert_true(config.http_threads == 4 && config.late_hours == 100);
    mp_config_deinit(&config);
    assert_int_equal(read_config(file, "MINIPULSE_HTTP_THREADS=4", "--http-threads=5", NULL),
                     MP_OK);
    assert_true(config.http_threads == 5);
    mp_config_deinit(&config);
    assert_int_equal(read_config(file, NULL, "--http-threads", "6"), MP_OK);
    assert_true(config.http_threads == 6);
    mp_config_deinit(&config);
}

static void sizes_take_suffixes_and_choices_take_words(void **state) {
    (void)state;
    assert_int_equal(read_config("journal_max_bytes = 300M\njournal_segment_bytes=2048k\n"
                                 "log_level=error\nlog_format=json\n",
                                 NULL, NULL, NULL),
                     MP_OK);
    assert_true(config.journal_max_bytes == 300 << 20);
    assert_true(config.journal_segment_bytes == 2 << 20);
    assert_true(config.log_level == MP_LOG_ERROR && config.log_format == MP_LOG_JSON);
    mp_config_deinit(&config);
}

static void an_error_names_setting_place_and_reason(void **state) {
    (void)state;
    char place[80];
    snprintf(place, sizeof(place), "%s:2", path);
    assert_refused(read_config("\nhttp_threads = many\n", NULL, NULL, NULL), "http_threads", place,
                   "1 to 64, not \"many\"");
    assert_refused(read_config(NULL, "MINIPULSE_HTTP_THREADS=0", NULL, NULL), "http_threads",
                   "environment MINIPULSE_HTTP_THREADS", "not \"0\"");
    assert_refused(read_config(NULL, NULL, "--dedupe-hours=71", NULL), "dedupe_hours",
                   "flag --dedupe-hours", "72 to");
    assert_refused(read_config(NULL, NULL, "--log-level=loud", NULL), "log_level", "--log-level",
                   "debug|info|warn|error");
    assert_refused(read_config(NULL, NULL, "--default-zone=Moon", NULL), "default_zone",
                   "--default-zone", "Moon");
    assert_refused(read_config(NULL, NULL, "--store-database=a-b", NULL), "store_database",
                   "--store-database", "letters");
    assert_refused(read_config(NULL, NULL, "--data-dir=", NULL), "data_dir", "--data-dir", "empty");
    assert_refused(read_config(NULL, NULL, "--listen=\xff", NULL), "listen", "--listen", "UTF-8");
    assert_refused(read_config(NULL, NULL, "--journal-max-bytes=9999999999G", NULL),
                   "journal_max_bytes", "--journal-max-bytes", "G");
    assert_refused(read_config(NULL, NULL, "--journal-max-bytes=4X", NULL), "journal_max_bytes",
                   "--journal-max-bytes", "suffixes");
    assert_refused(read_config(NULL, NULL, "--journal-max-bytes=", NULL), "journal_max_bytes",
                   "--journal-max-bytes", "not \"\"");
}

static void an_unknown_name_is_an_error_with_the_nearest_known_one(void **state) {
    (void)state;
    char place[80];
    snprintf(place, sizeof(place), "%s:1", path);
    assert_refused(read_config("http_thread = 3\n", NULL, NULL, NULL), "http_thread", place,
                   "do you mean http_threads?");
    assert_refused(read_config(NULL, "MINIPULSE_LISTN=x", NULL, NULL), "MINIPULSE_LISTN",
                   "environment", "do you mean MINIPULSE_LISTEN?");
    assert_refused(read_config(NULL, NULL, "--data_dir=x", NULL), "--data_dir", "command line",
                   "do you mean --data-dir?");
    assert_refused(read_config(NULL, NULL, "--nothing-like-it", NULL), "--nothing-like-it",
                   "no setting --nothing-like-it", "");
    assert_null(strstr(err.message, "do you mean"));
    assert_refused(read_config("config = other.ini\n", NULL, NULL, NULL), "config", place, "");
    assert_refused(read_config(NULL, NULL, "--listen", NULL), "listen", "needs a value", "");
}

static void variables_that_kubernetes_sets_are_no_settings(void **state) {
    (void)state;
    assert_int_equal(read_config(NULL, "MINIPULSE_PORT_8080_TCP=tcp://10.0.0.1:8080", NULL, NULL),
                     MP_OK);
    mp_config_deinit(&config);
    assert_int_equal(read_config(NULL, "MINIPULSE_SERVICE_HOST=10.0.0.1", NULL, NULL), MP_OK);
    mp_config_deinit(&config);
}

static void a_file_that_is_none_is_refused_with_its_line(void **state) {
    (void)state;
    char line[600], place[80];
    memset(line, 'x', sizeof(line));
    memcpy(line, "listen = ", 9);
    line[sizeof(line) - 1] = '\0';
    snprintf(place, sizeof(place), "%s:1", path);
    assert_refused(read_config(line, NULL, NULL, NULL), "config", place, "line of over");
    assert_refused(read_config("[server]\nlisten = a\n", NULL, NULL, NULL), "server", ":2",
                   "sections");
    assert_refused(read_config("listen\n", NULL, NULL, NULL), "config", place, "name = value");
    assert_refused(read_config("listen = a\nlisten = b\n", NULL, NULL, NULL), "listen", ":2",
                   "line 1 already");
    assert_refused(read_config("listen = a\n  b\n", NULL, NULL, NULL), "listen", ":2", "indented");
    write_bytes("listen = a\0b\n", 13);
    char *argv[] = {path_flag};
    struct mp_config_input input = {.argv = argv, .argc = 1};
    assert_refused(mp_config_read(&config, &input, &err), "config", place, "NUL");
    assert_int_equal(read_config(NULL, NULL, "--config=/nowhere/x.ini", NULL), MP_E_NOT_FOUND);
}

static void settings_that_contradict_each_other_are_refused(void **state) {
    (void)state;
    assert_refused(read_config(NULL, NULL, "--tls-cert=a.pem", NULL), "tls_key", "together", "");
    assert_refused(read_config(NULL, NULL, "--journal-max-bytes=64M", NULL),
                   "journal_segment_bytes", "quarter", "");
    assert_refused(read_config(NULL, NULL, "--engine-listen=127.0.0.1:8123", NULL),
                   "engine_password", "engine_listen", "");
}

static void secrets_are_never_printed(void **state) {
    (void)state;
    struct mp_buf out;
    mp_buf_init(&out, 1 << 16);
    assert_int_equal(read_config(NULL, "MINIPULSE_STORE_PASSWORD=hunter2", NULL, NULL), MP_OK);
    assert_string_equal(config.store_password, "hunter2");
    mp_config_show(&config, &out);
    mp_buf_append_byte(&out, '\0');
    assert_null(strstr(out.ptr, "hunter2"));
    assert_non_null(strstr(out.ptr, "store_password = (set)\n"));
    assert_non_null(strstr(out.ptr, "engine_password = \n"));
    assert_non_null(strstr(out.ptr, "journal_max_bytes = 4G\n"));
    assert_non_null(strstr(out.ptr, "log_level = info\n"));
    mp_config_deinit(&config);
    assert_refused(read_config(NULL, "MINIPULSE_STORE_PASSWORD=hunter2\xff", NULL, NULL),
                   "store_password", "environment", "UTF-8");
    assert_null(strstr(err.message, "hunter2"));
    struct mp_setting setting = {.name = "pin", .choices = "1|2", .is_secret = true};
    setting.type = MP_SETTING_CHOICE;
    assert_int_equal(mp_setting_apply(&config, &setting, MP_STR("4711"), "file", &err),
                     MP_E_ARGUMENT);
    assert_null(strstr(err.message, "4711"));
    mp_buf_deinit(&out);
}

static void a_subcommands_own_flags_and_arguments_are_kept_apart(void **state) {
    (void)state;
    char *argv[] = {"--config=", "add",  "--users", "5",     "--http-threads=7",
                    "--force",   "shop", "--",      "--name"};
    struct mp_flag flags[] = {{.name = "users", .value_name = "N", .doc = "How many."},
                              {.name = "force", .doc = "Do it."},
                              {.name = "days", .value_name = "N", .doc = "How long."}};
    const char *positionals[3];
    struct mp_config_input input = {.argv = argv,
                                    .argc = 9,
                                    .flags = flags,
                                    .flag_count = 3,
                                    .positionals = positionals,
                                    .positionals_max = 3};
    assert_int_equal(mp_config_read(&config, &input, &err), MP_OK);
    assert_string_equal(flags[0].value, "5");
    assert_string_equal(flags[1].value, "");
    assert_null(flags[2].value);
    assert_true(config.http_threads == 7);
    assert_int_equal(input.positional_count, 3);
    assert_string_equal(positionals[0], "add");
    assert_string_equal(positionals[1], "shop");
    assert_string_equal(positionals[2], "--name");
    mp_config_deinit(&config);
    input.positionals_max = 2;
    assert_refused(mp_config_read(&config, &input, &err), "", "too many", "--name");
    argv[1] = "--user";
    assert_refused(mp_config_read(&config, &input, &err), "--user", "do you mean --users?", "");
    argv[1] = "--force=yes";
    assert_refused(mp_config_read(&config, &input, &err), "force", "takes no value", "");
}

static void every_setting_stands_in_the_table_and_in_the_help(void **state) {
    (void)state;
    struct mp_buf table, help;
    mp_buf_init(&table, 1 << 16);
    mp_buf_init(&help, 1 << 16);
    struct mp_flag flag = {.name = "users", .value_name = "N", .doc = "How many."};
    mp_config_markdown(&table);
    mp_config_help(&help, &flag, 1);
    mp_buf_append_byte(&table, '\0');
    mp_buf_append_byte(&help, '\0');
    assert_false(table.failed || help.failed);
    assert_non_null(strstr(table.ptr, "| `journal_max_bytes` | `4G` | 16M … 4096G | "));
    assert_non_null(strstr(table.ptr, "| `log_format` | `text` | text, json | "));
    assert_non_null(strstr(table.ptr, "| `store_password` |  | text, secret | "));
    assert_non_null(strstr(help.ptr, "  --users N\n"));
    assert_non_null(strstr(help.ptr, "  --journal-max-bytes (16M … 4096G; default 4G)\n"));
    mp_buf_deinit(&table);
    mp_buf_deinit(&help);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void a_flag_may_be_given_by_its_letter(void **state) {
    (void)state;
    struct mp_error err;
    char *argv[] = {"-o", "out.csv", "-x"};
    struct mp_flag flags[] = {{.name = "force", .doc = "Do it."},
                              {.name = "output", .value_name = "FILE", .letter = 'o', .doc = "."}};
    struct mp_config_input input = {.argv = argv, .argc = 2, .flags = flags, .flag_count = 2};
    assert_int_equal(mp_config_read(&config, &input, &err), MP_OK);
    assert_string_equal(flags[1].value, "out.csv");
    assert_null(flags[0].value);
    mp_config_deinit(&config);
    input.argc = 3;
    assert_int_equal(mp_config_read(&config, &input, &err), MP_E_ARGUMENT);
    assert_non_null(strstr(err.message, "-x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(defaults_hold_when_nothing_is_given),
        T(flags_beat_the_environment_which_beats_the_file),
        T(sizes_take_suffixes_and_choices_take_words),
        T(an_error_names_setting_place_and_reason),
        T(an_unknown_name_is_an_error_with_the_nearest_known_one),
        T(variables_that_kubernetes_sets_are_no_settings),
        T(a_file_that_is_none_is_refused_with_its_line),
        T(settings_that_contradict_each_other_are_refused),
        T(secrets_are_never_printed),
        T(a_subcommands_own_flags_and_arguments_are_kept_apart),
        T(a_flag_may_be_given_by_its_letter),
        T(every_setting_stands_in_the_table_and_in_the_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
