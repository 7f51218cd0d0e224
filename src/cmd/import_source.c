#include "cmd/import_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES (256u << 10)
#define BOM "\xef\xbb\xbf"
#define BOM_LEN 3

struct import_source {
    int fd;
    const char *path;
    enum import_format format;
    struct stat file;
    struct mp_str data; /* read and not taken yet */
    uint64_t offset;    /* of data in the file */
    uint64_t line;      /* where data begins */
    bool is_at_end;
    struct mp_csv csv;
    struct mp_buf raw;
    bool is_too_long; /* the row in raw is */
    uint64_t first_offset;
    uint64_t first_line;
    struct mp_buf names;
    struct mp_str columns[MP_CSV_CELLS_MAX];
    size_t column_count;
    char chunk[CHUNK_BYTES];
};

/* Reads the next bytes when none are left; at the file's end data stays empty. */
static int fill(struct import_source *source, struct mp_error *err) {
    while (source->data.len == 0 && !source->is_at_end) {
        ssize_t got = read(source->fd, source->chunk, sizeof(source->chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return mp_fail_sys(err, errno, source->path, "cannot read %s", source->path);
        }
        source->is_at_end = got == 0;
        source->data = mp_str_range(source->chunk, (size_t)got);
    }
    return MP_OK;
}

static void take(struct import_source *source, size_t len) {
    mp_buf_append(&source->raw, source->data.ptr, len);
    source->is_too_long = source->is_too_long || source->raw.failed;
    source->offset += len;
    source->data = mp_str_range(source->data.ptr + len, source->data.len - len);
}

static struct mp_str without_line_ends(struct mp_str text) {
    while (text.len > 0 && (text.ptr[0] == '\n' || text.ptr[0] == '\r')) {
        text = mp_str_range(text.ptr + 1, text.len - 1);
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

static void end_row(struct import_source *source, struct import_row *row) {
    row->end = source->offset;
    row->raw = source->is_too_long ? MP_STR("") : without_line_ends(mp_buf_str(&source->raw));
}

static int next_csv(struct import_source *source, struct import_row *row, struct mp_error *err) {
    enum mp_csv_step step = MP_CSV_MORE;
    while (step == MP_CSV_MORE) {
        int code = fill(source, err);
        if (code != MP_OK) {
            return -code;
        }
        struct mp_str rest = source->data;
        if (rest.len == 0) {
            step = mp_csv_finish(&source->csv);
            if (step == MP_CSV_MORE) {
                return 0;
            }
        } else {
            step = mp_csv_read(&source->csv, &rest);
            take(source, source->data.len - rest.len);
        }
    }
    end_row(source, row);
    row->line = source->csv.row_line;
    source->line = source->csv.line;
    row->fault = source->csv.fault;
    if (!row->fault && !mp_str_is_utf8(mp_buf_str(&source->csv.text))) {
        row->fault = "is not text in UTF-8";
    }
    return 1;
}

static int next_line(struct import_source *source, struct import_row *row, struct mp_error *err) {
    for (;;) {
        int code = fill(source, err);
        if (code != MP_OK) {
            return -code;
        }
        const char *end =
            source->data.len > 0 ? memchr(source->data.ptr, '\n', source->data.len) : NULL;
        bool is_line = end || source->data.len == 0;
        take(source, end ? (size_t)(end - source->data.ptr) + 1 : source->data.len);
        if (!is_line) {
            continue;
        }
        row->line = source->line;
        source->line += end != NULL;
        end_row(source, row);
        if (source->is_too_long || mp_str_trim(row->raw).len > 0) {
            row->fault = source->is_too_long ? "is longer than a row may be" : NULL;
            return 1;
        }
        if (!end) {
            return 0;
        }
        mp_buf_clear(&source->raw);
    }
}

int import_source_next(struct import_source *source, struct import_row *row, struct mp_error *err) {
    mp_buf_clear(&source->raw);
    source->is_too_long = false;
    return source->format == IMPORT_CSV ? next_csv(source, row, err) : next_line(source, row, err);
}

/* ---- Opening ---------------------------------------------------------------------------- */

static int read_header(struct import_source *source, struct mp_error *err) {
    struct import_row row = {0};
    int got = import_source_next(source, &row, err);
    if (got < 0) {
        return -got;
    }
    if (got == 0 || row.fault) {
        return mp_fail(err, MP_E_ARGUMENT, source->path, "%s: the header line %s", source->path,
                       got == 0 ? "is missing" : row.fault);
    }
    /* Copied: the reader's text goes with the next row, and must not move while names point. */
    mp_buf_init(&source->names, source->csv.text.len + 1);
    mp_buf_append_str(&source->names, mp_buf_str(&source->csv.text));
    mp_buf_append_byte(&source->names, 0);
    if (source->names.failed) {
        return mp_fail(err, MP_E_MEMORY, source->path, "no memory for the header line");
    }
    for (size_t i = 0; i < source->csv.count; i++) {
        size_t begin = i > 0 ? source->csv.ends[i - 1] : 0;
        struct mp_str name =
            mp_str_trim(mp_str_range(source->names.ptr + begin, source->csv.ends[i] - begin));
        if (name.len == 0) {
            return mp_fail(err, MP_E_ARGUMENT, source->path, "%s: column %zu has no name",
                           source->path, i + 1);
        }
        for (size_t j = 0; j < i; j++) {
            if (mp_str_eq(source->columns[j], name)) {
                return mp_fail(err, MP_E_ARGUMENT, source->path,
                               "%s: columns %zu and %zu have the same name", source->path, j + 1,
                               i + 1);
            }
        }
        source->columns[i] = name;
    }
    source->column_count = source->csv.count;
    return MP_OK;
}

static int open_file(struct import_source *source, struct mp_error *err) {
    bool is_stdin = strcmp(source->path, "-") == 0;
    source->fd = is_stdin ? STDIN_FILENO : open(source->path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0 && errno == ENOENT) {
        return mp_fail(err, MP_E_NOT_FOUND, source->path, "there is no file %s", source->path);
    }
    if (source->fd < 0 || fstat(source->fd, &source->file) != 0) {
        return mp_fail_sys(err, errno, source->path, "cannot open %s", source->path);
    }
    if (S_ISDIR(source->file.st_mode)) {
        return mp_fail(err, MP_E_IO, source->path, "%s is a folder", source->path);
    }
    source->path = is_stdin ? "standard input" : source->path;
    int code = fill(source, err);
    if (code == MP_OK && mp_str_starts_with(source->data, mp_str_range(BOM, BOM_LEN))) {
        source->offset = BOM_LEN;
        source->data = mp_str_range(source->data.ptr + BOM_LEN, source->data.len - BOM_LEN);
    }
    return code;
}

int import_source_open(const char *path, enum import_format format, struct import_source **out,
                       struct mp_error *err) {
    struct import_source *source = calloc(1, sizeof(*source));
    *out = NULL;
    if (!source) {
        return mp_fail(err, MP_E_MEMORY, path, "no memory for %s", path);
    }
    source->path = path;
    source->format = format;
    source->fd = -1;
    source->line = 1;
    mp_csv_init(&source->csv, IMPORT_ROW_BYTES_MAX);
    mp_buf_init(&source->raw, IMPORT_ROW_BYTES_MAX);
    int code = open_file(source, err);
    if (code == MP_OK && format == IMPORT_CSV) {
        code = read_header(source, err);
    }
    if (code != MP_OK) {
        import_source_close(source);
        return code;
    }
    source->first_offset = source->offset;
    source->first_line = source->line;
    *out = source;
    return MP_OK;
}

void import_source_close(struct import_source *source) {
    if (!source) {
        return;
    }
    if (source->fd > STDIN_FILENO) {
        close(source->fd);
    }
    mp_csv_deinit(&source->csv);
    mp_buf_deinit(&source->raw);
    mp_buf_deinit(&source->names);
    free(source);
}

int64_t import_source_size(const struct import_source *source) {
    return S_ISREG(source->file.st_mode) ? source->file.st_size : -1;
}

int64_t import_source_changed_ns(const struct import_source *source) {
    return S_ISREG(source->file.st_mode)
               ? source->file.st_mtim.tv_sec * INT64_C(1000000000) + source->file.st_mtim.tv_nsec
               : 0;
}

void import_source_position(const struct import_source *source, uint64_t *offset, uint64_t *line) {
    *offset = source->first_offset;
    *line = source->first_line;
}

uint64_t import_source_line(const struct import_source *source) {
    return source->line;
}

int import_source_seek(struct import_source *source, uint64_t offset, uint64_t line,
                       struct mp_error *err) {
    if (lseek(source->fd, (off_t)offset, SEEK_SET) < 0) {
        return mp_fail_sys(err, errno, source->path, "cannot go on in %s", source->path);
    }
    source->data.len = 0;
    source->is_at_end = false;
    source->offset = offset;
    source->line = line;
    source->csv.line = line;
    return MP_OK;
}

size_t import_source_columns(const struct import_source *source, const struct mp_str **out) {
    *out = source->columns;
    return source->column_count;
}

const struct mp_csv *import_source_cells(const struct import_source *source) {
    return &source->csv;
}
