"""`minipulse export`: what is in the store, in files that others and `minipulse import` read."""

import contextlib
import csv
import datetime
import io
import json
import os
import subprocess
import time

import pytest

import event_files
from server import ROOT, Server, program

DAY_MS = 86400000
# Noon in Shanghai, some weeks ago; and the days around.
NOON_MS = (int(time.time() * 1000) // DAY_MS - 60) * DAY_MS + 4 * 3600 * 1000


def day_after(days):
    return datetime.datetime.fromtimestamp(NOON_MS / 1000 + 86400 * days,
                                           datetime.timezone.utc).date().isoformat()


SPAN = {"from": day_after(-4), "to": day_after(3)}
COLUMNS = ["id", "name", "time", "day", "user", "open_id", "open_start", "page", "query",
           "referrer", "title", "dwell_ms", "scene", "source_group", "element", "order_id",
           "amount_fen", "password_free", "app_version", "sdk", "platform", "brand", "model",
           "os_version", "client_version", "library_version", "screen_width", "screen_height",
           "language", "network", "country", "province", "city", "flags", "props"]
# All of `events` but what the loader makes anew.
STORED = """SELECT name, user, id, time_ms, day, user_hash, flags, open_id, open_start_ms, scene,
    source_group, page, query, referrer, title, dwell_ms, element, order_id, amount_fen,
    password_free, platform, brand, model, os_version, client_version, library_version,
    app_version, sdk, screen_width, screen_height, language, network, country, province, city,
    arrayStringConcat(arraySort(arrayMap((n, v) -> concat(n, '=', v), str_names, str_values)), ','),
    arrayStringConcat(arraySort(arrayMap((n, v) -> concat(n, '=', toString(v)), num_names,
        num_values)), ',')
    FROM events ORDER BY app, day, user_hash, time_ms, batch, seq"""
CONTEXTS = [
    {"platform": "ios", "brand": "Apple", "model": "iPhone 15", "os_version": "17.4",
     "client_version": "8.0.50", "library_version": "3.5.1", "app_version": "2.3.1",
     "sdk": "minipulse/1", "screen_width": 393, "screen_height": 852, "language": "zh_CN",
     "network": "5g", "battery": 50},
    {"platform": "ohos", "model": "Mate \"60\", Pro"},
    {},
]
PROPS = [
    {"text": "a,b \"c\"\r\nd\te", "emoji": "🛍️ 花", "empty": "", "list": [1, {"x": None}],
     "truth": True, "digits": "007", "deep": {"a": {"b": 1}}},
    {"whole": 5, "negative": -2.5, "tiny": 5e-324, "large": 1.7976931348623157e308,
     "beyond": 12345678901234567.0, "exact": 9007199254740992, "id": 9223372036854775807},
    {},
]


def event(number, **members):
    names = ("$launch", "$page_view", "$page_view", "$page_leave", "Buy", "$share")
    name = names[number % len(names)]
    page = {"page": f"pages/{number % 4}?q={number}", "title": f"标题 {number}"}
    return {"id": f"e{number}", "name": name, "time": NOON_MS + 20000 * (number // 2),
            "user": f"u{number % 5}", "scene": 1000 + number % 50, "referrer": "pages/from",
            **(page if "page" in name else {}), **({"dwell_ms": 7} if "leave" in name else {}),
            **({"element": "button"} if name == "Buy" else {}),
            **({"open": {"id": f"o{number % 5}", "start": NOON_MS}} if number % 5 else {}),
            "props": PROPS[number % 3], **members}


def uploads():
    """Every kind of event in every kind of context, at noon and around a midnight."""
    events = [event(i) for i in range(60)]
    events += [event(100 + i, time=NOON_MS + DAY_MS // 2 - 5000 + 1000 * i) for i in range(10)]
    events += [
        {"id": "pay", "name": "$pay", "time": NOON_MS, "user": "u1", "order_id": "o-1",
         "amount_fen": 0, "password_free": True},
        {"id": "refund", "name": "$refund", "time": NOON_MS + 1, "user": "u2", "order_id": "o-2",
         "amount_fen": 100000000000, "props": PROPS[1]}]
    for number, context in enumerate(CONTEXTS):
        part = events[number::len(CONTEXTS)]
        yield {"v": 1, "context": context, "events": part}
    # Of one user at one moment: only the order in which they came tells which was first.
    yield {"v": 1, "user": "u", "events": [{"id": name, "name": name, "time": NOON_MS}
                                           for name in ("Second", "First", "Third")]}


def fill(server, app):
    """Takes the events as if they were collected on their days, from a known place."""
    for upload in uploads():
        answer = server.request("POST", "/v1/collect", json.dumps(upload), {
            "X-Minipulse-Key": app["write_key"], "X-Forwarded-For": "202.96.134.133"})
        assert answer.status == 200 and answer.json()["rejected"] == 0, answer
    server.drain()


@pytest.fixture
def shop(engine_kind, tmp_path, request):
    """A server that has the events of uploads()."""
    store = request.getfixturevalue("shared_clickhouse") if engine_kind == "clickhouse" else None
    with Server(tmp_path / "shop", store, database=f"export_{os.urandom(4).hex()}",
                trusted_proxies="127.0.0.1", late_hours="2400") as made:
        made.start()
        made.wait_ready()
        made.keys = made.app("shop")
        fill(made, made.keys)
        yield made


@pytest.fixture
def fresh(engine_kind, tmp_path, request):
    """A server without events on the same engine."""
    store = request.getfixturevalue("shared_clickhouse") if engine_kind == "clickhouse" else None
    with Server(tmp_path / "fresh", store, database=f"export_{os.urandom(4).hex()}") as made:
        made.start()
        made.wait_ready()
        made.keys = made.app("shop")
        yield made


@contextlib.contextmanager
def plain_program():
    """The embedded engine does not bear sanitizers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINIPULSE", os.path.join(ROOT, "build", "release", "minipulse"))
        yield


@pytest.fixture(scope="session")
def parquet_reader(tmp_path_factory):
    """Rows of a Parquet file, as the embedded engine reads them."""
    with Server(tmp_path_factory.mktemp("parquet") / "reader") as made:
        with plain_program():
            made.start()
        made.wait_ready()

        def read(path, columns="*"):
            done = made.run("sql", "--format=JSONEachRow",
                            f"SELECT {columns} FROM file('{path}', Parquet)")
            assert done.returncode == 0, done.stderr
            return [json.loads(line) for line in done.stdout.splitlines()]
        yield read


def unfolded(props):
    """Dotted names as objects, as the engine tells JSON."""
    out = {}
    for name, value in props.items():
        *path, last = name.split(".")
        inner = out
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return out


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ---- Events ------------------------------------------------------------------------------------


def test_csv_and_ndjson_hold_every_column_and_property_of_every_event(shop):
    done = shop.run("export", "events", "shop")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n", 1)[0].split(",") == COLUMNS
    rows = rows_of(done.stdout)
    assert len(rows) == 75 and "75 events" in done.stderr
    lines = [json.loads(line) for line in
             shop.run("export", "events", "shop", "--format", "ndjson").stdout.splitlines()]
    assert len(lines) == 75
    for row, line in zip(rows, lines):
        line = dict(line)
        props = line.pop("props", None)
        assert (json.loads(row.pop("props")) if props else row.pop("props")) == (props or "")
        assert {name: cell for name, cell in row.items() if cell} == {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in line.items()}
    by_id = {row["id"]: row for row in rows_of(done.stdout)}
    first = by_id["e0"]
    assert first["time"] == f"{day_after(0)}T12:00:00.000+08:00" and first["day"] == day_after(0)
    assert (first["platform"], first["model"], first["city"]) == ("ios", "iPhone 15", "深圳")
    assert json.loads(first["props"]) == {
        "text": "a,b \"c\"\r\nd\te", "emoji": "🛍️ 花", "empty": "", "list": '[1,{"x":null}]',
        "truth": "true", "digits": "007", "deep.a.b": 1, "context.battery": 50}
    assert by_id["e1"]["platform"] == "ohos"
    assert (by_id["pay"]["amount_fen"], by_id["pay"]["password_free"]) == ("0", "true")


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_exported_events_imported_elsewhere_are_the_same_events_and_figures(shop, fresh, tmp_path,
                                                                           form):
    path = str(tmp_path / f"events.{form}")
    assert shop.run("export", "events", "shop", "-o", path).returncode == 0
    done = fresh.run("import", "shop", path)
    assert done.returncode == 0 and "75 imported" in done.stdout, done.stderr
    fresh.drain()
    assert fresh.sql(STORED) == shop.sql(STORED)
    again = str(tmp_path / f"again.{form}")
    assert fresh.run("export", "events", "shop", "-o", again).returncode == 0
    with open(path, "rb") as first, open(again, "rb") as second:
        assert first.read() == second.read()
    for by in ("day", "week", "month"):
        span = {**SPAN, "by": by}
        wanted = shop.trend(shop.keys, **span).json()["rows"]
        assert fresh.trend(fresh.keys, **span).json()["rows"] == wanted
        assert any(row["visit_pv"] for row in wanted)


def test_parquet_has_typed_columns_and_the_same_rows(shop, tmp_path, parquet_reader):
    path = str(tmp_path / "events.parquet")
    done = shop.run("export", "events", "shop", "-o", path)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in
             shop.run("export", "events", "shop", "--format", "ndjson").stdout.splitlines()]
    read = parquet_reader(path, "* EXCEPT (time, open_start, props), toUnixTimestamp64Milli("
                          "assumeNotNull(time)) AS ms, toString(props) AS props_text")
    assert len(read) == len(lines) == 75
    for row, line in zip(read, lines):
        line = {**line, "props": unfolded(line["props"])} if "props" in line else line
        props, ms = row.pop("props_text"), int(row.pop("ms"))
        assert abs(ms - NOON_MS) < DAY_MS
        assert (json.loads(props) if props else None) == line.get("props")
        known = {name: value for name, value in row.items() if value is not None}
        assert {name: int(value) if name in ("amount_fen", "dwell_ms", "scene", "flags",
                                             "source_group", "screen_width", "screen_height")
                else value for name, value in known.items()} == {
            name: value for name, value in line.items()
            if name not in ("time", "open_start", "props")}


def test_days_are_those_of_the_apps_zone(shop):
    for from_day, to_day, wanted in ((day_after(0), day_after(0), 70),
                                     (day_after(1), day_after(1), 5),
                                     (day_after(2), day_after(9), 0)):
        done = shop.run("export", "events", "shop", "--from", from_day, "--to", to_day)
        assert done.returncode == 0, done.stderr
        rows = rows_of(done.stdout)
        assert len(rows) == wanted
        assert all(row["day"] == from_day == row["time"][:10] for row in rows)


# Figures of a plain build; what the store does does not matter to ours.
@pytest.mark.parametrize("engine_kind", ["embedded"])
def test_a_hundred_thousand_events_take_no_more_memory_than_a_thousand(fresh, tmp_path):
    peaks = {}
    for count in (1000, 100000):
        fresh.run("import", "shop", event_files.many_rows(tmp_path / f"{count}.csv", count))
        fresh.drain()
        for form in ("csv", "ndjson", "parquet"):
            path = str(tmp_path / f"{count}.{form}")
            peaks[form, count] = event_files.peak_kib(fresh, "export", "events", "shop", "-o", path)
    with open(tmp_path / "100000.ndjson", encoding="utf-8") as file:
        assert sum(1 for _ in file) == 100000
    for form in ("csv", "ndjson", "parquet"):
        # Parquet keeps one row group.
        allowed = 64 * 1024 if form == "parquet" else 16 * 1024
        assert peaks[form, 100000] < peaks[form, 1000] + allowed, peaks


# ---- Reports -----------------------------------------------------------------------------------


def test_a_report_is_exported_as_the_api_tells_it(shop, tmp_path, parquet_reader):
    span = {**SPAN, "by": "day"}
    flags = [f"--{name}={value}" for name, value in span.items()]
    wanted = shop.trend(shop.keys, **span).json()["rows"]
    done = shop.run("export", "report", "shop", "trend", *flags)
    assert done.returncode == 0, done.stderr
    assert done.stdout.encode() == shop.trend(shop.keys, format="csv", **span).body.replace(
        b"\r\n", b"\n")
    lines = shop.run("export", "report", "shop", "trend", "--format", "ndjson", *flags).stdout
    assert [json.loads(line) for line in lines.splitlines()] == [
        {name: value for name, value in row.items() if value is not None} for row in wanted]
    path = str(tmp_path / "trend.parquet")
    assert shop.run("export", "report", "shop", "trend", "-o", path, *flags).returncode == 0
    assert [as_whole(row, like) for row, like in zip(parquet_reader(path), wanted)] == wanted


def as_whole(row, like):
    """The Parquet reader tells 64-bit numbers as texts."""
    return {name: int(value) if isinstance(like[name], int) and not isinstance(value, bool)
            else value for name, value in row.items()}


@pytest.mark.parametrize("name", ["source", "frequency", "duration", "depth", "retention", "pages",
                                  "profile"])
def test_every_report_with_rows_is_exported(shop, tmp_path, parquet_reader, name):
    span = [f"--{each}={value}" for each, value in SPAN.items()]
    table = shop.run("export", "report", "shop", name, "--users=active", *span)
    assert table.returncode == 0, table.stderr
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    assert rows
    path = str(tmp_path / "out.parquet")
    assert shop.run("export", "report", "shop", name, "--users=active", *span, "-o",
                    path).returncode == 0
    told = parquet_reader(path)
    assert len(told) == len(rows)
    for row, cells in zip(told, rows):
        assert [name for name in cells if cells[name]] \
            == [name for name in cells if row.get(name) not in (None, "")]


# ---- What goes wrong ---------------------------------------------------------------------------


def test_what_makes_no_sense_is_refused_and_leaves_no_file(shop, tmp_path):
    path = tmp_path / "out.csv"
    for code, word, arguments in (
            (2, "usage", ("events",)), (2, "usage", ("report", "shop")),
            (2, "usage", ("something", "shop")), (1, "no app", ("events", "nobody")),
            (2, "--format", ("events", "shop", "--format", "xlsx")),
            (2, "--from", ("events", "shop", "--from", "yesterday")),
            (2, "before", ("events", "shop", "--from", "2024-02-01", "--to", "2024-01-01")),
            (2, "no report", ("report", "shop", "weather")),
            (2, "no report", ("report", "shop", "overview")),
            (2, "--users", ("report", "shop", "retention", "--users", "all")),
            (2, "--by", ("report", "shop", "trend", "--by", "hour"))):
        done = shop.run("export", *arguments, "--output", str(path))
        assert done.returncode == code and word in done.stderr, (arguments, done.stderr)
    nowhere = shop.run("export", "events", "shop", "-o", str(tmp_path / "none" / "out.csv"))
    assert nowhere.returncode == 1 and "none" in nowhere.stderr
    assert not [name for name in os.listdir(tmp_path) if name.startswith("out")]


def test_a_full_disk_or_a_closed_pipe_is_an_error(shop):
    for shell, code in (('"$0" export events shop >/dev/full', 1),
                        ('"$0" export events shop >&-', 1),
                        ('("$0" export events shop; echo $? >&2) | true', 0)):
        done = subprocess.run(["sh", "-c", shell, program()], env=shop.environment(),
                              cwd=shop.folder, capture_output=True, text=True, check=False)
        assert done.returncode == code, (shell, done)
        # The pipe's reader may be quick enough to let it all through.
        assert "cannot write" in done.stderr or done.stderr.endswith("\n0\n"), (shell, done)


def test_without_an_engine_export_exits_3(tmp_path):
    with Server(tmp_path / "alone") as alone:
        alone.app()
        done = alone.run("export", "events", "shop", "-o", str(tmp_path / "out.csv"))
        assert done.returncode == 3
        assert not os.path.exists(tmp_path / "out.csv")
