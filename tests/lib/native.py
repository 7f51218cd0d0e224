"""Blocks in ClickHouse's Native format, made without any code of ours: what the server must take
whole or not at all."""

import struct

NUMBERS = {"UInt8": "B", "Int8": "b", "UInt16": "H", "Date": "H", "UInt32": "I", "UInt64": "Q",
           "Int64": "q", "Float64": "d"}


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def text(value):
    return varint(len(value)) + value


def values(kind, column):
    if kind == "String":
        return b"".join(map(text, column))
    return struct.pack(f"<{len(column)}{NUMBERS[kind]}", *column)


def block(columns):
    """columns: (name, type, values), of as many values each."""
    rows = len(columns[0][2])
    return varint(len(columns)) + varint(rows) + b"".join(
        text(name.encode()) + text(kind.encode()) + values(kind, column)
        for name, kind, column in columns)
