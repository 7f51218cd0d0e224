/* Who did what: for the owners of an app, and for administrators all of it. */
#include "api/internal.h"

#define LIMIT_DEFAULT 100

struct page {
    struct answer *answer;
    int64_t count;
    int64_t last_id;
};

static void put_entry(void *arg, const struct accounts_entry *entry) {
    struct page *page = arg;
    struct answer *answer = page->answer;
    page->count++;
    page->last_id = entry->id;
    mp_jw_object_begin(&answer->json);
    mp_jw_key(&answer->json, "id");
    mp_jw_i64(&answer->json, entry->id);
    answer_time(answer, "time", entry->time_ms);
    answer_text(answer, "kind", accounts_kind_name(entry->kind));
    answer_text(answer, "name", entry->name);
    answer_text(answer, "app", entry->app);
    answer_text(answer, "action", entry->action);
    answer_text(answer, "target", entry->target);
    answer_text(answer, "address", entry->address);
    mp_jw_object_end(&answer->json);
}

static int take_number(const struct http_request *request, const char *name, int64_t max,
                       int64_t *out, struct mp_error *err) {
    struct mp_str text = http_query(request, name);
    return !text.ptr || (mp_str_to_i64(text, out) && *out >= 1 && *out <= max)
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, name, "must be a whole number, 1 to %lld",
                         (long long)max);
}

static void reply_entries(struct http_request *request, struct api *api, const char *app) {
    static const char *const known[] = {"before", "limit", NULL};
    struct mp_error err = {0};
    struct answer answer;
    struct page page = {.answer = &answer};
    int64_t before = INT64_MAX, limit = LIMIT_DEFAULT;
    answer_init(&answer);
    mp_jw_key(&answer.json, "entries");
    mp_jw_array_begin(&answer.json);
    int code = check_query(request, known, &err);
    code = code ? code : take_number(request, "before", INT64_MAX, &before, &err);
    code = code ? code : take_number(request, "limit", ACCOUNTS_AUDIT_PAGE_MAX, &limit, &err);
    code = code ? code
                : accounts_audit(api->config.accounts, app, before, limit, put_entry, &page, &err);
    mp_jw_array_end(&answer.json);
    mp_jw_key(&answer.json, "next"); /* `before` of the next page */
    if (page.count == limit) {
        mp_jw_i64(&answer.json, page.last_id);
    } else {
        mp_jw_null(&answer.json);
    }
    answer_reply(&answer, request, 200, code, &err);
}

void handle_audit(struct http_request *request, struct api *api, const struct api_access *access) {
    (void)access;
    reply_entries(request, api, NULL);
}

void handle_app_audit(struct http_request *request, struct api *api,
                      const struct api_access *access) {
    reply_entries(request, api, access->app->id);
}
