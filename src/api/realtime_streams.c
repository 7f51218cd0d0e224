/*
 * Streams of real-time figures, as server-sent events. One thread looks once a second: each view
 * that somebody watches is computed once, made into text once, and the same bytes are pushed to all
 * who watch it. Who was too slow to take an update gets all figures anew once it has caught up.
 */
#include "api/realtime.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_MS 1000
#define KEEP_ALIVE_MS 15000
#define CHECK_MS 20000 /* how often it is asked again whether a stream's owner still may */
#define RETRY_MS 3000  /* after which a browser that was cut off comes again */
#define SCHEME_LEN 7   /* "Bearer " */

struct channel {
    struct channel *next;
    struct realtime_view view;
    struct realtime_figures figures; /* as told last */
    int streams;
    /* Of the look under way. */
    struct http_piece *news; /* NULL: nothing has changed */
    struct http_piece *whole;
};

struct stream {
    struct stream *next;
    struct channel *channel;
    struct http_feed *feed;
    bool is_token;
    char secret[ACCOUNTS_SECRET_SIZE];
    int64_t checked_ms;
    int64_t told_ms;
    bool is_behind; /* an update was not pushed: the next it gets is whole */
};

struct realtime_streams {
    struct api *api;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t stopped;
    bool is_stopping;
    struct channel *channels;
    struct stream *streams;
    int count;
    struct http_piece *keep_alive;
    struct realtime_figures *fresh; /* the look's room */
};

/* ---- Events ------------------------------------------------------------------------------ */

static void begin_event(struct mp_buf *out, const char *name, int64_t now_ms) {
    mp_buf_init(out, API_REPLY_BYTES_MAX);
    mp_buf_printf(out, "id: %lld\nevent: %s\nretry: %d\ndata: ", (long long)now_ms, name, RETRY_MS);
}

static struct http_piece *end_event(struct mp_buf *out) {
    mp_buf_append_text(out, "\n\n");
    struct http_piece *piece = out->failed ? NULL : http_piece_create(mp_buf_str(out));
    mp_buf_deinit(out);
    return piece;
}

/* NULL when the app is gone, or memory is out. */
static struct http_piece *whole_event(const struct realtime_streams *streams,
                                      const struct channel *channel) {
    struct mp_buf out;
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(streams->api->config.apps);
    const struct mp_app *app = mp_apps_by_id(snapshot, mp_str_of(channel->view.app));
    struct http_piece *piece = NULL;
    if (app) {
        begin_event(&out, "figures", channel->figures.now_ms);
        realtime_put(&out, &channel->view, mp_zone_name(app->zone), &channel->figures);
        piece = end_event(&out);
    }
    mp_apps_release(snapshot);
    return piece;
}

static struct http_piece *change_event(const struct channel *channel,
                                       const struct realtime_figures *fresh) {
    struct mp_buf out;
    begin_event(&out, "update", fresh->now_ms);
    realtime_put_changes(&out, &channel->view, &channel->figures, fresh);
    return end_event(&out);
}

/* ---- Channels ---------------------------------------------------------------------------- */

static bool is_same_view(const struct realtime_view *a, const struct realtime_view *b) {
    bool is_same = a->step == b->step && a->has_page == b->has_page &&
                   strcmp(a->app, b->app) == 0 && strcmp(a->page, b->page) == 0;
    for (int i = 0; i < LIVE_PAST_DAYS && is_same; i++) {
        is_same = a->with[i] == b->with[i];
    }
    return is_same;
}

static struct channel *channel_of(struct realtime_streams *streams,
                                  const struct realtime_view *view,
                                  const struct realtime_figures *figures) {
    struct channel *channel = streams->channels;
    while (channel && !is_same_view(&channel->view, view)) {
        channel = channel->next;
    }
    if (channel) {
        return channel;
    }
    channel = calloc(1, sizeof(*channel));
    if (channel) {
        channel->view = *view;
        channel->figures = *figures;
        channel->next = streams->channels;
        streams->channels = channel;
    }
    return channel;
}

static void drop_unwatched(struct realtime_streams *streams) {
    struct channel **at = &streams->channels;
    while (*at) {
        struct channel *channel = *at;
        http_piece_release(channel->news);
        http_piece_release(channel->whole);
        channel->news = channel->whole = NULL;
        if (channel->streams > 0) {
            at = &channel->next;
        } else {
            *at = channel->next;
            free(channel);
        }
    }
}

