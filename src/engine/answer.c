#include "engine/internal.h"

#include <inttypes.h>
#include <stdio.h>

#define SUMMARY_BYTES 320

void answer_exception(struct exchange *exchange) {
    char code[16];
    struct mp_buf *text = &exchange->exception;
    int number = exception_code(mp_buf_str(text));
    snprintf(code, sizeof(code), "%d", number);
    http_reply_header(exchange->request, "X-ClickHouse-Exception-Code", code);
    mp_buf_append_byte(text, '\n');
    http_reply(exchange->request, exception_status(number), "text/plain; charset=UTF-8",
               mp_buf_str(text));
}

const char *answer_content_type(const char *format) {
    static const struct {
        const char *prefix;
        const char *type;
    } types[] = {
        /* the first that fits */
        {"JSONEachRow", "application/x-ndjson; charset=UTF-8"},
        {"JSONCompactEachRow", "application/x-ndjson; charset=UTF-8"},
        {"JSONStringsEachRow", "application/x-ndjson; charset=UTF-8"},
        {"JSONLines", "application/x-ndjson; charset=UTF-8"},
        {"NDJSON", "application/x-ndjson; charset=UTF-8"},
        {"JSON", "application/json; charset=UTF-8"},
        {"CSVWithNames", "text/csv; charset=UTF-8; header=present"},
        {"CSV", "text/csv; charset=UTF-8; header=absent"},
        {"TabSeparated", "text/tab-separated-values; charset=UTF-8"},
        {"TSV", "text/tab-separated-values; charset=UTF-8"},
        {"TSKV", "text/tab-separated-values; charset=UTF-8"},
        {"RowBinary", "application/octet-stream"},
        {"Native", "application/octet-stream"},
        {"Parquet", "application/octet-stream"},
        {"Arrow", "application/octet-stream"},
        {"ORC", "application/octet-stream"},
        {"Avro", "application/octet-stream"},
        {"XML", "application/xml; charset=UTF-8"},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strncmp(format, types[i].prefix, strlen(types[i].prefix)) == 0) {
            return types[i].type;
        }
    }
    return "text/plain; charset=UTF-8";
}

bool answer_is_row_format(const char *format) {
    static const char *const names[] = {"TabSeparated",
                                        "TSV",
                                        "TabSeparatedRaw",
                                        "TSVRaw",
                                        "CSV",
                                        "TSKV",
                                        "RowBinary",
                                        "Native",
                                        "JSONEachRow",
                                        "JSONLines",
                                        "NDJSON",
                                        "JSONCompactEachRow",
                                        "JSONStringsEachRow",
                                        "LineAsString"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(format, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

void answer_summary(struct exchange *exchange, struct chdb_result *result, bool is_insert) {
    const struct chdb *chdb = exchange->chdb;
    char text[SUMMARY_BYTES];
    uint64_t written = chdb->result_rows_written(result);
    uint64_t read = is_insert ? written : chdb->result_storage_rows_read(result);
    snprintf(text, sizeof(text),
             "{\"read_rows\":\"%" PRIu64 "\",\"read_bytes\":\"%" PRIu64
             "\",\"written_rows\":\"%" PRIu64 "\",\"elapsed_ns\":\"%.0f\"}",
             read, chdb->result_storage_bytes_read(result), written,
             chdb->result_elapsed(result) * 1e9);
    http_reply_header(exchange->request, "X-ClickHouse-Summary", text);
}
