"""store/ against a real server: literals, migrations, fail-over, time and cancelling."""

import socket
import ssl
import struct
import subprocess
import threading
import time
import uuid

import pytest

from clickhouse import free_port
from native import text, varint
from store_tool import EVENTS, StoreTool, event, place, stored

INT64_MIN = -(1 << 63)
UINT64_MAX = (1 << 64) - 1


def u64(number):
    return struct.pack("<Q", number)


# ---- Literals: what is bound comes back ----

def awkward_strings(rng):
    yield b""
    yield bytes(range(256))
    for piece in (b"'", b"\\", b"\\'", b"\0", b"\n\n", b"{a:String}", b"{?codec:x}", b"-- '",
                  b"/* ", b"*/", b"';", b"\\x00", b"\\N", b"\xff\xfe", "小程序".encode(), b"`", b'"'):
        yield piece
        yield piece * 3
        yield b"x" + piece
        yield piece + b"\\"
    alphabet = b"'\\\0\n\r\t{}x0;:-/*`\"\xe5\xb0\x8f\x80"
    for _ in range(60):
        size = rng.randrange(40)
        yield bytes(rng.choice(alphabet) for _ in range(size))
        yield rng.randbytes(size)


def test_every_string_comes_back_as_it_was_bound(tool, rng):
    values = list(awkward_strings(rng))
    sql = ("SELECT " + ", ".join(f"{{v{i}:String}}" for i in range(50)) + " FORMAT RowBinary")
    for at in range(0, len(values), 50):
        part = (values[at:at + 50] + [b""] * 50)[:50]
        answer = tool.run(sql, *[(f"v{i}", "str", value) for i, value in enumerate(part)]).ok()
        assert answer == b"".join(text(value) for value in part)


def test_arrays_come_back_with_their_type_even_when_empty(tool, rng):
    for count in (0, 1, 3, 200):
        strings = [rng.randbytes(rng.randrange(10)) for _ in range(count)]
        numbers = [rng.choice((0, 1, 255, 256, 1 << 32, UINT64_MAX, rng.getrandbits(64)))
                   for _ in range(count)]
        answer = tool.run("SELECT {s:Array(String)}, {n:Array(UInt64)},"
                          " toTypeName({s:Array(String)}), toTypeName({n:Array(UInt64)})"
                          " FORMAT RowBinary",
                          ("s", "strs", strings), ("n", "u64s", numbers)).ok()
        assert answer == (varint(count) + b"".join(map(text, strings))
                          + varint(count) + b"".join(map(u64, numbers))
                          + text(b"Array(String)") + text(b"Array(UInt64)"))


def test_numbers_and_days_come_back_to_the_bit(tool, rng):
    doubles = [struct.pack("<d", value) for value in
               (0.0, -0.0, 0.1, 1 / 3, 5e-324, 1.7976931348623157e308, float("inf"),
                float("-inf"), 2.0 ** 53 + 2, -1e-300)]
    doubles += [bytes.fromhex("000000000000f87f"), bytes.fromhex("0100000000f8ff7f")]
    doubles += [rng.randbytes(8) for _ in range(30)]
    for double in doubles:
        i64 = rng.choice((INT64_MIN, -1, 0, (1 << 63) - 1, rng.getrandbits(63)))
        number = rng.choice((0, 255, UINT64_MAX, rng.getrandbits(64)))
        day = rng.choice((0, 1, 20000, 49672, rng.randrange(49673)))
        answer = tool.run("SELECT {d:Float64}, {i:Int64}, {u:UInt64}, {day:Date} FORMAT RowBinary",
                          ("d", "f64", double), ("i", "i64", i64), ("u", "u64", number),
                          ("day", "day", day)).ok()
        assert answer == double + struct.pack("<qQH", i64, number, day)


