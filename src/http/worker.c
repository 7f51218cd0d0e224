/* The threads of HTTP_BLOCKING routes, and the bounded queue before them. */
#include "http/internal.h"

#include <stdlib.h>

struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct http_request *first;
    struct http_request *last;
    int queued;
    int queue_max;
    bool is_stopping;
    int thread_count;
    pthread_t threads[];
};

static void *worker_main(void *arg) {
    struct workers *workers = arg;
    for (;;) {
        pthread_mutex_lock(&workers->mutex);
        while (!workers->first && !workers->is_stopping) {
            pthread_cond_wait(&workers->arrived, &workers->mutex);
        }
        struct http_request *request = workers->first;
        if (request) {
            workers->first = request->next;
            workers->queued--;
        }
        pthread_mutex_unlock(&workers->mutex);
        if (!request) {
            return NULL;
        }
        request->route->handler(request, request->route->arg);
    }
}

struct workers *workers_start(int threads, int queue_max) {
    struct workers *workers =
        calloc(1, sizeof(*workers) + (size_t)threads * sizeof(workers->threads[0]));
    if (!workers) {
        return NULL;
    }
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->arrived, NULL);
    workers->queue_max = queue_max;
    while (workers->thread_count < threads) {
        if (pthread_create(&workers->threads[workers->thread_count], NULL, worker_main, workers)) {
            workers_stop(workers);
            return NULL;
        }
        workers->thread_count++;
    }
    return workers;
}

bool workers_submit(struct workers *workers, struct http_request *request) {
    pthread_mutex_lock(&workers->mutex);
    bool has_room = workers->queued < workers->queue_max && !workers->is_stopping;
    if (has_room) {
        request->next = NULL;
        if (workers->first) {
            workers->last->next = request;
        } else {
            workers->first = request;
        }
        workers->last = request;
        workers->queued++;
        pthread_cond_signal(&workers->arrived);
    }
    pthread_mutex_unlock(&workers->mutex);
    return has_room;
}

void workers_stop(struct workers *workers) {
    if (!workers) {
        return;
    }
    pthread_mutex_lock(&workers->mutex);
    workers->is_stopping = true;
    pthread_cond_broadcast(&workers->arrived);
    pthread_mutex_unlock(&workers->mutex);
    for (int i = 0; i < workers->thread_count; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    pthread_mutex_destroy(&workers->mutex);
    pthread_cond_destroy(&workers->arrived);
    free(workers);
}
