/* Files of sections: a head with a checksum, a table of places, the sections, each at a multiple of
 * eight bytes. */
#include "summary/internal.h"

#include "base/file.h"
#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAGIC 0x31594144504d5553u /* "SUMPDAY1" */
#define FILE_BYTES_MAX ((size_t)8 << 30)
#define ALIGN 8u

struct head {
    uint64_t magic;
    uint64_t checksum; /* of all that follows it */
    uint64_t token;
    uint64_t rows;
    uint64_t versions;
    uint32_t day;
    uint32_t section_count;
};

struct place {
    uint64_t offset;
    uint64_t bytes;
};

static size_t aligned(size_t bytes) {
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

int summary_file_write(const char *dir, const char *name, const struct summary_file *file,
                       const struct mp_buf *sections, size_t count, struct mp_error *err) {
    static const char zeros[ALIGN];
    struct head head = {.magic = FILE_MAGIC,
                        .token = file->token,
                        .rows = file->mark.rows,
                        .versions = file->mark.versions,
                        .day = (uint32_t)file->day,
                        .section_count = (uint32_t)count};
    struct place places[SUMMARY_FILE_SECTIONS_MAX];
    struct mp_buf bytes;
    assert(count <= SUMMARY_FILE_SECTIONS_MAX);
    mp_buf_init(&bytes, FILE_BYTES_MAX);
    size_t offset = sizeof(head) + count * sizeof(places[0]);
    for (size_t i = 0; i < count; i++) {
        bytes.failed |= sections[i].failed;
        places[i] = (struct place){offset, sections[i].len};
        offset += aligned(sections[i].len);
    }
    mp_buf_append(&bytes, &head, sizeof(head));
    mp_buf_append(&bytes, places, count * sizeof(places[0]));
    for (size_t i = 0; i < count; i++) {
        if (sections[i].len > 0) {
            mp_buf_append(&bytes, sections[i].ptr, sections[i].len);
        }
        mp_buf_append(&bytes, zeros, aligned(sections[i].len) - sections[i].len);
    }
    int code = bytes.failed ? mp_fail(err, MP_E_MEMORY, name, "no memory for a summary") : MP_OK;
    if (code == MP_OK) {
        size_t from = offsetof(struct head, token);
        head.checksum = mp_checksum(bytes.ptr + from, bytes.len - from);
        memcpy(bytes.ptr, &head, sizeof(head));
        code = mp_file_replace(dir, name, mp_buf_str(&bytes), err);
    }
    mp_buf_deinit(&bytes);
    return code;
}

static bool find_sections(struct summary_file *file, const struct head *head, size_t count) {
    const struct place *places = (const struct place *)(head + 1);
    if (head->magic != FILE_MAGIC || head->section_count != count ||
        file->bytes < sizeof(*head) + count * sizeof(*places)) {
        return false;
    }
    size_t from = offsetof(struct head, token);
    if (mp_checksum((const char *)file->map + from, file->bytes - from) != head->checksum) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (places[i].offset % ALIGN != 0 || places[i].offset > file->bytes ||
            places[i].bytes > file->bytes - places[i].offset) {
            return false;
        }
        file->sections[i] =
            mp_str_range((const char *)file->map + places[i].offset, places[i].bytes);
    }
    return true;
}

int summary_file_map(const char *dir, const char *name, size_t count, struct summary_file *out,
                     struct mp_error *err) {
    char path[SUMMARY_PATH_BYTES];
    struct stat info;
    *out = (struct summary_file){0};
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? mp_fail(err, MP_E_NOT_FOUND, path, "there is no %s", path)
                               : mp_fail_sys(err, errno, path, "cannot open %s", path);
    }
    if (fstat(fd, &info) != 0 || info.st_size < (off_t)sizeof(struct head)) {
        close(fd);
        return mp_fail(err, MP_E_CORRUPT, path, "%s is too short", path);
    }
    out->bytes = (size_t)info.st_size;
    out->map = mmap(NULL, out->bytes, PROT_READ, MAP_SHARED, fd, 0);
    int sys = errno;
    close(fd);
    if (out->map == MAP_FAILED) {
        out->map = NULL;
        return mp_fail_sys(err, sys, path, "cannot map %s", path);
    }
    const struct head *head = out->map;
    if (!find_sections(out, head, count)) {
        summary_file_unmap(out);
        return mp_fail(err, MP_E_CORRUPT, path, "%s is damaged", path);
    }
    out->token = head->token;
    out->day = (int32_t)head->day;
    out->mark = (struct summary_mark){head->rows, head->versions};
    return MP_OK;
}

void summary_file_unmap(struct summary_file *file) {
    if (file->map) {
        munmap(file->map, file->bytes);
    }
    *file = (struct summary_file){0};
}