def test_a_set_stands_behind_in_and_may_be_empty_or_long(tool):
    sql = ("SELECT countIf(number IN {n:Set(UInt64)}), countIf(number NOT IN {n:Set(UInt64)}),"
           " countIf(toString(number) IN {s:Set(String)})"
           " FROM (SELECT number FROM system.numbers LIMIT {limit:Limit}) FORMAT TabSeparated")
    for members in ([], [7], [1, 2, 3, UINT64_MAX], list(range(50000))):
        answer = tool.run(sql, ("n", "u64s", members), ("limit", "u64", 1000),
                          ("s", "strs", [str(each).encode() for each in members[:100]]),
                          read_only=len(members) != 1).ok()
        inside = len([each for each in members if each < 1000])
        strings = len([each for each in members[:100] if each < 1000])
        assert answer == f"{inside}\t{1000 - inside}\t{strings}\n".encode()


def test_blocks_are_kept_by_what_the_server_can(tool):
    answer = tool.run("SELECT '{?cte:no}' /* {?cte:} */, {?cte:1}{?!cte:0}, {?cte:{x:UInt64}}"
                      "{?!cte:{x:UInt64} + 1} FORMAT TabSeparated", ("x", "u64", 5)).ok()
    version = int(tool.ask(do="version").ok())
    assert version >= 181600
    expected = b"{?cte:no}\t1\t5\n" if version >= 201100 else b"{?cte:no}\t0\t6\n"
    assert answer == expected


# ---- Errors are values ----

def test_a_refused_statement_tells_the_engines_code_and_words(tool):
    outcome = tool.run("SELECT no_such_column FORMAT TabSeparated")
    assert (outcome.code, outcome.engine_code) == ("engine", 47)
    assert "no_such_column" in outcome.message
    assert "DB::Exception" not in outcome.message and "\n" not in outcome.message
    outcome = tool.run("SELECT 1 FROM no_such_table FORMAT TabSeparated")
    assert (outcome.code, outcome.engine_code) == ("engine", 60)


def test_a_long_message_is_cut_and_the_connection_still_works(tool):
    outcome = tool.run("SELECT " + "x" * 100000)
    assert outcome.code == "engine" and 20 < len(outcome.message) < 512
    assert tool.run("SELECT 1 FORMAT TabSeparated").ok() == b"1\n"


def test_an_error_in_the_middle_of_an_answer_is_an_error(tool):
    outcome = tool.run("SELECT number, throwIf(number = 300000) FROM system.numbers LIMIT 400000"
                       " FORMAT TabSeparated")
    assert (outcome.code, outcome.engine_code) == ("engine", 395)


def test_a_reading_statement_cannot_write(migrated):
    outcome = migrated.run("DROP TABLE users", read_only=True)
    assert (outcome.code, outcome.engine_code) == ("engine", 164)
    migrated.run("SELECT count() FROM users FORMAT TabSeparated", read_only=True).ok()


def test_wrong_bindings_are_told_before_anything_is_sent(tool):
    cases = [("SELECT {a:String}", [], "a"),
             ("SELECT 1", [("a", "str", b"x")], "a"),
             ("SELECT {a:UInt64}", [("a", "str", b"x")], "a"),
             ("SELECT {a:Blob}", [("a", "str", b"x")], "a"),
             ("SELECT {a:String}", [("a", "str", b"x"), ("a", "str", b"y")], "a"),
             ("SELECT {d:Date}", [("d", "day", -1)], "d"),
             ("SELECT {d:Date}", [("d", "day", 49673)], "d"),
             ("SELECT 1 FROM {t:Identifier}", [("t", "identifier", b"a b")], "t"),
             ("SELECT 1 FROM {t:Identifier}", [("t", "identifier", b"`")], "t"),
             ("SELECT {", [], "sql"), ("SELECT }", [], "sql"), ("SELECT '", [], "sql"),
             ("SELECT /* /* */ 1", [], "sql"), ("SELECT {?nonsense:1}", [], "sql"),
             ("SELECT {?cte:1", [], "sql")]
    for sql, bind, field in cases:
        outcome = tool.run(sql, *bind)
        assert (outcome.code, outcome.field) == ("argument", field), sql


# ---- Time and cancelling ----

SLOW = "SELECT count() FROM system.numbers WHERE sipHash64(number) = 1 FORMAT TabSeparated"


def test_a_statement_over_its_time_ends_and_is_told_so(tool):
    began = time.monotonic()
    outcome = tool.run(SLOW, timeout_ms=1000, query_id=uuid.uuid4().hex)
    assert outcome.code == "timeout", outcome
    assert time.monotonic() - began < 5
    assert tool.run("SELECT 1 FORMAT TabSeparated").ok() == b"1\n"


