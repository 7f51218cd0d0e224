/* A journal whose only segment holds any bytes: it must open, be read to its end without a record
 * outside its bounds, take a new record, and give exactly that one back last. Checksums are put
 * right first, or no input would get past them; the first byte 0xff leaves them alone. */
#include "base/event.h"
#include "base/log.h"
#include "journal/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES_MAX 65536
#define LAST_RECORD "the last record"

static char dir[64];
static char segment[128];

static void remove_segments(void) {
    DIR *list = opendir(dir);
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (strstr(entry->d_name, SEGMENT_ENDING)) {
            unlinkat(dirfd(list), entry->d_name, 0);
        }
    }
    closedir(list);
}

static void remove_all(void) {
    char path[128];
    remove_segments();
    snprintf(path, sizeof(path), "%s/lock", dir);
    unlink(path);
    rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    mp_log_setup(MP_LOG_ERROR + 1, false);
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(dir, sizeof(dir), "%s/minipulse-fuzz-XXXXXX", base);
    if (!mkdtemp(dir)) {
        abort();
    }
    segment_path(segment, sizeof(segment), dir, 1);
    atexit(remove_all);
    return 0;
}

static void check(bool holds) {
    if (!holds) {
        abort();
    }
}

static void fix_checksums(uint8_t *bytes, size_t size) {
    size_t at = 0;
    while (size - at > BLOCK_HEADER_BYTES) {
        struct block_header header;
        uint8_t *block = bytes + at;
        if (!block_header_decode(block, 1 + at, &header) ||
            header.stored_len > size - at - BLOCK_HEADER_BYTES) {
            at++;
            continue;
        }
        uint64_t sum = block_checksum(block, block + BLOCK_HEADER_BYTES, header.stored_len);
        for (int i = 0; i < 8; i++) {
            block[BLOCK_CHECKSUM_AT + i] = (uint8_t)(sum >> (8 * i));
        }
        at += BLOCK_HEADER_BYTES + header.stored_len;
    }
}

static void write_segment(const uint8_t *data, size_t size) {
    static uint8_t bytes[INPUT_BYTES_MAX];
    memcpy(bytes, data + 1, size - 1);
    if (data[0] != 0xff) {
        fix_checksums(bytes, size - 1);
    }
    int fd = open(segment, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    check(fd >= 0 && write(fd, bytes, size - 1) == (ssize_t)(size - 1));
    close(fd);
}

static void read_all(struct journal *journal, size_t size) {
    struct journal_reader *reader;
    struct journal_record record;
    struct mp_error err;
    uint64_t lsn = 0;
    bool is_last = false;
    check(journal_reader_open(journal, 0, &reader, &err) == MP_OK);
    for (size_t rounds = 0;; rounds++) {
        check(rounds <= 2 * size + 2);
        int got = journal_read(reader, 0, &record, &err);
        if (got == 0) {
            break;
        }
        if (got < 0) {
            check(got == -MP_E_CORRUPT);
            continue;
        }
        check(record.lsn >= lsn && record.next_lsn > record.lsn);
        lsn = record.next_lsn;
        is_last = mp_str_is(record.data, LAST_RECORD);
    }
    check(is_last);
    journal_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct journal_config config = {
        .dir = dir,
        .segment_bytes = 4096,
        .max_bytes = 1 << 20,
        .pending_bytes_max = 8u << 20,
    };
    struct journal *journal;
    struct mp_error err;
    if (size < 1 || size > INPUT_BYTES_MAX) {
        return 0;
    }
    write_segment(data, size);
    check(journal_open(&config, &journal, &err) == MP_OK);
    check(journal_append_wait(journal, MP_STR(LAST_RECORD)) == MP_OK);
    read_all(journal, size);
    journal_close(journal);
    remove_segments();
    return 0;
}
