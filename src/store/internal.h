/* Private to store/. */
#ifndef MP_STORE_INTERNAL_H
#define MP_STORE_INTERNAL_H

#include "store/store.h"

#include <curl/curl.h>
#include <pthread.h>

#define STORE_HOSTS_MAX 16
#define STORE_URL_MAX 300
#define STORE_QUERY_ID_MAX 64
#define STORE_TIMEOUT_MS_DEFAULT 60000

struct store {
    bool is_unix;
    char *socket_path;                          /* is_unix */
    char hosts[STORE_HOSTS_MAX][STORE_URL_MAX]; /* "http://localhost" or "https://host:port" */
    int host_count;
    char *user;
    char *password;
    char *database;
    char *ca_file;
    int connect_timeout_ms;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t freed;
    CURL **idle;
    int idle_count;
    int connections_max;
    int connection_count;
    int preferred_host; /* the one that answered last */
    int version;        /* 0 = not asked yet */
};

/* One exchange with the engine. */
struct call {
    const char *query; /* in the URL; NULL = the body is the query */
    struct mp_str body;
    const char *query_id;
    int64_t timeout_ms;
    bool is_read_only;
    bool without_database; /* for CREATE DATABASE and what must work before it */
    bool may_fail_over;    /* safe to send to the next host when this one is not reached */
    const char *path;      /* NULL = "/" */
    const char *settings;  /* more URL parameters, "&a=1", or NULL */
    int only_host;         /* -1 = any */
    bool (*is_cancelled)(void *arg);
    void *is_cancelled_arg;
    store_on_data *on_data;
    void *on_data_arg;
    int64_t written_rows; /* out: from X-ClickHouse-Summary, -1 = not told */
};

MP_MUST_CHECK int store_call(struct store *store, struct call *call, struct mp_error *err);
/* Runs SQL text and appends its answer to out (NULL = dropped). */
MP_MUST_CHECK int store_ask(struct store *store, struct mp_str sql, bool without_database,
                            int only_host, struct mp_buf *out, struct mp_error *err);
/* Expands a statement's places; sticky errors come out here. */
MP_MUST_CHECK int statement_text(struct store_statement *statement, struct mp_buf *out,
                                 struct mp_error *err);
/* Asks for the version once; 0 or an error. */
MP_MUST_CHECK int version_learn(struct store *store, struct mp_error *err);
void make_query_id(char out[STORE_QUERY_ID_MAX]);

#endif
