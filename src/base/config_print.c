/* The settings for people: docs/config.md, --help, and what is in force. */
#include "base/config_table.h"

#include <stdio.h>

#define HELP_INDENT "      "

/* 67108864 → "64M", where it divides. */
static void append_bytes(struct mp_buf *out, int64_t bytes) {
    static const char suffixes[] = {'\0', 'K', 'M', 'G'};
    size_t unit = 0;
    while (unit + 1 < sizeof(suffixes) && bytes > 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    mp_buf_printf(out, "%lld", (long long)bytes);
    if (unit > 0) {
        mp_buf_append_byte(out, (uint8_t)suffixes[unit]);
    }
}

/* What may be given: "1 … 64", "debug, info", "text". */
static void append_values(struct mp_buf *out, const struct mp_setting *setting) {
    if (setting->type == MP_SETTING_NUMBER) {
        mp_buf_printf(out, "%lld … %lld", (long long)setting->min, (long long)setting->max);
    } else if (setting->type == MP_SETTING_BYTES) {
        append_bytes(out, setting->min);
        mp_buf_append_text(out, " … ");
        append_bytes(out, setting->max);
    } else if (setting->type == MP_SETTING_CHOICE) {
        struct mp_str left = mp_str_of(setting->choices);
        for (bool is_first = true; left.ptr; is_first = false) {
            mp_buf_append_text(out, is_first ? "" : ", ");
            mp_buf_append_str(out, mp_str_cut(&left, '|'));
        }
    } else {
        mp_buf_append_text(out, setting->is_secret ? "text, secret" : "text");
    }
}

void mp_config_markdown(struct mp_buf *out) {
    mp_buf_append_text(out, "| Setting | Default | Values | Meaning |\n"
                            "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < mp_setting_count; i++) {
        const struct mp_setting *setting = &mp_settings[i];
        mp_buf_printf(out, "| `%s` | ", setting->name);
        if (setting->standard[0]) {
            mp_buf_printf(out, "`%s`", setting->standard);
        }
        mp_buf_append_text(out, " | ");
        append_values(out, setting);
        mp_buf_printf(out, " | %s |\n", setting->doc);
    }
}

void mp_config_help(struct mp_buf *out, const struct mp_flag *flags, size_t flag_count) {
    for (size_t i = 0; i < flag_count; i++) {
        mp_buf_printf(out, "  --%s%s%s\n" HELP_INDENT "%s\n", flags[i].name,
                      flags[i].value_name ? " " : "",
                      flags[i].value_name ? flags[i].value_name : "", flags[i].doc);
    }
    mp_buf_printf(out,
                  "%sSettings, as flag, as MINIPULSE_NAME in the environment, or as name = value "
                  "in the file:\n",
                  flag_count > 0 ? "\n" : "");
    for (size_t i = 0; i < mp_setting_count; i++) {
        const struct mp_setting *setting = &mp_settings[i];
        char flag[MP_SETTING_NAME_MAX];
        mp_setting_flag(setting, flag);
        mp_buf_printf(out, "  %s (", flag);
        append_values(out, setting);
        mp_buf_printf(out, "%s%s)\n" HELP_INDENT "%s\n", setting->standard[0] ? "; default " : "",
                      setting->standard, setting->doc);
    }
}

static void append_choice(struct mp_buf *out, const struct mp_setting *setting, int64_t index) {
    struct mp_str left = mp_str_of(setting->choices), word = {0};
    for (int64_t i = 0; i <= index; i++) {
        word = mp_str_cut(&left, '|');
    }
    mp_buf_append_str(out, word);
}

void mp_config_show(const struct mp_config *config, struct mp_buf *out) {
    for (size_t i = 0; i < mp_setting_count; i++) {
        const struct mp_setting *setting = &mp_settings[i];
        const void *field = (const char *)config + setting->offset;
        mp_buf_printf(out, "%s = ", setting->name);
        if (setting->type == MP_SETTING_TEXT) {
            const char *text = *(const char *const *)field;
            mp_buf_append_text(out, setting->is_secret && text[0] ? "(set)" : text);
        } else if (setting->type == MP_SETTING_CHOICE) {
            append_choice(out, setting, *(const int64_t *)field);
        } else if (setting->type == MP_SETTING_BYTES) {
            append_bytes(out, *(const int64_t *)field);
        } else {
            mp_buf_printf(out, "%lld", (long long)*(const int64_t *)field);
        }
        mp_buf_append_byte(out, '\n');
    }
}
