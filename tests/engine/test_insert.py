"""Inserts of store/ against both engines: blocks of every type, whole or not at all."""

import socket
import struct
import threading
import time
import uuid

import pytest

import native
from clickhouse import QueryError
from native import text, varint
from store_tool import EVENTS, StoreTool, event, place, stored


def test_an_insert_is_whole_and_of_one_part(migrated, rng):
    rows = [event(1, seq, name=rng.randbytes(rng.randrange(60))) for seq in range(30000)]
    migrated.insert("events", EVENTS, b"".join(rows), len(rows), "first-insert").ok()
    assert stored(migrated, 1) == len(rows)
    parts = migrated.run("SELECT count(), sum(rows) FROM system.parts WHERE table = 'events'"
                         " AND database = currentDatabase() AND active FORMAT TabSeparated").ok()
    assert parts == b"1\t30000\n"


NUMBERS = {"UInt8": 1, "Int8": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "Int64": 8, "Float64": 8,
           "Date": 2}
TYPES = [*NUMBERS, "String", "LowCardinality(String)"]


def random_value(rng, kind, words):
    """As RowBinary."""
    if kind == "LowCardinality(String)":
        return text(rng.choice(words))
    if kind == "String":
        return text(rng.randbytes(rng.choice((0, 1, 5, 127, 128, 300))))
    if kind == "Date":  # day 49710 and later are days of their own on the newer engine only
        return struct.pack("<H", rng.randrange(49673))
    return rng.randbytes(NUMBERS[kind])


def random_array(rng, kind, words):
    count = rng.choice((0, 0, 1, 3))
    return varint(count) + b"".join(random_value(rng, kind, words) for _ in range(count))


@pytest.mark.parametrize("different", [1, 256, 257, 65536, 65537])
def test_values_of_every_type_come_back_as_they_were_put(fresh, rng, different):
    """So many different words: their numbers take one byte, two or four."""
    fresh.ask(do="migrate").ok()
    words = [b""] + [b"%x" % i + rng.randbytes(rng.randrange(4)) for i in range(1, different)]
    columns = ["n UInt32", "word LowCardinality(String)"]
    columns += [f"c{i} {kind}" for i, kind in enumerate(TYPES)]
    columns += [f"a{i} Array({kind})" for i, kind in enumerate(TYPES)]
    fresh.run("CREATE TABLE everything (" + ", ".join(
        column.replace("LowCardinality(String)", "{?lowcard:LowCardinality(String)}"
                       "{?!lowcard:String}") for column in columns)
              + ") ENGINE = MergeTree ORDER BY n").ok()
    rows = [struct.pack("<I", n) + text(words[n] if n < different else rng.choice(words))
            + (b"".join(random_value(rng, kind, words) for kind in TYPES)
               + b"".join(random_array(rng, kind, words) for kind in TYPES))
            for n in range(max(different, 300))]
    fresh.insert("everything", ", ".join(columns), b"".join(rows), len(rows), "everything").ok()
    assert fresh.run("SELECT * FROM everything ORDER BY n FORMAT RowBinary").ok() == b"".join(rows)


def test_arrays_may_all_be_empty(fresh):
    fresh.ask(do="migrate").ok()
    columns = "batch UInt32, str_names Array(LowCardinality(String)), str_values Array(String)"
    fresh.insert("events", columns, 3 * (struct.pack("<I", 6) + b"\0\0"), 3, "empty-arrays").ok()
    assert fresh.run("SELECT count(), sum(length(str_names)), sum(length(str_values)) FROM events"
                     " FORMAT TabSeparated").ok() == b"3\t0\t0\n"


@pytest.mark.parametrize("batch", [0x0A0A0A0A, 0x20202020, 0x09090909, 0x0D0A0D0A, 0x3B3B3B3B])
def test_values_may_be_blanks_and_line_ends(migrated, batch):
    migrated.insert("events", EVENTS, event(batch, 1) + event(batch, 2), 2, uuid.uuid4().hex).ok()
    assert stored(migrated, batch) == 2


