/* Private to cmd/: the parts of a running serve, and what api/ asks about them. */
#ifndef MP_CMD_SERVE_H
#define MP_CMD_SERVE_H

#include "api/api.h"
#include "cmd/cmd.h"
#include "cmd/feed.h"
#include "cmd/inlet.h"
#include "cmd/live_feed.h"
#include "cmd/serve_demo.h"
#include "cmd/supervise.h"
#include "collect/collect.h"
#include "http/http.h"
#include "journal/journal.h"

/* In the order in which they are opened; closed the other way round. */
struct serve {
    const struct mp_config *config;
    struct mp_apps *apps;
    struct collect_wechatpay *wechatpay;
    struct accounts *accounts;
    struct journal *journal;
    struct store *store;
    struct summaries *summaries;
    struct supervise *supervise; /* NULL with store_url */
    struct feed *feed;
    struct live *live;
    struct live_feed *live_feed;
    struct collect *collect;
    struct api *api;
    struct http_server *http;
    struct inlet *inlet;
    struct serve_demo *demo; /* NULL when nothing is to be made */
};

/* The callbacks of struct api_config; arg is the struct serve. Any thread. */
int serve_append(void *arg, struct mp_str record, void (*done)(void *arg, int result),
                 void *done_arg);
void serve_health(void *arg, struct api_health *out);
void serve_metrics(void *arg, struct mp_buf *out);

#endif
