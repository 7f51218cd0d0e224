/* Private to base/: the table of settings, and how one value becomes a field. */
#ifndef MP_BASE_CONFIG_TABLE_H
#define MP_BASE_CONFIG_TABLE_H

#include "base/config.h"

#define MP_SETTING_NAME_MAX 40 /* with prefix and NUL */
#define MP_SETTINGS_MAX 64     /* rows of the table at most */

enum mp_setting_type {
    MP_SETTING_TEXT,
    MP_SETTING_NUMBER, /* whole, min … max */
    MP_SETTING_BYTES,  /* the same; takes the suffixes K, M and G */
    MP_SETTING_CHOICE, /* one of the words of choices, kept as its index */
};

/* A rule for texts beyond being UTF-8 on one line. */
enum mp_setting_rule { MP_RULE_NONE, MP_RULE_FILLED, MP_RULE_ZONE, MP_RULE_IDENTIFIER };

struct mp_setting {
    const char *name;
    enum mp_setting_type type;
    size_t offset;        /* of its field in struct mp_config */
    const char *standard; /* the default, written as a user would */
    int64_t min;
    int64_t max;
    const char *choices; /* "debug|info|warn|error" */
    enum mp_setting_rule rule;
    bool is_secret;   /* never printed, not in errors either */
    bool not_in_file; /* the file cannot name itself */
    const char *doc;  /* one sentence, with the unit */
};

extern const struct mp_setting mp_settings[];
extern const size_t mp_setting_count;

/* Checks value and puts it into its field. place says where it came from, for the error. */
MP_MUST_CHECK int mp_setting_apply(struct mp_config *config, const struct mp_setting *setting,
                                   struct mp_str value, const char *place, struct mp_error *err);
/* The setting of that name, or NULL. */
const struct mp_setting *mp_setting_find(struct mp_str name);
/* "http_threads" → "--http-threads" or "MINIPULSE_HTTP_THREADS". */
void mp_setting_flag(const struct mp_setting *setting, char out[MP_SETTING_NAME_MAX]);
void mp_setting_variable(const struct mp_setting *setting, char out[MP_SETTING_NAME_MAX]);
/* Edits (insert, delete, replace) between two names of which one may be long and hostile. */
size_t mp_name_distance(struct mp_str a, struct mp_str b);

#endif