def test_a_cancelled_statement_returns_soon(tool):
    began = time.monotonic()
    assert tool.run(SLOW, cancel_after_ms=300, read_only=True).code == "cancelled"
    assert time.monotonic() - began < 3
    assert tool.run("SELECT 1 FORMAT TabSeparated").ok() == b"1\n"


# ---- Settling ----

def test_settle_ends_a_statement_that_still_runs(tool, store_place):
    with StoreTool(**{**store_place, "database": "default"}) as other:
        other.send(do="run", sql=SLOW.encode().hex(), query_id="still-running", timeout_ms=50000)
        time.sleep(1)  # or the question below has the id first, and the slow one is refused
        deadline = time.monotonic() + 10
        while tool.run("SELECT 1", query_id="still-running").engine_code != 216:
            assert time.monotonic() < deadline
        tool.ask(do="settle", query_id="still-running").ok()
        assert other.receive().engine_code == 394


def test_settle_returns_when_nothing_runs(tool):
    began = time.monotonic()
    tool.ask(do="settle", query_id="nobody").ok()
    assert 0.4 < time.monotonic() - began < 5


# ---- Schema ----

def test_migrations_are_applied_once(fresh):
    for _ in range(3):
        fresh.ask(do="migrate").ok()
    applied = fresh.run("SELECT number, name, count() FROM schema_migrations GROUP BY number, name"
                       " ORDER BY number FORMAT TabSeparated").ok()
    assert applied.splitlines()[0] == b"1\t0001_events\t1"
    tables = fresh.run("SELECT name FROM system.tables WHERE database = currentDatabase()"
                      " ORDER BY name FORMAT TabSeparated").ok().split()
    assert tables == [b"events", b"profiles", b"schema_migrations", b"user_days", b"users"]


def test_a_migration_that_changed_after_it_was_applied_is_refused(migrated):
    migrated.run("INSERT INTO schema_migrations (number, name, checksum)"
                 " SELECT 1, '0001_events', 1").ok()
    outcome = migrated.ask(do="migrate")
    assert (outcome.code, outcome.field) == ("argument", "schema")
    assert "0001_events" in outcome.message


def test_a_database_of_a_newer_program_is_refused(migrated):
    migrated.run("INSERT INTO schema_migrations (number, name, checksum)"
                 " SELECT 900, '0900_future', 1").ok()
    outcome = migrated.ask(do="migrate")
    assert (outcome.code, outcome.field) == ("argument", "schema")
    assert "newer" in outcome.message


# ---- Servers of their own: killed, stopped, several ----

def statements_running(server):
    rows = server.rows("SELECT query_id FROM system.processes WHERE query NOT LIKE '%system.proc%'")
    return [row[0] for row in rows]


def test_the_next_host_is_asked_when_one_is_dead(shared_clickhouse):
    hosts = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{shared_clickhouse.http_port}"]
    for order in (hosts, hosts[::-1]):
        config = place(shared_clickhouse, url="http://" + ",".join(order))
        with StoreTool(**{**config, "database": "default"}) as tool:
            tool.ask(do="ping").ok()
            assert tool.run("SELECT 1 FORMAT TabSeparated").ok() == b"1\n"


def test_nobody_listening_is_unavailable():
    with StoreTool(f"http://127.0.0.1:{free_port()}", "minipulse") as tool:
        assert tool.ask(do="ping").code == "unavailable"
        assert tool.run("SELECT 1").code == "unavailable"
        assert tool.ask(do="settle", query_id="x").code == "unavailable"


def test_a_wrong_password_is_denied(shared_clickhouse):
    config = place(shared_clickhouse, password="wrong")
    with StoreTool(**config) as tool:
        outcome = tool.run("SELECT 1")
        assert (outcome.code, outcome.engine_code) == ("denied", 193)
        assert "wrong" not in outcome.message.replace("Wrong password", "")