def test_a_block_is_never_cut_by_the_servers_sizes(shared_clickhouse):
    """Whatever the server thinks a good size: or an insert would be several parts."""
    shared_clickhouse.query("CREATE TABLE uncut (n UInt64) ENGINE = MergeTree ORDER BY n")
    body = native.block([("n", "UInt64", range(30000))])
    shared_clickhouse.query("INSERT INTO uncut FORMAT Native", body, max_insert_block_size=1000,
                            min_insert_block_size_rows=1000)
    assert shared_clickhouse.rows("SELECT count(), sum(rows) FROM system.parts"
                                  " WHERE table = 'uncut'") == [["1", "30000"]]


def test_of_a_block_that_ends_early_nothing_is_inserted(shared_clickhouse, rng):
    shared_clickhouse.query("CREATE TABLE early (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    body = native.block([("n", "UInt64", range(500)), ("s", "String", [b"word"] * 500)])
    for cut in (1, 2, len(body) - 1, *(rng.randrange(1, len(body)) for _ in range(60))):
        with pytest.raises(QueryError):
            shared_clickhouse.query("INSERT INTO early FORMAT Native", body[:cut])
    assert shared_clickhouse.rows("SELECT count() FROM early") == [["0"]]
    shared_clickhouse.query("INSERT INTO early FORMAT Native", body)
    assert shared_clickhouse.rows("SELECT count() FROM early") == [["500"]]


# ---- Lost on the way ----

def test_rows_never_reach_a_server_that_stands_still(clickhouse):
    """A paused server accepts connections in its kernel and reads what lies there when it goes on:
    an insert that was given up must not be among it."""
    with StoreTool(**place(clickhouse)) as tool:
        tool.ask(do="migrate").ok()
        clickhouse.pause()
        tool.send(do="insert", table="events", columns=EVENTS, rows=event(3, 1).hex(), count=1,
                  query_id="into-the-dark")
        time.sleep(1)
        tool.process.kill()
        clickhouse.resume()
    with StoreTool(**place(clickhouse)) as tool:
        tool.ask(do="settle", query_id="into-the-dark").ok()
        time.sleep(0.5)
        assert stored(tool, 3) == 0


def test_a_server_killed_within_an_insert_leaves_all_rows_or_none(clickhouse, rng):
    with StoreTool(**place(clickhouse)) as tool:
        tool.ask(do="migrate").ok()
        for batch in range(10, 14):
            rows = b"".join(event(batch, seq) for seq in range(200000))
            tool.send(do="insert", table="events", columns=EVENTS, rows=rows.hex(), count=200000,
                      query_id=f"batch-{batch}")
            time.sleep(rng.uniform(0.02, 0.5))
            clickhouse.kill()
            outcome = tool.receive()
            assert outcome.code in ("ok", "unavailable"), outcome
            clickhouse.start()
            assert stored(tool, batch) in ((200000,) if outcome.code == "ok" else (0, 200000))


class Cutter:
    """A proxy that passes requests on but loses the end of an insert's body: the server sees the
    stream closed."""

    def __init__(self, port, bytes_max):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.bytes_max = bytes_max
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    def pass_on(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self.copy_back, args=(server, client), daemon=True).start()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = client.recv(65536)
        left = self.bytes_max if b"INSERT" in data else 1 << 30
        server.sendall(data)  # the head: the body waits for 100 Continue
        while left > 0:
            data = client.recv(65536)
            if not data:
                break
            server.sendall(data[:left])
            left -= len(data)
        server.shutdown(socket.SHUT_WR)

    @staticmethod
    def copy_back(server, client):
        while data := server.recv(65536):
            client.sendall(data)
        client.close()


def test_a_body_that_loses_its_end_on_the_way_is_not_inserted(shared_clickhouse, rng):
    """Also when all of it is lost: without its frame the server would be content with no rows."""
    database = f"cut_{uuid.uuid4().hex}"
    rows = b"".join(event(4, seq) for seq in range(5000))
    with StoreTool(**place(shared_clickhouse, database)) as tool:
        tool.ask(do="migrate").ok()
        for cut in (0, 1, 2, 3, 7, 8, *(rng.randrange(100000) for _ in range(20))):
            cutter = Cutter(shared_clickhouse.http_port, cut)
            url = f"http://127.0.0.1:{cutter.port}"
            with StoreTool(**place(shared_clickhouse, database, url=url)) as lossy:
                outcome = lossy.insert("events", EVENTS, rows, 5000, uuid.uuid4().hex)
                assert outcome.code != "ok", cut
        assert stored(tool, 4) == 0
