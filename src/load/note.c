#include "load/note.h"

#include "base/buf.h"

#define NOTE_VERSION 1

size_t load_note_encode(const struct load_note *note, char out[LOAD_NOTE_BYTES]) {
    struct mp_buf buf = {.ptr = out, .capacity = LOAD_NOTE_BYTES, .max = LOAD_NOTE_BYTES};
    mp_buf_append_byte(&buf, NOTE_VERSION);
    mp_buf_append_byte(&buf, note->is_intent);
    mp_buf_append_u32(&buf, note->batch);
    mp_buf_append_u64(&buf, note->token);
    mp_buf_append_u64(&buf, note->end_lsn);
    mp_buf_append_u32(&buf, note->rolled_up);
    mp_buf_append_u32(&buf, (uint32_t)note->touched_min);
    mp_buf_append_u32(&buf, (uint32_t)note->touched_max);
    return buf.len;
}

int load_note_decode(struct mp_str bytes, struct load_note *out) {
    struct mp_reader reader;
    mp_reader_init(&reader, bytes.ptr, bytes.len);
    uint8_t version = mp_read_byte(&reader);
    out->is_intent = mp_read_byte(&reader) != 0;
    out->batch = mp_read_u32(&reader);
    out->token = mp_read_u64(&reader);
    out->end_lsn = mp_read_u64(&reader);
    out->rolled_up = mp_read_u32(&reader);
    out->touched_min = (int32_t)mp_read_u32(&reader);
    out->touched_max = (int32_t)mp_read_u32(&reader);
    bool is_whole = !reader.failed && version == NOTE_VERSION && mp_reader_left(&reader) == 0;
    return is_whole ? MP_OK : MP_E_CORRUPT;
}
