/* Where values come from: flags, the environment, the file; and which of them wins. */
#include "base/config.h"

#include "base/config_table.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>

#define PREFIX "MINIPULSE_"
#define TEXTS_BYTES_MAX ((size_t)1 << 20)
#define HINT_DISTANCE_MAX 3 /* beyond it a name is no typing error of another */
#define FILE_LINES_MAX 10000

/* Where one value came from. */
enum source { FROM_NOWHERE, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG };
struct given {
    struct mp_str value; /* borrows: argv, environment, or the texts of the config */
    enum source source;
    int line;
};

struct reading {
    struct mp_config *config;
    struct mp_config_input *input;
    struct mp_error *err;
    const char *file;
    int line;                              /* of the file */
    int code;                              /* the first failure inside inih's callbacks */
    struct given given[MP_SETTINGS_MAX];   /* the strongest value of each setting so far */
    struct given in_file[MP_SETTINGS_MAX]; /* tells a setting that stands there twice */
};

static size_t index_of(const struct mp_setting *setting) {
    return (size_t)(setting - mp_settings);
}

/* Keeps a value unless a stronger source already gave one. */
static void give(struct reading *reading, const struct mp_setting *setting, struct given given) {
    struct given *slot = &reading->given[index_of(setting)];
    if (given.source >= slot->source) {
        *slot = given;
    }
}

/* ` (do you mean "X"?)` for the nearest of the settings' names in the form that form() makes, and
 * of the flags; or "". */
static void hint(const struct reading *reading, struct mp_str name,
                 void (*form)(const struct mp_setting *, char[MP_SETTING_NAME_MAX]), char *out,
                 size_t size) {
    char nearest[MP_SETTING_NAME_MAX] = "", candidate[MP_SETTING_NAME_MAX];
    size_t best = HINT_DISTANCE_MAX + 1;
    bool with_flags = form == mp_setting_flag;
    size_t flag_count = with_flags ? reading->input->flag_count : 0;
    for (size_t i = 0; i < mp_setting_count + flag_count; i++) {
        if (i >= mp_setting_count) {
            snprintf(candidate, sizeof(candidate), "--%s",
                     reading->input->flags[i - mp_setting_count].name);
        } else if (form) {
            form(&mp_settings[i], candidate);
        } else {
            snprintf(candidate, sizeof(candidate), "%s", mp_settings[i].name);
        }
        size_t distance = mp_name_distance(name, mp_str_of(candidate));
        if (distance < best) {
            best = distance;
            memcpy(nearest, candidate, sizeof(nearest));
        }
    }
    snprintf(out, size, nearest[0] ? " (do you mean %s?)" : "%s", nearest);
}

static int unknown(struct reading *reading, const char *place, struct mp_str name,
                   void (*form)(const struct mp_setting *, char[MP_SETTING_NAME_MAX])) {
    char suggestion[MP_SETTING_NAME_MAX + 32], field[MP_SETTING_NAME_MAX];
    struct mp_str shown = mp_str_clip(name, sizeof(field) - 1);
    hint(reading, name, form, suggestion, sizeof(suggestion));
    snprintf(field, sizeof(field), "%.*s", MP_STR_ARG(shown));
    return mp_fail(reading->err, MP_E_ARGUMENT, field, "%s: there is no setting %s%s", place, field,
                   suggestion);
}

/* ---- flags ---- */

static const struct mp_setting *setting_of_flag(struct mp_str name) {
    char flag[MP_SETTING_NAME_MAX];
    for (size_t i = 0; i < mp_setting_count; i++) {
        mp_setting_flag(&mp_settings[i], flag);
        if (mp_str_is(name, flag)) {
            return &mp_settings[i];
        }
    }
    return NULL;
}

static struct mp_flag *own_flag(const struct mp_config_input *input, struct mp_str name) {
    for (size_t i = 0; i < input->flag_count; i++) {
        if (name.len == 2 && input->flags[i].letter == name.ptr[1]) {
            return &input->flags[i];
        }
        if (name.len > 2 &&
            mp_str_is(mp_str_range(name.ptr + 2, name.len - 2), input->flags[i].name)) {
            return &input->flags[i];
        }
    }
    return NULL;
}

/* One "--name", "--name=value" or "--name value" at argv[*at]; leaves *at on its last word. */
static int read_flag(struct reading *reading, int *at) {
    struct mp_config_input *input = reading->input;
    struct mp_str left = mp_str_of(input->argv[*at]);
    struct mp_str name = mp_str_cut(&left, '=');
    const struct mp_setting *setting = setting_of_flag(name);
    struct mp_flag *flag = own_flag(input, name);
    if (!setting && !flag) {
        return unknown(reading, "command line", name, mp_setting_flag);
    }
    if (flag && !flag->value_name) {
        flag->value = "";
        return !left.ptr ? MP_OK
                         : mp_fail(reading->err, MP_E_ARGUMENT, flag->name,
                                   "flag --%s takes no value", flag->name);
    }
    if (!left.ptr) {
        if (*at + 1 >= input->argc) {
            return mp_fail(reading->err, MP_E_ARGUMENT, flag ? flag->name : setting->name,
                           "flag %.*s needs a value", MP_STR_ARG(name));
        }
        left = mp_str_of(input->argv[++*at]);
    }
    if (flag) {
        flag->value = left.ptr;
    } else {
        give(reading, setting, (struct given){.value = left, .source = FROM_FLAG});
    }
    return MP_OK;
}

