/* What there is to ask, for whoever draws or documents it. */
#include "report/figures.h"

#include "base/event.h"
#include "report/source_names.h"

static const char *unit_name(enum indicator_unit unit) {
    static const char *const names[] = {
        [UNIT_COUNT] = "count", [UNIT_USERS] = "users", [UNIT_SECONDS] = "seconds",
        [UNIT_PAGES] = "pages", [UNIT_YUAN] = "yuan",   [UNIT_RATIO] = "ratio"};
    return names[unit];
}

static void write_names(struct mp_json_writer *writer, const char *key, const char *zh,
                        const char *en) {
    mp_jw_key(writer, key);
    mp_jw_object_begin(writer);
    mp_jw_text_member(writer, "zh", zh);
    mp_jw_text_member(writer, "en", en);
    mp_jw_object_end(writer);
}

static void write_indicator(struct mp_json_writer *writer, const struct indicator *indicator) {
    mp_jw_object_begin(writer);
    mp_jw_text_member(writer, "id", indicator->id);
    write_names(writer, "name", indicator->name_zh, indicator->name_en);
    mp_jw_text_member(writer, "group", indicator->group);
    mp_jw_text_member(writer, "unit", unit_name(indicator->unit));
    write_names(writer, "definition", indicator->formula_zh, indicator->formula_en);
    mp_jw_text_member(writer, "report", indicator->report);
    mp_jw_text_member(writer, "grain", indicator->grain);
    mp_jw_object_end(writer);
}

/* The scenes of 10 are all that no group has, and are not listed. */
static void write_source(struct mp_json_writer *writer, const struct source_name *source) {
    mp_jw_object_begin(writer);
    mp_jw_key(writer, "key");
    mp_jw_i64(writer, source->key);
    write_names(writer, "name", source->zh, source->en);
    mp_jw_key(writer, "scenes");
    mp_jw_array_begin(writer);
    for (uint16_t scene = REPORT_SCENE_FIRST; scene <= REPORT_SCENE_LAST; scene++) {
        if (source->key != MP_SCENE_GROUP_OTHER && mp_scene_group(scene) == source->key) {
            mp_jw_i64(writer, scene);
        }
    }
    mp_jw_array_end(writer);
    mp_jw_object_end(writer);
}

void report_catalogue(struct mp_buf *out) {
    struct mp_json_writer writer;
    mp_jw_init(&writer, out);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "indicators");
    mp_jw_array_begin(&writer);
    for (size_t i = 0; i < report_indicator_count; i++) {
        write_indicator(&writer, &report_indicators[i]);
    }
    mp_jw_array_end(&writer);
    mp_jw_key(&writer, "source_groups");
    mp_jw_array_begin(&writer);
    for (size_t i = 0; i < report_source_name_count; i++) {
        write_source(&writer, &report_source_names[i]);
    }
    mp_jw_array_end(&writer);
    mp_jw_object_end(&writer);
}

/* ---- The page docs/catalogue.md ----------------------------------------------------------- */

static const char page_head[] =
    "# Catalogue of indicators\n\n"
    "<!-- Generated: `make docs`. The source is the table in src/report/indicators.c. -->\n\n"
    "What each means in full stands in [indicators.md](indicators.md), how to ask for it in "
    "[api.md](api.md). `GET /v1/catalogue` serves the same.\n\n"
    "| id | 中文 | English | unit | report | definition |\n"
    "| --- | --- | --- | --- | --- | --- |\n";

void report_catalogue_markdown(struct mp_buf *out) {
    mp_buf_append_text(out, page_head);
    for (size_t i = 0; i < report_indicator_count; i++) {
        const struct indicator *each = &report_indicators[i];
        mp_buf_printf(out, "| `%s` | %s | %s | %s | `%s` | %s |\n", each->id, each->name_zh,
                      each->name_en, unit_name(each->unit), each->report, each->formula_en);
    }
}
