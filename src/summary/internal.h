/* Private to summary/: files, mapped memory, users' numbers, and an app's state. */
#ifndef MP_SUMMARY_INTERNAL_H
#define MP_SUMMARY_INTERNAL_H

#include "summary/summary.h"

#include <pthread.h>

#define SUMMARY_PATH_BYTES 4096
#define SUMMARY_APP_BYTES 129
#define SUMMARY_DAY_MAX 65534

/* ---- file.c: checked files of sections ---------------------------------------------------- */

#define SUMMARY_FILE_SECTIONS_MAX 32

struct summary_file {
    void *map;
    size_t bytes;
    uint64_t token;
    int32_t day;
    struct summary_mark mark;
    struct mp_str sections[SUMMARY_FILE_SECTIONS_MAX];
};
/* Replaces dir/name; token, day and mark of *file are written. */
MP_MUST_CHECK int summary_file_write(const char *dir, const char *name,
                                     const struct summary_file *file, const struct mp_buf *sections,
                                     size_t count, struct mp_error *err);
/* MP_E_NOT_FOUND, MP_E_CORRUPT. summary_file_unmap frees. */
MP_MUST_CHECK int summary_file_map(const char *dir, const char *name, size_t count,
                                   struct summary_file *out, struct mp_error *err);
void summary_file_unmap(struct summary_file *file);

/* ---- room.c: arrays in nameless mapped files, so that the kernel may evict them ------------- */

struct summary_room {
    void *at;
    size_t bytes;
};
/* At least so many bytes; what is new is filled with that byte. MP_E_FULL or MP_E_IO leave all as
 * it was. */
MP_MUST_CHECK int summary_room_grow(struct summary_room *room, const char *dir, size_t bytes,
                                    int fill, struct mp_error *err);
void summary_room_free(struct summary_room *room);

/* ---- numbers.c: a log of hashes, a user's number is its place in it ------------------------- */

struct summary_numbers {
    int fd;
    uint64_t token; /* days that were made with other numbers have another */
    uint64_t *hashes;
    size_t mapped_bytes;
    size_t count;
    struct summary_room slots; /* open addressing: uint32_t, number + 1 */
    size_t slot_count;
};
/* Makes the log when there is none. */
MP_MUST_CHECK int summary_numbers_open(struct summary_numbers *numbers, const char *dir,
                                       struct mp_error *err);
void summary_numbers_close(struct summary_numbers *numbers);
MP_MUST_CHECK int summary_numbers_take(struct summary_numbers *numbers, const char *dir,
                                       const uint64_t *hashes, size_t count, uint32_t *out,
                                       struct mp_error *err);

/* ---- memo.c ------------------------------------------------------------------------------- */

struct summary_memo;
struct summary_memo *summary_memo_create(void);
void summary_memo_destroy(struct summary_memo *memo);
/* Forgets what depends on that day of the app. */
void summary_memo_forget(struct summary_memo *memo, const struct summary_app *app, int32_t day);

/* ---- app.c -------------------------------------------------------------------------------- */

struct summary_app {
    char id[SUMMARY_APP_BYTES];
    char dir[SUMMARY_PATH_BYTES];
    struct summary_memo *memo; /* shared by all apps */
    struct summary_app *next;
    pthread_rwlock_t lock; /* the writer changes what follows only under it */
    bool is_complete;
    struct summary_day *days;
    size_t day_count;
    size_t day_capacity;
    struct summary_numbers numbers;
    uint32_t user_bound;
    struct summary_room firsts[SUMMARY_FIRSTS]; /* uint16_t of each user */
    uint32_t *first_counts[SUMMARY_FIRSTS];     /* by day */
    struct summary_file people;
};

MP_MUST_CHECK int summary_app_open(const char *dir, const char *id, struct summary_memo *memo,
                                   struct summary_app **out, struct mp_error *err);
void summary_app_close(struct summary_app *app);
/* Maps the app's files; those that are damaged or of other numbers are deleted. */
MP_MUST_CHECK int summary_app_load(struct summary_app *app, struct mp_error *err);
/* Takes a day that was mapped in place of the one before. */
MP_MUST_CHECK int summary_app_take(struct summary_app *app, struct summary_file *file,
                                   struct mp_error *err);
void summary_app_drop(struct summary_app *app, int32_t day);
MP_MUST_CHECK int summary_app_take_people(struct summary_app *app, struct mp_error *err);

/* ---- day.c -------------------------------------------------------------------------------- */

/* The sections as a day; MP_E_CORRUPT when they do not fit together, or name a user that has no
 * number. */
MP_MUST_CHECK int summary_day_view(const struct summary_file *file, uint32_t user_bound,
                                   struct summary_day *out, struct mp_error *err);

#endif
