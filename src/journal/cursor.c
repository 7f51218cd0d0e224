/* Cursors: how far each reader came, in a small file that is replaced as a whole. */
#include "journal/internal.h"

#include "base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define CURSOR_ENDING ".cursor"
#define CURSOR_NAME_MAX 32
#define CURSOR_MAGIC 0x324c4355u
#define CURSOR_BYTES_MAX (4 + 8 + 8 + 4 + JOURNAL_NOTE_MAX + 8)

static void cursor_path(char *out, size_t size, const struct journal *journal, const char *name,
                        const char *ending) {
    snprintf(out, size, "%s/%s" CURSOR_ENDING "%s", journal->dir, name, ending);
}

static int write_file(const char *path, const struct mp_buf *content, struct mp_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot write a cursor");
    }
    errno = ENOSPC; /* what a short write means */
    ssize_t put = write(fd, content->ptr, content->len);
    int failed = put != (ssize_t)content->len || fsync(fd) != 0 ? errno : 0;
    close(fd);
    return failed ? mp_fail_sys(err, failed, path, "cannot write a cursor") : MP_OK;
}

int journal_cursor_save(struct journal *journal, const char *name, uint64_t lsn, struct mp_str note,
                        struct mp_error *err) {
    char path[JOURNAL_PATH_MAX], fresh[JOURNAL_PATH_MAX];
    struct mp_buf content;
    struct journal_stats stats;
    if (note.len > JOURNAL_NOTE_MAX || strlen(name) > CURSOR_NAME_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, name, "a cursor's name or note is too long");
    }
    cursor_path(path, sizeof(path), journal, name, "");
    cursor_path(fresh, sizeof(fresh), journal, name, ".new");
    journal_stats(journal, &stats);
    mp_buf_init(&content, CURSOR_BYTES_MAX);
    mp_buf_append_u32(&content, CURSOR_MAGIC);
    mp_buf_append_u64(&content, lsn);
    mp_buf_append_u64(&content, stats.durable_lsn);
    mp_buf_append_u32(&content, (uint32_t)note.len);
    mp_buf_append_str(&content, note);
    mp_buf_append_u64(&content, mp_checksum(content.ptr, content.len));
    int code = content.failed ? mp_fail(err, MP_E_MEMORY, name, "no memory for a cursor")
                              : write_file(fresh, &content, err);
    mp_buf_deinit(&content);
    if (code == MP_OK && rename(fresh, path) != 0) {
        code = mp_fail_sys(err, errno, path, "cannot replace a cursor");
    }
    return code == MP_OK ? directory_sync(journal->dir, err) : code;
}

struct cursor {
    uint64_t lsn;
    uint64_t durable_lsn; /* the journal's end when the cursor was saved */
};

static int read_file(const char *path, struct cursor *out, char *note_out, size_t *note_len,
                     struct mp_error *err) {
    uint8_t bytes[CURSOR_BYTES_MAX + 1]; /* one more, to see that a file is too long */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? mp_fail(err, MP_E_NOT_FOUND, path, "no cursor yet")
                               : mp_fail_sys(err, errno, path, "cannot read a cursor");
    }
    ssize_t got = read(fd, bytes, sizeof(bytes));
    close(fd);
    struct mp_reader reader;
    mp_reader_init(&reader, bytes, got > 0 ? (size_t)got : 0);
    uint32_t magic = mp_read_u32(&reader);
    struct cursor cursor = {.lsn = mp_read_u64(&reader)};
    cursor.durable_lsn = mp_read_u64(&reader);
    uint32_t len = mp_read_u32(&reader);
    if (reader.failed || magic != CURSOR_MAGIC || len > JOURNAL_NOTE_MAX ||
        mp_reader_left(&reader) != len + sizeof(uint64_t)) {
        return mp_fail(err, MP_E_CORRUPT, path, "not a cursor");
    }
    memcpy(note_out, reader.at, len);
    reader.at += len;
    if (mp_read_u64(&reader) != mp_checksum(bytes, (size_t)got - sizeof(uint64_t))) {
        return mp_fail(err, MP_E_CORRUPT, path, "the cursor's checksum is wrong");
    }
    *out = cursor;
    *note_len = len;
    return MP_OK;
}

int journal_cursor_load(struct journal *journal, const char *name, uint64_t *lsn, char *note_out,
                        size_t *note_len, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    cursor_path(path, sizeof(path), journal, name, "");
    struct cursor cursor = {0};
    int code = read_file(path, &cursor, note_out, note_len, err);
    *lsn = cursor.lsn;
    return code;
}

int cursor_highest(const struct journal *journal, uint64_t *lsn, struct mp_error *err) {
    DIR *dir = opendir(journal->dir);
    if (!dir) {
        return mp_fail_sys(err, errno, journal->dir, "cannot list the journal");
    }
    *lsn = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[JOURNAL_PATH_MAX], note[JOURNAL_NOTE_MAX];
        size_t len = strlen(entry->d_name), note_len;
        size_t ending = sizeof(CURSOR_ENDING) - 1;
        struct cursor cursor;
        if (len <= ending || len > CURSOR_NAME_MAX + ending ||
            strcmp(entry->d_name + len - ending, CURSOR_ENDING) != 0) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", journal->dir, entry->d_name);
        /* A broken one is told to its reader, who knows what to do. */
        if (read_file(path, &cursor, note, &note_len, NULL) == MP_OK) {
            *lsn = cursor.lsn > *lsn ? cursor.lsn : *lsn;
            *lsn = cursor.durable_lsn > *lsn ? cursor.durable_lsn : *lsn;
        }
    }
    closedir(dir);
    return MP_OK;
}