static int ask_anew(struct realtime_streams *streams, const struct channel *channel) {
    struct mp_error err;
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(streams->api->config.apps);
    const struct mp_app *app = mp_apps_by_id(snapshot, mp_str_of(channel->view.app));
    int code = app ? realtime_ask(streams->api, &channel->view, app, NULL, 0, streams->fresh, &err)
                   : MP_E_NOT_FOUND;
    mp_apps_release(snapshot);
    return code;
}

/* What there is to tell since the last look. While figures are not to be had, as for a moment after
 * midnight, that is nothing. */
static void look_at(struct realtime_streams *streams, struct channel *channel) {
    struct realtime_figures *fresh = streams->fresh;
    if (ask_anew(streams, channel) != MP_OK ||
        !realtime_differs(&channel->view, &channel->figures, fresh)) {
        return;
    }
    if (realtime_is_update(&channel->view, &channel->figures, fresh)) {
        channel->news = change_event(channel, fresh);
    }
    channel->figures = *fresh;
    channel->news = channel->news ? channel->news : whole_event(streams, channel);
}

/* ---- Streams ----------------------------------------------------------------------------- */

/* False once its owner may not see the app any more. Trouble with the database ends nothing. */
static bool still_may(struct realtime_streams *streams, const struct stream *stream) {
    struct accounts *accounts = streams->api->config.accounts;
    struct mp_str secret = mp_str_of(stream->secret);
    struct accounts_caller caller = {0};
    enum accounts_role role = ACCOUNTS_NONE;
    struct mp_error err;
    int code = stream->is_token ? accounts_by_token(accounts, secret, &caller, &err)
                                : accounts_by_session(accounts, secret, &caller, &err);
    code = code ? code
                : accounts_role_on(accounts, &caller, mp_str_of(stream->channel->view.app), &role,
                                   &err);
    return code == MP_OK ? role >= ACCOUNTS_VIEWER : code != MP_E_DENIED;
}

/* True unless nobody is there any more. */
static bool push(struct stream *stream, struct http_piece *piece, int64_t now_ms) {
    enum http_feed_push result = http_feed_push(stream->feed, piece);
    stream->is_behind |= result == HTTP_FEED_FULL;
    stream->told_ms = now_ms;
    return result != HTTP_FEED_OVER;
}

/* All figures, as one who is behind needs them. */
static bool push_whole(struct realtime_streams *streams, struct stream *stream, int64_t now_ms) {
    struct channel *channel = stream->channel;
    channel->whole = channel->whole ? channel->whole : whole_event(streams, channel);
    if (!channel->whole) {
        return true;
    }
    stream->is_behind = false;
    return push(stream, channel->whole, now_ms);
}

/* False when the stream is to be ended. */
static bool tell(struct realtime_streams *streams, struct stream *stream, int64_t now_ms) {
    struct channel *channel = stream->channel;
    if (now_ms - stream->checked_ms >= CHECK_MS) {
        stream->checked_ms = now_ms;
        if (!still_may(streams, stream)) {
            return false;
        }
    }
    if (http_feed_waiting(stream->feed) > 0) {
        stream->is_behind |= channel->news != NULL;
        return true;
    }
    if (stream->is_behind) {
        return push_whole(streams, stream, now_ms);
    }
    if (channel->news) {
        return push(stream, channel->news, now_ms);
    }
    return now_ms - stream->told_ms < KEEP_ALIVE_MS || push(stream, streams->keep_alive, now_ms);
}

static void end_stream(struct realtime_streams *streams, struct stream *stream) {
    stream->channel->streams--;
    streams->count--;
    http_feed_close(stream->feed);
    explicit_bzero(stream->secret, sizeof(stream->secret));
    free(stream);
}

static void look(struct realtime_streams *streams) {
    int64_t now_ms = mp_mono_ms();
    for (struct channel *channel = streams->channels; channel; channel = channel->next) {
        look_at(streams, channel);
    }
    struct stream **at = &streams->streams;
    while (*at) {
        struct stream *stream = *at;
        if (tell(streams, stream, now_ms)) {
            at = &stream->next;
        } else {
            *at = stream->next;
            end_stream(streams, stream);
        }
    }
    drop_unwatched(streams);
}

static void *run(void *arg) {
    struct realtime_streams *streams = arg;
    pthread_mutex_lock(&streams->mutex);
    while (!streams->is_stopping) {
        int64_t until_ms = mp_mono_ms() + LOOK_MS;
        struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
        pthread_cond_timedwait(&streams->stopped, &streams->mutex, &until);
        if (streams->streams && !streams->is_stopping) {
            look(streams);
        }
    }
    pthread_mutex_unlock(&streams->mutex);
    return NULL;
}

