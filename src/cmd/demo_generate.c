/* Day after day: who comes, their opens, all uploads of the day in the order of time. */
#include "base/clock.h"
#include "base/grow.h"
#include "cmd/demo_open.h"
#include "cmd/pour.h"

#include <stdlib.h>

#define OPENS_A_DAY_MAX 5
#define BETWEEN_OPENS_MS (3 * 60 * 1000)
#define DAY_BYTES_MAX ((size_t)4 << 30)
/* Told to the journal in pieces, so that progress moves within a busy day. */
#define PIECE_RECORDS 8192
#define FULL_WAIT_MS 60000

struct upload {
    int64_t sent_ms;
    size_t offset;
    uint32_t len;
    uint32_t events;
};

struct day_buffer {
    struct mp_buf bytes;
    struct upload *uploads;
    size_t count;
    size_t capacity;
    bool failed;
};

struct generation {
    struct journal *journal;
    const struct demo_options *options;
    const struct mp_app *app;
    struct demo_people people;
    struct day_buffer buffer;
    struct mp_buf scratch;
    struct demo_state state;
    demo_progress *progress;
    void *arg;
};

static void take_record(void *arg, int64_t sent_ms, struct mp_str record, uint32_t events) {
    struct day_buffer *buffer = arg;
    if (!mp_grow(&buffer->uploads, &buffer->capacity, buffer->count + 1,
                 sizeof(*buffer->uploads))) {
        buffer->failed = true;
        return;
    }
    buffer->uploads[buffer->count++] =
        (struct upload){sent_ms, buffer->bytes.len, (uint32_t)record.len, events};
    mp_buf_append_str(&buffer->bytes, record);
    buffer->failed |= buffer->bytes.failed;
}

static int compare_times(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* One user's day: a few opens, one after the other. */
static void live_day(struct generation *gen, uint32_t user, int32_t day) {
    struct demo_people *people = &gen->people;
    struct demo_random random = demo_random_of(people->seed + 1, user, (uint64_t)(uint32_t)day);
    struct demo_person person;
    int64_t begins[OPENS_A_DAY_MAX], free_ms = 0;
    int64_t day_ms = mp_zone_day_start_ms(gen->app->zone, people->first_day + day);
    size_t count = 1;
    demo_person_of(people, user, day, &person);
    while (count < OPENS_A_DAY_MAX && demo_chance(&random, 300000)) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        begins[i] = day_ms + demo_time_of_day(&random, demo_weekday(people, day) >= 5);
    }
    qsort(begins, count, sizeof(*begins), compare_times);
    for (size_t i = 0; i < count; i++) {
        struct demo_open open = {
            .people = people,
            .person = &person,
            .memory = &people->memory[user],
            .user = user,
            .day = day,
            .start_ms = begins[i] > free_ms ? begins[i] : free_ms,
            .now_ms = gen->options->now_ms,
            .take = take_record,
            .arg = &gen->buffer,
            .scratch = &gen->scratch,
        };
        free_ms = demo_open_run(&open, &random) + BETWEEN_OPENS_MS;
    }
}

static int compare_uploads(const void *a, const void *b) {
    const struct upload *x = a, *y = b;
    if (x->sent_ms != y->sent_ms) {
        return x->sent_ms < y->sent_ms ? -1 : 1;
    }
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool tell(void *arg) {
    struct generation *gen = arg;
    return !gen->progress || gen->progress(gen->arg, &gen->state);
}

static int append_piece(struct generation *gen, const struct upload *uploads, size_t count,
                        struct mp_error *err) {
    struct mp_str records[PIECE_RECORDS];
    uint64_t events = 0;
    for (size_t i = 0; i < count; i++) {
        records[i] = mp_str_range(gen->buffer.bytes.ptr + uploads[i].offset, uploads[i].len);
        events += uploads[i].events;
    }
    const struct pour_options options = {FULL_WAIT_MS, tell, gen};
    int code = pour(gen->journal, records, count, &options, err);
    if (code != MP_OK) {
        return code;
    }
    gen->state.events += events;
    return tell(gen) ? MP_OK : mp_fail(err, MP_E_CANCELLED, "", "stopped");
}

/* What was sent after the day's end waits for the next day's uploads. */
static void carry_over(struct day_buffer *buffer, size_t from) {
    struct mp_buf bytes = buffer->bytes;
    struct upload *late = buffer->uploads + from;
    size_t count = buffer->count - from;
    mp_buf_init(&buffer->bytes, DAY_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct upload upload = late[i];
        struct mp_str record = mp_str_range(bytes.ptr + upload.offset, upload.len);
        upload.offset = buffer->bytes.len;
        buffer->uploads[i] = upload;
        mp_buf_append_str(&buffer->bytes, record);
    }
    buffer->count = count;
    mp_buf_deinit(&bytes);
}

static int append_until(struct generation *gen, int64_t end_ms, struct mp_error *err) {
    struct day_buffer *buffer = &gen->buffer;
    size_t count = 0;
    int code = MP_OK;
    if (buffer->failed) {
        return mp_fail(err, MP_E_MEMORY, "users", "no memory for a day's events");
    }
    if (buffer->count == 0) {
        return MP_OK;
    }
    qsort(buffer->uploads, buffer->count, sizeof(*buffer->uploads), compare_uploads);
    while (count < buffer->count && buffer->uploads[count].sent_ms < end_ms) {
        count++;
    }
    for (size_t at = 0; at < count && code == MP_OK; at += PIECE_RECORDS) {
        size_t left = count - at;
        code = append_piece(gen, buffer->uploads + at, left < PIECE_RECORDS ? left : PIECE_RECORDS,
                            err);
    }
    carry_over(buffer, count);
    return code;
}

static int live(struct generation *gen, struct mp_error *err) {
    struct demo_people *people = &gen->people;
    int code = MP_OK;
    for (int32_t day = 0; day < people->days && code == MP_OK; day++) {
        for (uint32_t user = 0; user < people->arrived[day]; user++) {
            if (demo_is_active(people, user, day)) {
                live_day(gen, user, day);
            }
        }
        bool is_last = day + 1 == people->days;
        gen->state.day = people->first_day + day;
        code = append_until(
            gen, is_last ? INT64_MAX : mp_zone_day_start_ms(gen->app->zone, gen->state.day + 1),
            err);
        gen->state.days_done = day + 1;
    }
    return code == MP_OK && !tell(gen) ? mp_fail(err, MP_E_CANCELLED, "", "stopped") : code;
}

int demo_generate(struct journal *journal, const struct mp_app *app,
                  const struct demo_options *options, demo_progress *progress, void *arg,
                  struct mp_error *err) {
    struct generation gen = {
        .journal = journal,
        .options = options,
        .app = app,
        .state = {.days = options->days},
        .progress = progress,
        .arg = arg,
    };
    if (options->users < 1 || options->users > DEMO_USERS_MAX || options->days < 1 ||
        options->days > DEMO_DAYS_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "users", "users must be 1 to %d and days 1 to %d",
                       DEMO_USERS_MAX, DEMO_DAYS_MAX);
    }
    int code = demo_people_init(&gen.people, app, options, err);
    if (code != MP_OK) {
        return code;
    }
    mp_buf_init(&gen.buffer.bytes, DAY_BYTES_MAX);
    mp_buf_init(&gen.scratch, MP_RECORD_BYTES_MAX);
    code = live(&gen, err);
    mp_buf_deinit(&gen.scratch);
    mp_buf_deinit(&gen.buffer.bytes);
    free(gen.buffer.uploads);
    demo_people_deinit(&gen.people);
    return code;
}
