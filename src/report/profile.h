/* Private to report/: the users of a range by what is known of them. */
#ifndef MP_REPORT_PROFILE_H
#define MP_REPORT_PROFILE_H

#include "report/internal.h"

/* As sql/profile.sql numbers them. */
enum profile_dimension {
    PROFILE_PROVINCE,
    PROFILE_CITY,
    PROFILE_GENDER,
    PROFILE_PLATFORM,
    PROFILE_MODEL,
    PROFILE_AGE,
    PROFILE_DIMENSIONS
};

struct profile_row {
    size_t dimension;
    char *value; /* value_len bytes */
    size_t value_len;
    int64_t new_users;
    int64_t active_users;
};

struct profile {
    struct profile_row *rows; /* by dimension, then most active users first, then by value */
    size_t count;
    size_t capacity;
};

/* Takes the question's range as days. profile begins as {0}; profile_deinit frees, also after an
 * error. */
MP_MUST_CHECK int profile_ask(struct profile *profile, const struct report_question *question,
                              struct mp_error *err);
void profile_deinit(struct profile *profile);

#endif
