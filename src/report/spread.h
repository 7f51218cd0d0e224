/* Private to report/: opens and users of a range by keys: source, number of opens, dwell, depth. */
#ifndef MP_REPORT_SPREAD_H
#define MP_REPORT_SPREAD_H

#include "report/internal.h"

/* The keys of source.sql, and those of opens.sql. */
enum { SOURCE_GROUP, SOURCE_IS_SCENE, SOURCE_SCENE };
enum { OPENS_BOUND, OPENS_IS_DEPTH };

struct spread_row {
    int64_t keys[3];
    int64_t opens;
    int64_t users;
};

struct spread {
    const struct report_question *question;
    struct spread_row *rows;
    size_t count;
    size_t capacity;
    size_t key_count;
    bool has_users;        /* a column of its own */
    bool unknown_is_other; /* source: opens from an unknown scene are in MP_SCENE_GROUP_OTHER */
};

enum spread_kind { SPREAD_SOURCE, SPREAD_FREQUENCY, SPREAD_OPENS };
/* Asks for a range without cycles, from summaries or by the file of sql/, and puts the rows in the
 * order of their keys. free(spread->rows), also after an error. */
MP_MUST_CHECK int spread_ask(struct spread *spread, enum spread_kind kind, struct mp_error *err);

/* Weixin's keys and bounds: getVisitDistribution, access_staytime_info and access_depth_info. Key 0
 * of depth, opens without a page, is ours. */
struct spread_bucket {
    int64_t key;
    int64_t from;
    int64_t to; /* inclusive */
};
#define SPREAD_NO_BOUND UINT32_MAX
#define SPREAD_BUCKETS 8
extern const struct spread_bucket spread_durations[SPREAD_BUCKETS], spread_depths[SPREAD_BUCKETS];
/* The opens of a bucket, from the rows of opens.sql. */
int64_t spread_opens(const struct spread *spread, int64_t is_depth,
                     const struct spread_bucket *bucket);

#endif
