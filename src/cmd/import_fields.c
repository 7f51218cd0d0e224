#include "cmd/import_fields.h"

#define EVENT(name, kind)                                                                          \
    { name, name, IMPORT_TO_EVENT, kind }
#define CONTEXT(name, kind)                                                                        \
    { name, name, IMPORT_TO_CONTEXT, kind }
#define OTHER(name, place, kind)                                                                   \
    { name, name, place, kind }

const struct import_field_rule import_fields[IMPORT_FIELD_COUNT] = {
    [IMPORT_ID] = EVENT("id", IMPORT_TEXT),
    [IMPORT_NAME] = EVENT("name", IMPORT_TEXT),
    [IMPORT_TIME] = EVENT("time", IMPORT_MOMENT),
    [IMPORT_USER] = EVENT("user", IMPORT_TEXT),
    [IMPORT_OPEN_ID] = {"open_id", "id", IMPORT_TO_OPEN, IMPORT_TEXT},
    [IMPORT_OPEN_START] = {"open_start", "start", IMPORT_TO_OPEN, IMPORT_MOMENT},
    [IMPORT_PAGE] = EVENT("page", IMPORT_TEXT),
    [IMPORT_QUERY] = EVENT("query", IMPORT_TEXT),
    [IMPORT_REFERRER] = EVENT("referrer", IMPORT_TEXT),
    [IMPORT_TITLE] = EVENT("title", IMPORT_TEXT),
    [IMPORT_DWELL] = EVENT("dwell_ms", IMPORT_NUMBER),
    [IMPORT_SCENE] = EVENT("scene", IMPORT_NUMBER),
    [IMPORT_ELEMENT] = EVENT("element", IMPORT_TEXT),
    [IMPORT_ORDER] = EVENT("order_id", IMPORT_TEXT),
    [IMPORT_AMOUNT] = EVENT("amount_fen", IMPORT_NUMBER),
    [IMPORT_PASSWORD_FREE] = EVENT("password_free", IMPORT_BOOL),
    [IMPORT_PROPS] = EVENT("props", IMPORT_OBJECT),
    [IMPORT_APP_VERSION] = CONTEXT("app_version", IMPORT_TEXT),
    [IMPORT_SDK] = CONTEXT("sdk", IMPORT_TEXT),
    [IMPORT_PLATFORM] = CONTEXT("platform", IMPORT_TEXT),
    [IMPORT_BRAND] = CONTEXT("brand", IMPORT_TEXT),
    [IMPORT_MODEL] = CONTEXT("model", IMPORT_TEXT),
    [IMPORT_OS_VERSION] = CONTEXT("os_version", IMPORT_TEXT),
    [IMPORT_CLIENT_VERSION] = CONTEXT("client_version", IMPORT_TEXT),
    [IMPORT_LIBRARY_VERSION] = CONTEXT("library_version", IMPORT_TEXT),
    [IMPORT_SCREEN_WIDTH] = CONTEXT("screen_width", IMPORT_NUMBER),
    [IMPORT_SCREEN_HEIGHT] = CONTEXT("screen_height", IMPORT_NUMBER),
    [IMPORT_LANGUAGE] = CONTEXT("language", IMPORT_TEXT),
    [IMPORT_NETWORK] = CONTEXT("network", IMPORT_TEXT),
    [IMPORT_COUNTRY] = OTHER("country", IMPORT_TO_RECORD, IMPORT_TEXT),
    [IMPORT_PROVINCE] = OTHER("province", IMPORT_TO_RECORD, IMPORT_TEXT),
    [IMPORT_CITY] = OTHER("city", IMPORT_TO_RECORD, IMPORT_TEXT),
    [IMPORT_IP] = OTHER("ip", IMPORT_TO_REQUEST, IMPORT_TEXT),
    [IMPORT_USER_AGENT] = OTHER("user_agent", IMPORT_TO_REQUEST, IMPORT_TEXT),
    [IMPORT_FLAGS] = OTHER("flags", IMPORT_TO_RECORD, IMPORT_NUMBER),
    [IMPORT_DAY] = OTHER("day", IMPORT_TO_NOTHING, IMPORT_TEXT),
    [IMPORT_SOURCE_GROUP] = OTHER("source_group", IMPORT_TO_NOTHING, IMPORT_NUMBER),
};

enum import_field import_field_find(struct mp_str name) {
    int field = 0;
    while (field < IMPORT_FIELD_COUNT && !mp_str_is(name, import_fields[field].name)) {
        field++;
    }
    return (enum import_field)field;
}