def test_bad_configurations_are_refused_at_once():
    for url in ("", "ftp://x", "http://", "http://u:p@host:1", "http://host:0", "http://host:70000",
                "http://a,,b", "http://host/path", "unix:relative", "unix:", "unix:/" + "x" * 200):
        with StoreTool(url, "minipulse") as tool:
            assert (tool.opened.code, tool.opened.field) == ("argument", "store_url"), url
    for field, config in (("store_database", {"database": "a b"}),
                          ("store_user", {"user": "a\r\nX: y"}),
                          ("store_password", {"user": "a", "password": "a\nb"})):
        with StoreTool(**{"url": "http://x", "database": "minipulse", **config}) as tool:
            assert (tool.opened.code, tool.opened.field) == ("argument", field)


def test_giving_up_ends_the_statement_on_the_server(clickhouse):
    with StoreTool(**place(clickhouse, "default")) as tool:
        assert tool.run(SLOW, cancel_after_ms=300, read_only=True).code == "cancelled"
        deadline = time.monotonic() + 10
        while statements_running(clickhouse) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert statements_running(clickhouse) == []


class Closer:
    """A server that answers questions, and closes without a word when it is to change something, as
    one does that dies with it. Connections are kept otherwise."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n18.16.1\n"

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.changes = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with client:
            while request := self.read(client):
                if b"SELECT" not in request:
                    self.changes.append(request)
                    return
                client.sendall(self.ANSWER)

    @staticmethod
    def read(client):
        data = b""
        while b"\r\n\r\n" not in data:
            data += (piece := client.recv(65536))
            if not piece:
                return b""
        head, body = data.split(b"\r\n\r\n", 1)
        if b"100-continue" in head:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += client.recv(65536)
        return head + body


def test_what_may_have_been_done_is_not_sent_again():
    closer = Closer()
    host = f"127.0.0.1:{closer.port}"
    with StoreTool(f"http://{host},{host}", "minipulse") as tool:
        for _ in range(3):
            tool.run("SELECT 1", read_only=True).ok()
        assert tool.run("ALTER TABLE events DELETE WHERE batch = 1").code == "unavailable"
        assert len(closer.changes) == 1
        tool.run("SELECT 1", read_only=True).ok()
        assert tool.insert("events", EVENTS, event(1, 1), 1, "once").code == "unavailable"
        assert len(closer.changes) == 2


def test_a_question_is_asked_again_elsewhere_when_its_server_dies(shared_clickhouse):
    closer = Closer()
    url = f"http://127.0.0.1:{closer.port},127.0.0.1:{shared_clickhouse.http_port}"
    with StoreTool(**place(shared_clickhouse, "default", url=url)) as tool:
        assert tool.run("SHOW DATABASES", read_only=True).code == "ok"
        assert len(closer.changes) == 1


# ---- TLS ----

@pytest.fixture
def tls_host(shared_clickhouse, tmp_path):
    """(host:port, certificate): TLS before the server, with a certificate of our own making."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve_tls, args=(listener, context, shared_clickhouse.http_port),
                     daemon=True).start()
    yield f"localhost:{listener.getsockname()[1]}", str(certificate)
    listener.close()


def serve_tls(listener, context, port):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        try:
            client = context.wrap_socket(client, server_side=True)
        except (ssl.SSLError, OSError):
            client.close()
            continue
        server = socket.create_connection(("127.0.0.1", port))
        for pair in ((client, server), (server, client)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        target.close()


def test_tls_is_trusted_only_with_its_certificate(shared_clickhouse, tls_host):
    host, certificate = tls_host
    url, database = f"https://{host}", f"tls_{uuid.uuid4().hex}"
    with StoreTool(**place(shared_clickhouse, database, url=url, ca_file=certificate)) as tool:
        tool.ask(do="migrate").ok()
        tool.insert("events", EVENTS, event(5, 1), 1, uuid.uuid4().hex).ok()
        assert stored(tool, 5) == 1
    with StoreTool(**place(shared_clickhouse, url=url)) as tool:
        outcome = tool.run("SELECT 1")
        assert outcome.code == "unavailable" and "certificate" in outcome.message.lower()
    # The certificate is for localhost, not for the address.
    other = url.replace("localhost", "127.0.0.1")
    with StoreTool(**place(shared_clickhouse, url=other, ca_file=certificate)) as tool:
        assert tool.run("SELECT 1").code == "unavailable"
