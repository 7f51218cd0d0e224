#include "journal/internal.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define CURSOR_MAGIC 0x314c4355u
#define CURSOR_BYTES_MAX (4 + 8 + 4 + JOURNAL_NOTE_MAX + 8)

static void cursor_path(char *out, size_t size, const struct journal *journal, const char *name,
                        const char *ending) {
    snprintf(out, size, "%s/%s.cursor%s", journal->dir, name, ending);
}

static int write_file(const char *path, const struct mp_buf *content, struct mp_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int code = MP_OK;
    if (fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot write a cursor");
    }
    ssize_t put = write(fd, content->ptr, content->len);
    if (put != (ssize_t)content->len || fsync(fd) != 0) {
        code = mp_fail_sys(err, put >= 0 && errno == 0 ? EIO : errno, path,
                           "cannot write a cursor");
    }
    close(fd);
    return code;
}

int journal_cursor_save(struct journal *journal, const char *name, uint64_t lsn,
                        struct mp_str note, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX], fresh[JOURNAL_PATH_MAX];
    struct mp_buf content;
    if (note.len > JOURNAL_NOTE_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, name, "a cursor's note has %zu bytes", note.len);
    }
    cursor_path(path, sizeof(path), journal, name, "");
    cursor_path(fresh, sizeof(fresh), journal, name, ".new");
    mp_buf_init(&content, CURSOR_BYTES_MAX);
    mp_buf_append_u32(&content, CURSOR_MAGIC);
    mp_buf_append_u64(&content, lsn);
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

int journal_cursor_load(struct journal *journal, const char *name, uint64_t *lsn, char *note_out,
                        size_t *note_len, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    uint8_t bytes[CURSOR_BYTES_MAX];
    cursor_path(path, sizeof(path), journal, name, "");
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
    uint64_t at = mp_read_u64(&reader);
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
    *lsn = at;
    *note_len = len;
    return MP_OK;
}