static int read_arguments(struct reading *reading) {
    struct mp_config_input *input = reading->input;
    bool flags_ended = false;
    input->positional_count = 0;
    for (int i = 0; i < input->argc; i++) {
        const char *word = input->argv[i];
        if (!flags_ended && strcmp(word, "--") == 0) {
            flags_ended = true;
        } else if (!flags_ended && word[0] == '-' && word[1] != '\0') {
            int code = read_flag(reading, &i);
            if (code != MP_OK) {
                return code;
            }
        } else if (input->positional_count == input->positionals_max) {
            return mp_fail(reading->err, MP_E_ARGUMENT, "", "one argument too many: \"%s\"", word);
        } else {
            input->positionals[input->positional_count++] = word;
        }
    }
    return MP_OK;
}

/* ---- environment ---- */

/* Kubernetes tells every container of a service "minipulse" its address in MINIPULSE_PORT and the
 * like: not meant as settings. */
static bool is_of_the_platform(struct mp_str name) {
    return mp_str_is(name, PREFIX "PORT") || mp_str_starts_with(name, MP_STR(PREFIX "PORT_")) ||
           mp_str_starts_with(name, MP_STR(PREFIX "SERVICE_"));
}

static const struct mp_setting *setting_of_variable(struct mp_str name) {
    char variable[MP_SETTING_NAME_MAX];
    for (size_t i = 0; i < mp_setting_count; i++) {
        mp_setting_variable(&mp_settings[i], variable);
        if (mp_str_is(name, variable)) {
            return &mp_settings[i];
        }
    }
    return NULL;
}

static int read_environment(struct reading *reading) {
    for (char *const *entry = reading->input->environment; entry && *entry; entry++) {
        struct mp_str left = mp_str_of(*entry);
        struct mp_str name = mp_str_cut(&left, '=');
        if (!mp_str_starts_with(name, MP_STR(PREFIX)) || !left.ptr || is_of_the_platform(name)) {
            continue;
        }
        const struct mp_setting *setting = setting_of_variable(name);
        if (!setting) {
            return unknown(reading, "environment", name, mp_setting_variable);
        }
        give(reading, setting, (struct given){.value = left, .source = FROM_ENVIRONMENT});
    }
    return MP_OK;
}

/* ---- file ---- */

struct file_stream {
    FILE *file;
    struct reading *reading;
};

/* fgets for inih: counts lines, and refuses one that inih would take for two. */
static char *next_line(char *line, int size, void *arg) {
    struct file_stream *stream = arg;
    struct reading *reading = stream->reading;
    if (reading->code != MP_OK || !fgets(line, size, stream->file)) {
        return NULL;
    }
    size_t len = strlen(line);
    reading->line++;
    bool is_whole = len > 0 && (line[len - 1] == '\n' || feof(stream->file));
    if (!is_whole || reading->line > FILE_LINES_MAX) {
        reading->code = mp_fail(reading->err, MP_E_ARGUMENT, "config",
                                "%s:%d: a line of over %d bytes, with a NUL byte, or after %d "
                                "lines",
                                reading->file, reading->line, size - 2, FILE_LINES_MAX);
        return NULL;
    }
    return line;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value) {
    struct reading *reading = arg;
    char place[64];
    if (reading->code != MP_OK) {
        return 0;
    }
    snprintf(place, sizeof(place), "line %d", reading->line);
    const struct mp_setting *setting = mp_setting_find(mp_str_of(name));
    if (section[0] != '\0') {
        reading->code = mp_fail(reading->err, MP_E_ARGUMENT, section, "%s:%d: no [sections] here",
                                reading->file, reading->line);
    } else if (!setting || setting->not_in_file) {
        char where[256];
        snprintf(where, sizeof(where), "%s:%d", reading->file, reading->line);
        reading->code = unknown(reading, where, mp_str_of(name), NULL);
    } else if (reading->in_file[index_of(setting)].source != FROM_NOWHERE) {
        /* inih gives an indented line as one more value of the name above it. */
        reading->code =
            mp_fail(reading->err, MP_E_ARGUMENT, name,
                    "%s:%d: %s stands on line %d already (or this line is indented)", reading->file,
                    reading->line, name, reading->in_file[index_of(setting)].line);
    } else {
        struct mp_str copy = mp_arena_str(&reading->config->texts, mp_str_of(value));
        struct given given = {.value = copy, .source = FROM_FILE, .line = reading->line};
        reading->in_file[index_of(setting)] = given;
        give(reading, setting, given);
        reading->code =
            copy.ptr ? MP_OK : mp_fail(reading->err, MP_E_MEMORY, "config", "no memory");
    }
    return reading->code == MP_OK;
}

