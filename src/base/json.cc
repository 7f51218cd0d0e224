// The C face of simdjson's DOM parser. A mp_json is the tape's document and index.
#include "base/json.h"

#include "base/buf.h"
#include "base/json_write.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <new>
#include <simdjson.h>

using simdjson::dom::element;
using simdjson::dom::element_type;

struct mp_json_parser {
    simdjson::dom::parser parser;
    char *padded;
    size_t max_bytes;
};

namespace {

// An element is two words, {document, index}; the C face carries them as they are.
static_assert(sizeof(element) <= sizeof(mp_json), "mp_json must hold an element");
static_assert(std::is_trivially_copyable<element>::value, "element is copied as bytes");

element open(mp_json value) {
    element out;
    memcpy(static_cast<void *>(&out), &value, sizeof(out));
    return out;
}

mp_json pack(element value) {
    mp_json out = {};
    memcpy(&out, static_cast<const void *>(&value), sizeof(value));
    return out;
}

} // namespace

extern "C" mp_json_parser *mp_json_parser_create(size_t max_bytes, size_t max_depth) {
    // A smaller capacity than this simdjson refuses at the first parse.
    size_t capacity = std::max<size_t>(max_bytes, simdjson::dom::MINIMAL_DOCUMENT_CAPACITY);
    auto *out =
        new (std::nothrow) mp_json_parser{simdjson::dom::parser(capacity), nullptr, max_bytes};
    if (!out) {
        return nullptr;
    }
    out->padded = static_cast<char *>(malloc(max_bytes + simdjson::SIMDJSON_PADDING));
    // The depth counts the document itself.
    if (!out->padded || out->parser.allocate(capacity, max_depth + 1) != simdjson::SUCCESS) {
        mp_json_parser_destroy(out);
        return nullptr;
    }
    return out;
}

extern "C" void mp_json_parser_destroy(mp_json_parser *parser) {
    if (parser) {
        free(parser->padded);
        delete parser;
    }
}

extern "C" int mp_json_parse(mp_json_parser *parser, mp_str text, mp_json *root, mp_error *err) {
    if (text.len > parser->max_bytes) {
        return mp_fail(err, MP_E_TOO_LARGE, "", "JSON over %zu bytes", parser->max_bytes);
    }
    if (text.len == 0) {
        return mp_fail(err, MP_E_ARGUMENT, "", "not JSON: empty");
    }
    memcpy(parser->padded, text.ptr, text.len);
    memset(parser->padded + text.len, 0, simdjson::SIMDJSON_PADDING);
    element out;
    // `false`: the buffer has its padding, do not copy again.
    auto error = parser->parser.parse(parser->padded, text.len, false).get(out);
    if (error == simdjson::DEPTH_ERROR) {
        return mp_fail(err, MP_E_ARGUMENT, "", "JSON nested too deep");
    }
    if (error) {
        return mp_fail(err, MP_E_ARGUMENT, "", "not JSON: %s", simdjson::error_message(error));
    }
    *root = pack(out);
    return MP_OK;
}

extern "C" enum mp_json_type mp_json_type(mp_json value) {
    switch (open(value).type()) {
    case element_type::ARRAY:
        return MP_JSON_ARRAY;
    case element_type::OBJECT:
        return MP_JSON_OBJECT;
    case element_type::INT64:
        return MP_JSON_INT;
    case element_type::UINT64:
        return MP_JSON_UINT;
    case element_type::DOUBLE:
        return MP_JSON_DOUBLE;
    case element_type::STRING:
        return MP_JSON_STRING;
    case element_type::BOOL:
        return MP_JSON_BOOL;
    default:
        return MP_JSON_NULL;
    }
}

extern "C" bool mp_json_bool(mp_json value, bool *out) {
    return open(value).get(*out) == simdjson::SUCCESS;
}

extern "C" bool mp_json_i64(mp_json value, int64_t *out) {
    element e = open(value);
    double number = 0;
    if (e.type() != element_type::DOUBLE) {
        return e.get(*out) == simdjson::SUCCESS;
    }
    // 2^53: beyond it a double no longer tells neighbouring integers apart.
    if (e.get(number) || std::floor(number) != number || std::fabs(number) > 9007199254740992.0) {
        return false;
    }
    *out = static_cast<int64_t>(number);
    return true;
}

extern "C" bool mp_json_f64(mp_json value, double *out) {
    return open(value).get(*out) == simdjson::SUCCESS;
}

extern "C" bool mp_json_str(mp_json value, mp_str *out) {
    std::string_view text;
    if (open(value).get(text)) {
        return false;
    }
    *out = mp_str_range(text.data(), text.size());
    return true;
}

extern "C" size_t mp_json_size(mp_json value) {
    simdjson::dom::array array;
    simdjson::dom::object object;
    if (!open(value).get(array)) {
        size_t count = 0;
        for (auto item : array) {
            (void)item;
            count++;
        }
        return count;
    }
    if (!open(value).get(object)) {
        size_t count = 0;
        for (auto item : object) {
            (void)item;
            count++;
        }
        return count;
    }
    return 0;
}

