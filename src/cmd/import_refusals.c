#include "cmd/import_refusals.h"

#include "base/json_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_BYTES_MAX (64u << 20)

struct import_refusals {
    const char *reject_path; /* NULL = none */
    const char *path;
    int fd;
    int64_t bytes; /* in the reject file */
    uint64_t shown;
    uint64_t shown_max;
    uint64_t count;
    struct mp_buf lines; /* for the reject file */
};

int import_refusals_open(const char *reject_path, uint64_t shown_max, struct import_refusals **out,
                         struct mp_error *err) {
    struct import_refusals *refusals = calloc(1, sizeof(*refusals));
    struct stat file;
    *out = NULL;
    if (!refusals) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    refusals->reject_path = reject_path;
    refusals->shown_max = shown_max;
    refusals->fd = -1;
    mp_buf_init(&refusals->lines, LINES_BYTES_MAX);
    if (reject_path) {
        refusals->fd = open(reject_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (refusals->fd < 0 || fstat(refusals->fd, &file) != 0) {
            int code = mp_fail_sys(err, errno, reject_path, "cannot write %s", reject_path);
            import_refusals_close(refusals);
            return code;
        }
        refusals->bytes = file.st_size;
    }
    *out = refusals;
    return MP_OK;
}

void import_refusals_close(struct import_refusals *refusals) {
    if (refusals) {
        if (refusals->fd >= 0) {
            close(refusals->fd);
        }
        mp_buf_deinit(&refusals->lines);
        free(refusals);
    }
}

int import_refusals_begin(struct import_refusals *refusals, const char *path, int64_t keep_bytes,
                          struct mp_error *err) {
    refusals->path = strcmp(path, "-") == 0 ? "standard input" : path;
    refusals->count = 0;
    if (refusals->fd >= 0 && keep_bytes < refusals->bytes) {
        if (ftruncate(refusals->fd, keep_bytes) != 0) {
            return mp_fail_sys(err, errno, refusals->reject_path, "cannot write %s",
                               refusals->reject_path);
        }
        refusals->bytes = keep_bytes;
    }
    return MP_OK;
}

static void show(struct import_refusals *refusals, const struct import_row *row,
                 const struct import_fault *fault) {
    const char *field = fault->field[0] ? fault->field : "the row";
    if (refusals->shown < refusals->shown_max) {
        fprintf(stderr, "%s:%" PRIu64 ": %s %s\n", refusals->path, row->line, field, fault->reason);
    } else if (refusals->shown == refusals->shown_max) {
        fprintf(stderr, "… more rows are refused; they are only counted%s\n",
                refusals->reject_path ? " and written to the reject file"
                                      : " (--reject-file keeps them)");
    }
    refusals->shown++;
}

void import_refusals_add(void *arg, const struct import_row *row,
                         const struct import_fault *fault) {
    struct import_refusals *refusals = arg;
    struct mp_json_writer out;
    refusals->count++;
    show(refusals, row, fault);
    if (refusals->fd < 0) {
        return;
    }
    mp_jw_init(&out, &refusals->lines);
    mp_jw_object_begin(&out);
    mp_jw_key(&out, "file");
    mp_jw_text(&out, refusals->path);
    mp_jw_key(&out, "line");
    mp_jw_u64(&out, row->line);
    mp_jw_key(&out, "field");
    mp_jw_text(&out, fault->field);
    mp_jw_key(&out, "reason");
    mp_jw_text(&out, fault->reason);
    mp_jw_key(&out, "row");
    mp_jw_str(&out, row->raw);
    mp_jw_object_end(&out);
    mp_buf_append_byte(&refusals->lines, '\n');
}

uint64_t import_refusals_count(const struct import_refusals *refusals) {
    return refusals->count;
}

int import_refusals_flush(struct import_refusals *refusals, int64_t *bytes, struct mp_error *err) {
    struct mp_str left = mp_buf_str(&refusals->lines);
    if (refusals->lines.failed) {
        return mp_fail(err, MP_E_MEMORY, "reject-file", "no memory for refused rows");
    }
    while (left.len > 0) {
        ssize_t written = write(refusals->fd, left.ptr, left.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return mp_fail_sys(err, errno, refusals->reject_path, "cannot write %s",
                               refusals->reject_path);
        }
        refusals->bytes += written;
        left = mp_str_range(left.ptr + written, left.len - (size_t)written);
    }
    mp_buf_clear(&refusals->lines);
    *bytes = refusals->bytes;
    return MP_OK;
}
