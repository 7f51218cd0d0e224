"""engine/ through its HTTP: statements, formats, settings, inserts, cancelling, its end."""

import contextlib
import itertools
import os
import re
import signal
import struct
import threading
import time

import pytest

import native
from embedded import Embedded
from engine_http import EngineHttp

NAMES = itertools.count()
ROW_FORMATS = ["TabSeparated", "CSV", "JSONEachRow", "RowBinary", "JSONCompactEachRow", "TSKV"]
FRAMED_FORMATS = ["JSON", "JSONCompact", "CSVWithNames", "TabSeparatedWithNamesAndTypes", "XML",
                  "RowBinaryWithNamesAndTypes", "Values", "PrettyCompact", "Vertical"]
MANY = 200_000  # rows: more than one block
ENDLESS = "SELECT sum(sipHash64(number)) FROM numbers(100000000000)"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Embedded(tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.fixture
def http(engine):
    return EngineHttp(engine.socket_path)


@pytest.fixture
def table(http):
    """(day Date, n UInt64, s String), a partition a month."""
    name = f"t{next(NAMES)}"
    http.query(f"CREATE TABLE {name} (day Date, n UInt64, s String) ENGINE = MergeTree "
               "PARTITION BY toYYYYMM(day) ORDER BY n "
               "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1")
    return name


def rows(count, text=b"some words\n\n here", day=20000):
    tail = struct.pack("<B", len(text)) + text
    return b"".join(struct.pack("<HQ", day, n) + tail for n in range(count))


def block(count, words=b"some words\n\n here", day=20000):
    """The same in Native."""
    return native.block([("day", "Date", [day] * count), ("n", "UInt64", range(count)),
                         ("s", "String", [words] * count)])


INSERTS = pytest.mark.parametrize("form, make", [("RowBinary", rows), ("Native", block)])


def count(http, table):
    return int(http.query(f"SELECT count() FROM {table}"))


def processes(http):
    return http.query("SELECT query FROM system.processes WHERE query NOT LIKE '%processes%'")


def wait_idle(http, seconds=5):
    """Seconds until nothing runs any more."""
    began = time.monotonic()
    while processes(http):
        assert time.monotonic() < began + seconds, processes(http)
        time.sleep(0.02)
    return time.monotonic() - began


# ---- statements ----

def test_ping_answers_ok(http):
    connection = http.connect()
    connection.request("GET", "/ping")
    assert connection.getresponse().read() == b"Ok.\n"


def test_the_statement_may_stand_in_the_url_the_body_or_both(http):
    assert http.ask(method="GET", query="SELECT 1").text == "1\n"
    assert http.ask("SELECT 2").text == "2\n"
    assert http.ask("+ 4", query="SELECT 3").text == "7\n"


def test_an_empty_statement_is_a_syntax_error(http):
    assert http.refused("") == 62
    assert http.refused(" \n -- nothing") == 62


@pytest.mark.parametrize("sql, status, code", [
    ("SELECT * FROM nosuch", 404, 60),
    ("SELEC 1", 400, 62),
    ("SELECT nosuch()", 404, 46),
    ("SELECT 1 FORMAT NoSuch", 404, 73),
    ("SELECT throwIf(1)", 500, 395),
    ("SELECT 1; SELECT 2", 400, 62),
    ("CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a; DROP TABLE x", 400, 62),
    ("SELECT 1 INTO OUTFILE '/tmp/never'", 501, 48),
    ("INSERT INTO x FROM INFILE '/etc/passwd' FORMAT CSV", 501, 48),
])
def test_an_exception_bears_the_code_and_status_of_clickhouse(http, sql, status, code):
    reply = http.ask(sql)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert reply.text.startswith(f"Code: {code}. DB::Exception: ")


def test_what_chdb_cannot_stream_is_answered_too(http, table):
    assert table in http.query("SHOW TABLES").split()
    assert http.query(f"EXISTS TABLE {table}") == "1\n"
    assert http.query(f"DESCRIBE {table}").startswith("day\tDate")
    assert "ReadFromSystemOne" in http.query("EXPLAIN SELECT 1")
    assert http.query(f"OPTIMIZE TABLE {table} FINAL") == ""


@pytest.mark.parametrize("format_name", ROW_FORMATS + FRAMED_FORMATS)
def test_an_answer_of_many_blocks_is_one_whole_document(http, format_name):
    """chDB makes a head and foot for each piece of a streamed answer."""
    sql = f"SELECT number, toString(number) AS s FROM numbers({MANY})"
    whole = http.ask(sql, default_format=format_name, wait_end_of_query=1,
                     output_format_write_statistics=0).body
    streamed = http.ask(sql, default_format=format_name, output_format_write_statistics=0).body
    one_block = http.ask(sql, default_format=format_name, max_block_size=MANY * 2,
                         output_format_write_statistics=0).body
    assert streamed == whole
    if not format_name.startswith("Pretty"):  # which frames each block by itself
        assert streamed == one_block


def test_an_answer_kept_until_it_is_whole_may_be_larger_than_memory_kept_for_it(http):
    reply = http.ask("SELECT number FROM numbers(3000000)", wait_end_of_query=1)
    assert reply.body.count(b"\n") == 3_000_000 and len(reply.body) > 16 << 20


def test_totals_and_extremes_are_there_once(http):
    answer = http.query("SELECT number % 3 AS k, count() FROM numbers(9) GROUP BY k WITH TOTALS "
                        "ORDER BY k FORMAT CSVWithNames")
    assert answer == '"k","count()"\n0,3\n1,3\n2,3\n\n0,9\n'


def test_the_headers_tell_format_and_what_was_read(http):
    reply = http.ask("SELECT number FROM numbers(10) FORMAT JSON", query_id="it's me")
    assert reply.headers["X-ClickHouse-Format"] == "JSON"
    assert reply.headers["X-ClickHouse-Query-Id"] == "it's me"
    assert reply.headers["Content-Type"].startswith("application/json")
    assert '"read_rows":"10"' in reply.headers["X-ClickHouse-Summary"]


def test_an_error_in_the_middle_of_a_stream_breaks_the_answer_off(http):
    sql = "SELECT throwIf(number = 3000000), number FROM numbers(10000000)"
    with pytest.raises(Exception, match="IncompleteRead"):
        http.ask(sql)
    reply = http.ask(sql, wait_end_of_query=1)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


def test_a_failed_answer_leaves_nothing_to_the_next(http):
    """On one and the same connection chDB would give the next statement the failed one's rows."""
    for _ in range(3):
        assert http.refused("SELECT throwIf(number = 500000) FROM numbers(1000000) "
                            "FORMAT JSON") == 395
        assert http.query("SELECT 1") == "1\n"


# ---- settings ----

def test_settings_of_the_url_hold_for_that_request_only(http):
    ask = "SELECT getSetting('max_block_size'), getSetting('count_distinct_implementation')"
    standard = http.query(ask)
    changed = http.query(ask, max_block_size=77, count_distinct_implementation="uniq")
    assert changed == "77\tuniq\n" and standard != changed
    assert http.query(ask) == standard


def test_nothing_that_a_statement_sets_outlives_it(http):
    http.query("SET max_block_size = 123")
    http.query("CREATE DATABASE IF NOT EXISTS other")
    http.query("USE other")
    http.query("CREATE TEMPORARY TABLE gone (a Int8)")
    assert http.query("SELECT getSetting('max_block_size') = 123") == "0\n"
    assert http.query("SELECT currentDatabase()") == "default\n"
    assert http.refused("SELECT * FROM gone") == 60


@pytest.mark.parametrize("value", ["it's", "back\\slash", "a', max_threads = '7", "行", ""])
def test_any_text_is_only_a_value(http, value):
    reply = http.ask("SELECT {x:String}, getSetting('max_threads') = 7 FORMAT JSONCompactEachRow",
                     param_x=value.replace("\\", "\\\\"))
    assert reply.text == '["%s", 0]\n' % value.replace("\\", "\\\\")


def test_settings_that_are_none_are_refused(http):
    assert http.refused("SELECT 1", no_such_setting=1) == 115
    assert http.refused("SELECT 1", **{"max_threads = 1, readonly": 0}) == 115
    assert http.refused("SELECT 1", max_threads="many") == 27
    assert http.refused("SELECT 1", compress=1) == 48
    assert http.refused("SELECT 1", database="nosuch") == 81
    assert http.refused("SELECT 1", database="a`; DROP") == 81


def test_the_database_of_the_request_holds(http):
    http.query("CREATE DATABASE IF NOT EXISTS other")
    http.query("CREATE TABLE IF NOT EXISTS there (a Int8) ENGINE = MergeTree ORDER BY a",
               database="other")
    http.ask("1\n2\n", query="INSERT INTO there FORMAT CSV", database="other")
    assert http.query("SELECT sum(a) FROM there", database="other") == "3\n"
    assert http.ask("SELECT sum(a) FROM there",
                    headers={"X-ClickHouse-Database": "other"}).text == "3\n"
    http.query("DROP TABLE other.there")


def test_a_get_and_readonly_change_nothing(http, table):
    for sql in (f"INSERT INTO {table} VALUES ('2026-01-01', 1, '')", f"DROP TABLE {table}",
                f"INSERT INTO {table} SELECT '2026-01-01', 1, ''"):
        assert int(http.ask(method="GET", query=sql).headers["X-ClickHouse-Exception-Code"]) == 164
        assert http.refused(sql, readonly=1) == 164
        assert http.refused(sql, readonly=2) == 164
    assert count(http, table) == 0


def test_a_query_ends_when_its_time_is_up(http):
    began = time.monotonic()
    reply = http.ask(ENDLESS, max_execution_time=1)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (408, "159")
    assert 0.9 < time.monotonic() - began < 3


# ---- inserts ----

@pytest.mark.parametrize("data", [
    b"INSERT INTO {t} FORMAT CSV\n2026-01-01,1,a\n2026-01-01,2,b\n",
    b"INSERT INTO {t} FORMAT CSV 2026-01-01,1,a\n2026-01-01,2,b\n",
    b"insert into table {t} (day, n, s) values ('2026-01-01', 1, 'a'), ('2026-01-01', 1+1, 'b');",
    b"-- FORMAT x\nINSERT /* VALUES ' */ INTO `{t}` SETTINGS max_threads = 1 FORMAT JSONEachRow\n"
    b'{"day":"2026-01-01","n":1,"s":"a"}\n\n\n{"day":"2026-01-01","n":2,"s":"b"}',
    b"INSERT INTO {t} SELECT '2026-01-01', number + 1, ['a', 'b'][number + 1] FROM numbers(2)",
    b"WITH 1 AS one INSERT INTO {t} SELECT '2026-01-01', number + one, char(97 + number) "
    b"FROM numbers(2)",
])
def test_an_insert_and_its_rows_may_stand_in_one_body(http, table, data):
    reply = http.ask(data.replace(b"{t}", table.encode()))
    assert reply.status == 200, reply.text
    assert http.query(f"SELECT n, s FROM {table} ORDER BY n") == "1\ta\n2\tb\n"


@INSERTS
def test_rows_of_bytes_that_look_like_text_arrive_as_they_are(http, table, form, make):
    """Two line ends in a row end the rows of an INSERT that chDB gets as one text."""
    reply = http.ask(make(1000, b"\n\n \t\r\n;'\\"), query=f"INSERT INTO {table} FORMAT {form}")
    assert '"written_rows":"1000"' in reply.headers["X-ClickHouse-Summary"]
    told = http.query(f"SELECT count(), uniqExact(s), any(length(s)) FROM {table}")
    assert told == "1000\t1\t9\n"


@INSERTS
def test_a_statement_and_rows_cut_anywhere_are_the_same(http, table, form, make):
    whole = f"INSERT INTO {table} (day, n, s) FORMAT {form}\n".encode() + make(20, b"\n")
    for cut in range(1, 80):
        connection = http.connect()
        connection.putrequest("POST", "/?")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for piece in (whole[:cut], whole[cut:]):
            connection.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
            time.sleep(0.002)
        connection.send(b"0\r\n\r\n")
        response = connection.getresponse()
        assert response.status == 200, (cut, response.read())
        connection.close()
    assert http.query(f"SELECT count(), uniqExact(n, s) FROM {table}") == "1580\t20\n"


@INSERTS
def test_three_hundred_thousand_rows_are_one_part(http, table, form, make):
    reply = http.ask(make(300_000), query=f"INSERT INTO {table} FORMAT {form}")
    assert '"written_rows":"300000"' in reply.headers["X-ClickHouse-Summary"]
    parts = "SELECT count(), sum(rows), max(level) FROM system.parts WHERE active AND table = '%s'"
    assert http.query(parts % table) == "1\t300000\t0\n"


def nice_of_merges(pid):
    """Of each thread that merges."""
    nice = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with (contextlib.suppress(FileNotFoundError),  # it ended
              open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file):
            if file.read().strip() == "MergeMutate":
                nice.append(os.getpriority(os.PRIO_PROCESS, int(thread)))
    return nice


def test_merges_have_the_lowest_priority(engine, http, table):
    http.ask(rows(10), query=f"INSERT INTO {table} FORMAT RowBinary")
    nice = nice_of_merges(engine.process.pid)
    assert nice and set(nice) == {19}


def test_a_block_is_never_cut_by_the_engines_sizes(http, table):
    http.ask(block(30_000), query=f"INSERT INTO {table} FORMAT Native", max_insert_block_size=1000,
             min_insert_block_size_rows=1000)
    assert http.query("SELECT count(), sum(rows) FROM system.parts WHERE active AND "
                      f"table = '{table}'") == "1\t30000\n"


def test_rows_with_a_fault_are_refused_whole(http, table):
    for bad in (rows(200_000)[:-1], rows(10) + b"\xff", b"x"):
        assert http.refused(bad, query=f"INSERT INTO {table} FORMAT RowBinary") == 33
    for bad in (block(200_000)[:-1], block(10) + b"\xff", b"x"):
        assert http.refused(bad, query=f"INSERT INTO {table} FORMAT Native") in (32, 33)
    assert http.refused("2026-01-01,1,a\n2026-01-01,x,a\n",
                        query=f"INSERT INTO {table} FORMAT CSV") == 27
    assert http.refused(b"", query=f"INSERT INTO {table} FORMAT NoSuch") == 73
    for form, data in (("RowBinary", rows(9)), ("Native", block(9))):
        assert http.refused(data, query=f"INSERT INTO {table} (nosuch) FORMAT {form}") == 16
        assert http.refused(data, query=f"INSERT INTO nosuch FORMAT {form}") == 60
    assert count(http, table) == 0


def test_of_a_block_cut_anywhere_nothing_is_inserted(http, table):
    data = block(20)
    for cut in range(1, len(data)):
        http.refused(data[:cut], query=f"INSERT INTO {table} FORMAT Native")
    assert count(http, table) == 0


@INSERTS
def test_nothing_of_a_body_that_ends_early_stays(http, table, form, make):
    data = make(150_000)
    for part in (0, 10, len(data) // 2, len(data) - 1):
        sent = http.send(f"INSERT INTO {table} FORMAT {form}", len(data), data[:part])
        time.sleep(0.1)
        sent.close()
    wait_idle(http)
    assert count(http, table) == 0
    assert http.ask(data, query=f"INSERT INTO {table} FORMAT {form}").status == 200
    assert count(http, table) == 150_000


def test_an_insert_can_be_killed_by_its_query_id(http, table):
    data = rows(1000)
    sent = http.send(f"INSERT INTO {table} FORMAT RowBinary", 2 * len(data), data, query_id="mine")
    time.sleep(0.3)
    assert http.query("KILL QUERY WHERE query_id = 'mine' ASYNC").count("\n") == 1
    sent.sendall(data)
    answer = sent.recv(65536)
    assert b"X-ClickHouse-Exception-Code: 394" in answer
    sent.close()
    assert count(http, table) == 0


@INSERTS
def test_a_killed_engine_has_all_rows_of_an_insert_or_none(tmp_path, form, make):
    data = make(200_000)
    for tick in range(6):
        with Embedded(tmp_path / "engine") as running:
            http = EngineHttp(running.socket_path)
            http.query("CREATE TABLE IF NOT EXISTS t (day Date, n UInt64, s String) "
                       "ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY n "
                       "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1")
            before = count(http, "t")
            killer = threading.Timer(0.01 + 0.012 * tick, running.process.kill)
            killer.start()
            acknowledged = 0
            try:
                while http.ask(data, query=f"INSERT INTO t FORMAT {form}").status == 200:
                    acknowledged += 200_000
            except OSError:
                pass
            killer.join()
            running.process.wait()
            running.start()
            found = count(http, "t") - before
            assert found % 200_000 == 0 and acknowledged <= found <= acknowledged + 200_000


# ---- at once ----

def test_readers_run_in_parallel(http):
    """Each sleeps; together they take as long as one."""
    began = time.monotonic()
    readers = [threading.Thread(target=http.query, args=("SELECT sleep(1)",)) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert time.monotonic() - began < 2


def test_more_statements_than_connections_wait_for_their_turn(http):
    answers = []
    readers = [threading.Thread(target=lambda n=n: answers.append(
        http.query(f"SELECT {n}, sleep(0.2)"))) for n in range(12)]
    for reader in readers:
        reader.start()
    assert EngineHttp(http.place).connect()  # a door is free
    for reader in readers:
        reader.join()
    assert sorted(int(answer.split()[0]) for answer in answers) == list(range(12))


@pytest.mark.parametrize("sql", [
    ENDLESS,                                                          # before its first block
    "SELECT number FROM numbers(100000000000)",                       # while it streams
    "SELECT number FROM numbers(100000000000) FORMAT JSONCompact",    # framed: collected first
    "SELECT sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1",
])
def test_a_query_ends_soon_after_its_client_left(http, sql):
    sent = http.send(sql)
    time.sleep(0.4)
    assert processes(http)
    sent.close()
    assert wait_idle(http) < 1.6


def test_a_query_can_be_killed_by_its_query_id(http):
    replies = []
    asker = threading.Thread(target=lambda: replies.append(http.ask(ENDLESS, query_id="slow-one")))
    asker.start()
    time.sleep(0.3)
    assert http.refused("SELECT 1", query_id="slow-one") == 216
    assert http.query("kill query where query_id = 'slow-one' sync;").startswith("finished")
    asker.join()
    assert replies[0].headers["X-ClickHouse-Exception-Code"] == "394"
    assert http.query("KILL QUERY WHERE query_id = 'nobody'") == ""
    assert http.query("SELECT 1", query_id="slow-one") == "1\n"


def test_a_client_that_waits_for_its_turn_may_leave(http):
    held = [http.send("SELECT sleepEachRow(1) FROM numbers(2)") for _ in range(4)]
    time.sleep(0.2)
    waiting = http.send("CREATE TABLE never (a Int8) ENGINE = Memory")
    time.sleep(0.2)
    waiting.close()
    time.sleep(0.3)
    for sent in held:
        sent.close()
    wait_idle(http)
    assert "never" not in http.query("SHOW TABLES").split()


# ---- hostile and odd requests ----

@pytest.mark.parametrize("sql", [
    "INSERT INTO", "INSERT INTO t FORMAT", "INSERT INTO t (a FORMAT CSV", "'", "/*", "/* /* */",
    "INSERT INTO t VALUES", "KILL QUERY WHERE query_id = '", "(((((((((((", "\0", "\xff\xfe",
    "INSERT INTO FUNCTION file('/x', 'CSV') SELECT", "SELECT '" + "x" * 100000,
])
def test_broken_text_is_refused_and_the_engine_goes_on(http, sql):
    assert http.ask(sql).status in (400, 404, 500)
    assert http.query("SELECT 1") == "1\n"


def test_a_compressed_body_is_refused_with_a_reason(http):
    reply = http.ask("SELECT 1", headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (501, "48")


# ---- its life ----

def anonymous_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024


def test_the_idle_engine_takes_less_than_100_mb(tmp_path):
    with Embedded(tmp_path / "engine") as running:
        http = EngineHttp(running.socket_path)
        for _ in range(20):
            http.query("SELECT count() FROM system.tables")
        assert anonymous_bytes(running.process.pid) < 100 << 20


def test_sigterm_ends_it_cleanly_with_queries_under_way(tmp_path):
    with Embedded(tmp_path / "engine") as running:
        http = EngineHttp(running.socket_path)
        http.query("CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a")
        held = [http.send(ENDLESS), http.send("SELECT number FROM numbers(100000000000)"),
                http.send("INSERT INTO t FORMAT CSV", 100, b"1\n"),
                http.send("INSERT INTO t SELECT 1 FROM numbers(100000000000) WHERE NOT ignore("
                          "sipHash64(number))")]
        time.sleep(0.3)
        began = time.monotonic()
        running.process.terminate()
        assert running.process.wait(15) == 0
        assert time.monotonic() - began < 9
        for sent in held:
            sent.close()
        assert not os.path.exists(running.socket_path)
        running.start()
        # A SELECT's rows come block by block; rows of a body that never ended do not come at all.
        assert http.query("SELECT max(a) FROM t") in ("0\n", "1\n")


def test_the_socket_is_for_nobody_else(engine):
    assert os.stat(engine.socket_path).st_mode & 0o777 == 0o600


def test_it_ends_with_its_parent(tmp_path):
    with Embedded(tmp_path / "engine") as running:
        pid = running.process.pid
        parent = os.fork()
        if parent == 0:  # a parent of its own, which is killed
            child = Embedded(tmp_path / "child")
            child.start()
            with open(tmp_path / "pid", "w", encoding="utf-8") as file:
                file.write(str(child.process.pid))
            time.sleep(60)
            os._exit(1)
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        child = int((tmp_path / "pid").read_text())
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        deadline = time.monotonic() + 5
        while os.path.exists(f"/proc/{child}") and time.monotonic() < deadline:
            with open(f"/proc/{child}/stat", encoding="utf-8") as stat:
                if stat.read().split(")")[1].split()[0] == "Z":
                    break
            time.sleep(0.05)
        else:
            assert not os.path.exists(f"/proc/{child}")
        assert pid == running.process.pid
