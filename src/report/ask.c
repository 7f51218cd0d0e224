/* From a question to a statement: parts put in, values bound. */
#include "report/internal.h"

#include "base/embedded.h"
#include "base/event.h"

#include <assert.h>
#include <string.h>

#define SQL_BYTES_MAX (256u << 10)
#define PARTS_DEEP_MAX 8

extern const struct mp_embedded report_sql_files[];

static struct mp_str file_of(struct mp_str name) {
    char text[64];
    assert(name.len < sizeof(text));
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    const struct mp_embedded *file = mp_embedded_find(report_sql_files, text);
    assert(file);
    return mp_str_range(file->data, file->len);
}

/* Appends the text with the file in place of each {>file}. The files are ours. */
static void compose(struct mp_buf *out, struct mp_str text, int depth) {
    assert(depth < PARTS_DEEP_MAX);
    while (text.len > 0) {
        const char *at = memmem(text.ptr, text.len, "{>", 2);
        size_t before = at ? (size_t)(at - text.ptr) : text.len;
        mp_buf_append(out, text.ptr, before);
        if (!at) {
            return;
        }
        const char *end = memchr(at, '}', text.len - before);
        assert(end);
        compose(out, file_of(mp_str_range(at + 2, (size_t)(end - at - 2))), depth + 1);
        text = mp_str_range(end + 1, text.len - (size_t)(end + 1 - text.ptr));
    }
}

bool report_is_filtered(const struct report_filters *filters) {
    return filters->source_group_count > 0 || filters->platform_count > 0 ||
           filters->province_count > 0 || filters->app_version_count > 0 ||
           filters->visitor != REPORT_ALL_VISITORS;
}

/* ---- Binding ---------------------------------------------------------------------------- */

/* A statement and its text, to see which places it has. */
struct binder {
    struct store_statement *statement;
    struct mp_str sql;
};

static bool has(const struct binder *binder, const char *place) {
    return memmem(binder->sql.ptr, binder->sql.len, place, strlen(place)) != NULL;
}

static void bind_u64s(const struct binder *binder, const char *place, const char *name,
                      const uint64_t *values, size_t count) {
    if (has(binder, place)) {
        store_bind_u64s(binder->statement, name, values, count);
    }
}

static void bind_range(const struct binder *binder, const struct report_question *question) {
    const struct report_range *range = &question->range;
    struct store_statement *statement = binder->statement;
    store_bind_str(statement, "app", mp_str_of(question->app->id));
    if (has(binder, "{from:")) {
        store_bind_day(statement, "from", range->from);
    }
    if (has(binder, "{to:")) {
        store_bind_day(statement, "to", range->to);
    }
    if (has(binder, "{by:")) {
        store_bind_u64(statement, "by", (uint64_t)range->by);
    }
    if (has(binder, "{since:")) {
        int32_t since = range->from > 0 ? report_cycle_start(range->by, range->from - 1) : 0;
        store_bind_day(statement, "since", since > 0 ? since : 0);
    }
}

/* Scenes that the table of source groups knows: those of the groups asked for, and all. */
struct scenes {
    uint64_t asked[REPORT_SCENE_LAST - REPORT_SCENE_FIRST + 2];
    size_t asked_count;
    uint64_t known[REPORT_SCENE_LAST - REPORT_SCENE_FIRST + 2];
    uint64_t groups[REPORT_SCENE_LAST - REPORT_SCENE_FIRST + 2]; /* of each known one */
    size_t known_count;
    bool has_other; /* those that no group has are asked for */
};

static bool is_asked(const struct report_filters *filters, uint64_t group) {
    for (size_t i = 0; i < filters->source_group_count; i++) {
        if (filters->source_groups[i] == group) {
            return true;
        }
    }
    return false;
}

static void find_scenes(const struct report_filters *filters, struct scenes *scenes) {
    *scenes = (struct scenes){.has_other = is_asked(filters, MP_SCENE_GROUP_OTHER)};
    for (uint16_t scene = REPORT_SCENE_FIRST - 1; scene <= REPORT_SCENE_LAST; scene++) {
        uint16_t real = scene < REPORT_SCENE_FIRST ? 0 : scene; /* 0: unknown, a group of its own */
        uint8_t group = mp_scene_group(real);
        if (group == MP_SCENE_GROUP_OTHER) {
            continue;
        }
        scenes->groups[scenes->known_count] = group;
        scenes->known[scenes->known_count++] = real;
        if (is_asked(filters, group)) {
            scenes->asked[scenes->asked_count++] = real;
        }
    }
}

static void bind_scenes(const struct binder *binder, const struct report_filters *filters) {
    struct scenes scenes;
    find_scenes(filters, &scenes);
    bind_u64s(binder, "{scenes:", "scenes", scenes.asked, scenes.asked_count);
    bind_u64s(binder, "{known_scenes:", "known_scenes", scenes.known, scenes.known_count);
    bind_u64s(binder, "{all_scenes:", "all_scenes", scenes.known, scenes.known_count);
    bind_u64s(binder, "{all_groups:", "all_groups", scenes.groups, scenes.known_count);
    if (has(binder, "{has_other_scenes:")) {
        store_bind_u64(binder->statement, "has_other_scenes", scenes.has_other);
    }
}

static void bind_filters(const struct binder *binder, const struct report_filters *filters) {
    struct store_statement *statement = binder->statement;
    store_statement_flag(statement, "filtered", report_is_filtered(filters));
    store_statement_flag(statement, "by_source", filters->source_group_count > 0);
    store_statement_flag(statement, "by_platform", filters->platform_count > 0);
    store_statement_flag(statement, "by_province", filters->province_count > 0);
    store_statement_flag(statement, "by_app_version", filters->app_version_count > 0);
    store_statement_flag(statement, "by_new", filters->visitor == REPORT_NEW_VISITORS);
    store_statement_flag(statement, "by_returning", filters->visitor == REPORT_RETURNING_VISITORS);
    bind_u64s(binder, "{source_groups:", "source_groups", filters->source_groups,
              filters->source_group_count);
    bind_u64s(binder, "{platforms:", "platforms", filters->platforms, filters->platform_count);
    if (has(binder, "{provinces:")) {
        store_bind_strs(statement, "provinces", filters->provinces, filters->province_count);
    }
    if (has(binder, "{app_versions:")) {
        store_bind_strs(statement, "app_versions", filters->app_versions,
                        filters->app_version_count);
    }
    bind_scenes(binder, filters);
}

int report_statement(const struct report_question *question, const char *name,
                     struct store_statement **out, struct mp_error *err) {
    struct mp_buf sql;
    mp_buf_init(&sql, SQL_BYTES_MAX);
    *out = NULL;
    compose(&sql, file_of(mp_str_of(name)), 0);
    int code = sql.failed ? mp_fail(err, MP_E_MEMORY, name, "no memory for a question")
                          : store_statement_create(question->store, mp_buf_str(&sql), out, err);
    if (code == MP_OK) {
        struct binder binder = {*out, mp_buf_str(&sql)};
        bind_range(&binder, question);
        bind_filters(&binder, &question->filters);
    }
    mp_buf_deinit(&sql);
    return code;
}

int report_ask(const struct report_question *question, struct store_statement *statement,
               const char *columns, store_on_row *on_row, void *arg, struct mp_error *err) {
    struct store_options options = {0};
    if (question->options) {
        options = *question->options;
    }
    options.is_read_only = true;
    int code = store_run_rows(question->store, statement, &options, columns, on_row, arg, err);
    store_statement_destroy(statement);
    return code;
}