extern "C" bool mp_json_get(mp_json object, mp_str name, mp_json *out) {
    simdjson::dom::object members;
    element found;
    if (open(object).get(members) ||
        members.at_key(std::string_view(name.ptr, name.len)).get(found)) {
        return false;
    }
    *out = pack(found);
    return true;
}

extern "C" mp_str mp_json_text(mp_json object, const char *name) {
    mp_json member = {};
    mp_str text = MP_STR("");
    if (mp_json_get(object, mp_str_of(name), &member)) {
        (void)!mp_json_str(member, &text);
    }
    return text;
}

namespace {

// An iterator is two words as well, so it can rest in a mp_json_iter between calls.
template <typename Iterator> void rest(const Iterator &from, struct mp_json_iter *to) {
    static_assert(sizeof(Iterator) == sizeof(mp_json), "an iterator is {document, index}");
    static_assert(std::is_trivially_copyable<Iterator>::value, "and is copied as bytes");
    mp_json words;
    memcpy(&words, static_cast<const void *>(&from), sizeof(words));
    to->doc = words.doc;
    to->index = words.index;
}

template <typename Iterator> Iterator resume(const struct mp_json_iter *from) {
    mp_json words = {from->doc, from->index};
    Iterator out;
    memcpy(static_cast<void *>(&out), &words, sizeof(out));
    return out;
}

} // namespace

extern "C" struct mp_json_iter mp_json_iter(mp_json container) {
    struct mp_json_iter out = {};
    struct mp_json_iter end = {};
    simdjson::dom::array array;
    simdjson::dom::object object;
    if (!open(container).get(array)) {
        rest(array.begin(), &out);
        rest(array.end(), &end);
    } else if (!open(container).get(object)) {
        rest(object.begin(), &out);
        rest(object.end(), &end);
        out.is_object = true;
    }
    out.end = end.index;
    return out;
}

extern "C" bool mp_json_next(struct mp_json_iter *iter, mp_str *key, mp_json *value) {
    if (!iter->doc || iter->index >= iter->end) {
        return false;
    }
    if (key) {
        *key = mp_str_range("", 0);
    }
    if (!iter->is_object) {
        auto at = resume<simdjson::dom::array::iterator>(iter);
        *value = pack(*at);
        rest(++at, iter);
        return true;
    }
    auto at = resume<simdjson::dom::object::iterator>(iter);
    if (key) {
        std::string_view name = at.key();
        *key = mp_str_range(name.data(), name.size());
    }
    *value = pack(at.value());
    rest(++at, iter);
    return true;
}

namespace {

void dump_scalar(mp_json_writer *writer, mp_json value) {
    mp_str text;
    int64_t number;
    uint64_t large;
    double real;
    bool truth;
    if (mp_json_str(value, &text)) {
        mp_jw_str(writer, text);
    } else if (mp_json_bool(value, &truth)) {
        mp_jw_bool(writer, truth);
    } else if (mp_json_type(value) == MP_JSON_INT && mp_json_i64(value, &number)) {
        mp_jw_i64(writer, number);
    } else if (mp_json_type(value) == MP_JSON_UINT && !open(value).get(large)) {
        mp_jw_u64(writer, large);
    } else if (mp_json_f64(value, &real)) {
        mp_jw_f64(writer, real);
    } else {
        mp_jw_null(writer);
    }
}

void dump_key(mp_json_writer *writer, mp_str key) {
    mp_jw_str(writer, key);
    mp_buf_append_byte(writer->out, ':');
    writer->after_key = true;
}

} // namespace

extern "C" void mp_json_dump(mp_json value, mp_buf *out) {
    // An explicit stack: the shape of input never drives our own recursion.
    struct mp_json_iter stack[MP_JSON_WRITE_DEPTH_MAX];
    mp_json_writer writer;
    int depth = -1;
    mp_jw_init(&writer, out);
    for (;;) {
        enum mp_json_type type = mp_json_type(value);
        if (type != MP_JSON_ARRAY && type != MP_JSON_OBJECT) {
            dump_scalar(&writer, value);
        } else if (depth + 2 >= MP_JSON_WRITE_DEPTH_MAX) {
            out->failed = true;
            return;
        } else {
            stack[++depth] = mp_json_iter(value);
            type == MP_JSON_OBJECT ? mp_jw_object_begin(&writer) : mp_jw_array_begin(&writer);
        }
        mp_str key;
        while (depth >= 0 && !mp_json_next(&stack[depth], &key, &value)) {
            bool is_object = stack[depth--].is_object;
            is_object ? mp_jw_object_end(&writer) : mp_jw_array_end(&writer);
        }
        if (depth < 0) {
            return;
        }
        if (stack[depth].is_object) {
            dump_key(&writer, key);
        }
    }
}
