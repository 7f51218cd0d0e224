/*
 * Private to the import: the fields that a column may become. The table in import_fields.c is what
 * docs/import.md tells; what a value must be is checked by collect/, as for any event.
 */
#ifndef MP_CMD_IMPORT_FIELDS_H
#define MP_CMD_IMPORT_FIELDS_H

#include "base/str.h"

enum import_field {
    IMPORT_ID,
    IMPORT_NAME,
    IMPORT_TIME,
    IMPORT_USER,
    IMPORT_OPEN_ID,
    IMPORT_OPEN_START,
    IMPORT_PAGE,
    IMPORT_QUERY,
    IMPORT_REFERRER,
    IMPORT_TITLE,
    IMPORT_DWELL,
    IMPORT_SCENE,
    IMPORT_ELEMENT,
    IMPORT_ORDER,
    IMPORT_AMOUNT,
    IMPORT_PASSWORD_FREE,
    IMPORT_PROPS,
    IMPORT_APP_VERSION,
    IMPORT_SDK,
    IMPORT_PLATFORM,
    IMPORT_BRAND,
    IMPORT_MODEL,
    IMPORT_OS_VERSION,
    IMPORT_CLIENT_VERSION,
    IMPORT_LIBRARY_VERSION,
    IMPORT_SCREEN_WIDTH,
    IMPORT_SCREEN_HEIGHT,
    IMPORT_LANGUAGE,
    IMPORT_NETWORK,
    IMPORT_COUNTRY,
    IMPORT_PROVINCE,
    IMPORT_CITY,
    IMPORT_IP,
    IMPORT_USER_AGENT,
    IMPORT_FLAGS,
    IMPORT_DAY,
    IMPORT_SOURCE_GROUP,
    IMPORT_FIELD_COUNT
};

/* Where a field goes. */
enum import_place {
    IMPORT_TO_EVENT,   /* a member of the event */
    IMPORT_TO_OPEN,    /* of its open */
    IMPORT_TO_CONTEXT, /* of the context */
    IMPORT_TO_RECORD,  /* into the record itself: collecting has no such member */
    IMPORT_TO_REQUEST, /* what the connection would tell */
    IMPORT_TO_NOTHING, /* an export has it; made anew from other fields */
};

enum import_kind {
    IMPORT_TEXT,
    IMPORT_NUMBER,
    IMPORT_BOOL,
    IMPORT_MOMENT,
    IMPORT_OBJECT,
};

struct import_field_rule {
    const char *name;   /* of the field, and of the column that becomes it unless mapped */
    const char *member; /* in the upload's JSON */
    enum import_place place;
    enum import_kind kind;
};

extern const struct import_field_rule import_fields[IMPORT_FIELD_COUNT];

/* IMPORT_FIELD_COUNT when there is none of that name. */
enum import_field import_field_find(struct mp_str name);

#endif