/* ---- For the route ----------------------------------------------------------------------- */

static void keep_secret(struct stream *stream, const struct http_request *request,
                        const struct api_access *access) {
    struct mp_str secret = access->secret;
    stream->is_token = access->caller.kind == ACCOUNTS_TOKEN;
    if (stream->is_token) {
        struct mp_str header = http_header(request, "Authorization");
        secret = mp_str_range(header.ptr + SCHEME_LEN, header.len - SCHEME_LEN);
    }
    /* It was let in with it, so it fits. */
    secret = mp_str_clip(secret, sizeof(stream->secret) - 1);
    memcpy(stream->secret, secret.ptr, secret.len);
}

/* Replies, and has the stream in the list if there is a feed. */
static void begin_stream(struct realtime_streams *streams, struct stream *stream,
                         struct http_request *request, struct http_piece *whole) {
    http_reply_header(request, "X-Accel-Buffering", "no"); /* a proxy must not hold events back */
    stream->feed = http_reply_feed(request, 200, "text/event-stream");
    if (!stream->feed) {
        explicit_bzero(stream->secret, sizeof(stream->secret));
        free(stream);
        return;
    }
    stream->told_ms = stream->checked_ms = mp_mono_ms();
    (void)!push(stream, whole, stream->told_ms);
    stream->next = streams->streams;
    streams->streams = stream;
    streams->count++;
    stream->channel->streams++;
}

/* False when there is no memory, and no reply yet. */
static bool add(struct realtime_streams *streams, struct http_request *request,
                const struct realtime_view *view, const struct api_access *access,
                const struct realtime_figures *figures) {
    /* Its figures are those of the last update, which the next one goes on from. */
    struct channel *channel = channel_of(streams, view, figures);
    struct http_piece *whole = channel ? whole_event(streams, channel) : NULL;
    struct stream *stream = whole ? calloc(1, sizeof(*stream)) : NULL;
    if (stream) {
        stream->channel = channel;
        keep_secret(stream, request, access);
        begin_stream(streams, stream, request, whole);
    }
    http_piece_release(whole);
    return stream != NULL;
}

void realtime_streams_add(struct realtime_streams *streams, struct http_request *request,
                          const struct realtime_view *view, const struct api_access *access,
                          const struct realtime_figures *figures) {
    struct mp_error err;
    int code = MP_OK;
    pthread_mutex_lock(&streams->mutex);
    if (streams->count >= REALTIME_STREAMS_MAX || streams->is_stopping) {
        code = mp_fail(&err, MP_E_FULL, "", "too many streams are open");
    } else if (!add(streams, request, view, access, figures)) {
        code = mp_fail(&err, MP_E_MEMORY, "", "out of memory");
    }
    pthread_mutex_unlock(&streams->mutex);
    if (code != MP_OK) {
        reply_error(request, &err);
    }
}

int realtime_streams_open(struct api *api, struct realtime_streams **out, struct mp_error *err) {
    struct realtime_streams *streams = calloc(1, sizeof(*streams));
    pthread_condattr_t monotonic;
    *out = NULL;
    if (!streams) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    streams->api = api;
    pthread_mutex_init(&streams->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&streams->stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    streams->keep_alive = http_piece_create(MP_STR(":\n\n"));
    streams->fresh = calloc(1, sizeof(*streams->fresh));
    int failed = streams->keep_alive && streams->fresh
                     ? pthread_create(&streams->thread, NULL, run, streams)
                     : ENOMEM;
    if (failed != 0) {
        http_piece_release(streams->keep_alive);
        free(streams->fresh);
        free(streams);
        return mp_fail_sys(err, failed, "", "cannot start the streams");
    }
    *out = streams;
    return MP_OK;
}

void realtime_streams_close(struct realtime_streams *streams) {
    if (!streams) {
        return;
    }
    pthread_mutex_lock(&streams->mutex);
    streams->is_stopping = true;
    pthread_cond_signal(&streams->stopped);
    pthread_mutex_unlock(&streams->mutex);
    pthread_join(streams->thread, NULL);
    while (streams->streams) {
        struct stream *stream = streams->streams;
        streams->streams = stream->next;
        end_stream(streams, stream);
    }
    drop_unwatched(streams);
    http_piece_release(streams->keep_alive);
    free(streams->fresh);
    pthread_cond_destroy(&streams->stopped);
    pthread_mutex_destroy(&streams->mutex);
    free(streams);
}