static int read_file(struct reading *reading) {
    const struct given *named = &reading->given[index_of(mp_setting_find(MP_STR("config")))];
    bool is_named = named->source != FROM_NOWHERE;
    if (is_named && named->value.len == 0) {
        return MP_OK; /* "--config=": no file at all */
    }
    /* Values of flags and environment end with a NUL: they are whole words. */
    reading->file = is_named ? named->value.ptr : MP_CONFIG_FILE_DEFAULT;
    FILE *file = fopen(reading->file, "re");
    if (!file && errno == ENOENT) {
        return !is_named ? MP_OK
                         : mp_fail(reading->err, MP_E_NOT_FOUND, "config", "there is no file %s",
                                   reading->file);
    }
    if (!file) {
        return mp_fail_sys(reading->err, errno, "config", "cannot open %s", reading->file);
    }
    struct file_stream stream = {file, reading};
    int bad_line = ini_parse_stream(next_line, &stream, on_pair, reading);
    bool is_broken = ferror(file) != 0;
    fclose(file);
    if (reading->code != MP_OK) {
        return reading->code;
    }
    if (is_broken) {
        return mp_fail(reading->err, MP_E_IO, "config", "cannot read %s", reading->file);
    }
    if (bad_line != 0) {
        return mp_fail(reading->err, MP_E_ARGUMENT, "config",
                       "%s:%d: neither name = value nor a comment", reading->file, bad_line);
    }
    give(reading, mp_setting_find(MP_STR("config")),
         (struct given){.value = mp_str_of(reading->file), .source = FROM_FILE});
    return MP_OK;
}

/* ---- all together ---- */

static void name_place(const struct reading *reading, size_t index, char *out, size_t size) {
    const struct given *given = &reading->given[index];
    char name[MP_SETTING_NAME_MAX];
    if (given->source == FROM_FLAG) {
        mp_setting_flag(&mp_settings[index], name);
        snprintf(out, size, "flag %s", name);
    } else if (given->source == FROM_ENVIRONMENT) {
        mp_setting_variable(&mp_settings[index], name);
        snprintf(out, size, "environment %s", name);
    } else if (given->source == FROM_FILE) {
        snprintf(out, size, "%s:%d", reading->file, given->line);
    } else {
        snprintf(out, size, "default");
    }
}

static int apply_all(struct reading *reading) {
    for (size_t i = 0; i < mp_setting_count; i++) {
        char place[256];
        struct given *given = &reading->given[i];
        if (given->source == FROM_NOWHERE) {
            given->value = mp_str_of(mp_settings[i].standard);
        }
        name_place(reading, i, place, sizeof(place));
        int code =
            mp_setting_apply(reading->config, &mp_settings[i], given->value, place, reading->err);
        if (code != MP_OK) {
            return code;
        }
    }
    return MP_OK;
}

/* Settings that only make sense together. */
static int check_together(const struct mp_config *config, struct mp_error *err) {
    if ((config->tls_cert[0] == '\0') != (config->tls_key[0] == '\0')) {
        return mp_fail(err, MP_E_ARGUMENT, config->tls_key[0] ? "tls_cert" : "tls_key",
                       "tls_cert and tls_key go together: one of them is empty");
    }
    if (config->journal_segment_bytes > config->journal_max_bytes / 4) {
        return mp_fail(err, MP_E_ARGUMENT, "journal_segment_bytes",
                       "journal_segment_bytes must be at most a quarter of journal_max_bytes");
    }
    if (config->engine_listen[0] != '\0' && config->engine_password[0] == '\0') {
        return mp_fail(err, MP_E_ARGUMENT, "engine_password",
                       "engine_listen needs an engine_password");
    }
    return MP_OK;
}

int mp_config_read(struct mp_config *out, struct mp_config_input *input, struct mp_error *err) {
    struct reading reading = {.config = out, .input = input, .err = err};
    *out = (struct mp_config){0};
    mp_arena_init(&out->texts, 4096, TEXTS_BYTES_MAX);
    int code = read_arguments(&reading);
    code = code ? code : read_environment(&reading);
    code = code ? code : read_file(&reading);
    code = code ? code : apply_all(&reading);
    code = code ? code : check_together(out, err);
    if (code != MP_OK) {
        mp_config_deinit(out);
    }
    return code;
}

void mp_config_deinit(struct mp_config *config) {
    mp_arena_deinit(&config->texts);
}
