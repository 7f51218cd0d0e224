/* Private to api/: the dashboard's files, as scripts/pack-web.mjs has packed them. */
#ifndef MP_API_WEB_FILES_H
#define MP_API_WEB_FILES_H

#include <stdint.h>

enum web_coding { WEB_PLAIN, WEB_GZIP, WEB_BROTLI, WEB_CODINGS };

struct web_file {
    const char *path;         /* "/assets/index-B1x9.js"; NULL ends the table */
    const char *content_type; /* of what is decoded */
    const char *tag[WEB_CODINGS];
    uint32_t offset[WEB_CODINGS]; /* into api_web_bytes */
    uint32_t length[WEB_CODINGS]; /* 0: not worth it in that coding */
};

extern const struct web_file api_web_files[];
extern const char api_web_bytes[];

#endif
