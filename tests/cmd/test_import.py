"""`minipulse import`: files of history become events, each once."""

import datetime
import json
import os
import shutil
import time
import zoneinfo

import pytest

import event_files
from server import Server

COLUMNS = ["time", "user", "name", "page", "order_id", "amount_fen", "coupon"]
NOON_MS = 1732420800000  # 2024-11-24 12:00 in Shanghai


@pytest.fixture
def place(tmp_path):
    """A folder without a running serve."""
    with Server(tmp_path / "place") as made:
        os.makedirs(made.data_dir, mode=0o700)
        yield made


def row(number, **members):
    return {"time": NOON_MS + 1000 * number, "user": f"u{number % 3}", "name": "$page_view",
            "page": f"pages/{number}", **members}


def file_of(tmp_path, rows, name="events.csv", columns=None):
    return event_files.write(tmp_path / name, event_files.csv_text(columns or COLUMNS, rows))


def loaded(place):
    if place.process is None:
        place.start()
        place.wait_ready()
    place.drain()
    return place


def counts(place):
    """(events, distinct ids)"""
    return tuple(int(cell) for cell in
                 loaded(place).sql("SELECT count(), uniqExact(id) FROM events")[0])


# ---- Times and values -------------------------------------------------------------------------


def test_rows_of_last_year_keep_their_times_and_days_while_serve_runs(server, tmp_path):
    app = server.app()
    path = file_of(tmp_path, [
        row(0, page="/pages/goods?id=7", coupon="A,\"1\"\nand more"),
        row(1, name="$pay", page="", order_id="o1", amount_fen=1990, coupon="12.50")])
    done = server.run("import", "shop", path)
    assert done.returncode == 0, done.stderr
    assert "2 rows, 2 imported, 0 refused" in done.stdout
    server.drain()
    assert server.sql("SELECT time_ms, day, user, name, page, query, order_id, amount_fen, flags,"
                      " str_values, num_values FROM events ORDER BY time_ms") == [
        [str(NOON_MS), "2024-11-24", "u0", "$page_view", "pages/goods", "id=7", "", "0", "0",
         "['A,\"1\"\\nand more']", "[]"],
        [str(NOON_MS + 1000), "2024-11-24", "u1", "$pay", "", "", "o1", "1990", "0", "[]",
         "[12.5]"]]
    rows = server.trend(app, **{"from": "2024-11-24", "to": "2024-11-24"}).json()["rows"]
    assert rows[0]["visit_pv"] == 1 and rows[0]["visit_uv_new"] == 1


def test_without_serve_rows_wait_in_the_journal_for_the_next_one(place, tmp_path):
    place.app()
    done = place.run("import", "shop", file_of(tmp_path, [row(i) for i in range(10)]))
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout
    assert counts(place) == (10, 10)


def test_ndjson_in_our_own_format_and_with_flat_context_is_taken(server, tmp_path):
    server.app()
    lines = [
        {"id": "a", "name": "$page_view", "time": NOON_MS, "user": "u", "page": "p",
         "open": {"id": "o", "start": NOON_MS - 5, "kind": "cold"}, "more": True,
         "props": {"x": 1, "y": {"z": []}},
         "context": {"model": "Mate 60", "platform": "ohos", "battery": 80}},
        {"id": "b", "name": "Buy", "time": "2024-11-24T12:00:01+08:00", "user": 42,
         "open_id": "o", "open_start": NOON_MS - 5, "model": "Mate 60", "country": "中国",
         "province": "广东", "city": "深圳"},
    ]
    path = event_files.write(tmp_path / "events.ndjson",
                             "\ufeff" + "\n\n".join(json.dumps(line) for line in lines))
    done = server.run("import", "shop", path)
    assert done.returncode == 0, done.stderr
    server.drain()
    assert server.sql("SELECT id, time_ms, user, open_id, open_start_ms, model, platform, country,"
                      " province, city FROM events ORDER BY id") == [
        ["a", str(NOON_MS), "u", "o", str(NOON_MS - 5), "Mate 60", "3", "", "", ""],
        ["b", str(NOON_MS + 1000), "42", "o", str(NOON_MS - 5), "Mate 60", "0", "中国", "广东",
         "深圳"]]
    names = server.sql("SELECT arrayJoin(arraySort(arrayConcat(str_names, num_names))) FROM events"
                       " WHERE id = 'a'")
    assert [name for name, in names] == ["context.battery", "context.platform", "more",
                                         "open.kind", "x", "y.z"]


def test_columns_are_mapped_defaults_fill_and_the_rest_become_properties_or_nothing(place,
                                                                                    tmp_path):
    place.app()
    path = event_files.write(tmp_path / "other.csv", event_files.csv_text(
        ["ts", "openid", "what, exactly", "sku", "price", "id"],
        [{"ts": NOON_MS // 1000, "openid": "u1", "what, exactly": "Buy", "sku": "007",
          "price": "19.90", "id": "5"},
         {"ts": NOON_MS // 1000 + 1, "openid": "u2", "sku": "8", "id": "6"}]))
    done = place.run("import", "shop", path, "--map",
                     r"time=ts,user=openid,name=what\, exactly,props.serial=id", "--defaults",
                     "name=Look,platform=ios,props.source=old shop", "--text", "sku")
    assert done.returncode == 0, done.stderr
    ignored = place.run("import", "shop", path, "--restart", "--map", "time=ts,user=openid",
                        "--defaults", "name=Ignored", "--ignore-unmapped")
    assert ignored.returncode == 0, ignored.stderr
    loaded(place)
    assert place.sql("SELECT user, name, platform, str_names, str_values, num_names, num_values"
                     " FROM events WHERE name != 'Ignored' ORDER BY time_ms") == [
        ["u1", "Buy", "1", "['sku','source']", "['007','old shop']", "['price','serial']",
         "[19.9,5]"],
        ["u2", "Look", "1", "['sku','source']", "['8','old shop']", "['serial']", "[6]"]]
    assert place.sql("SELECT id, length(str_names) + length(num_names) FROM events"
                     " WHERE name = 'Ignored' ORDER BY id") == [["5", "0"], ["6", "0"]]


def test_members_within_objects_are_mapped_by_their_path(place, tmp_path):
    place.app()
    path = event_files.write(tmp_path / "sensors.jsonl", json.dumps(
        {"event": "Buy", "at": NOON_MS, "properties": {"uid": "u9", "price": 3}}) + "\n")
    done = place.run("import", "shop", path, "--map",
                     "name=event,time=at,user=properties.uid,props=properties")
    assert done.returncode == 0, done.stderr
    loaded(place)
    assert place.sql("SELECT user, str_names, num_names, num_values FROM events") == [
        ["u9", "['uid']", "['price']", "[3]"]]


def test_clocks_are_read_by_the_given_zone_through_both_changes_of_summer_time(place, tmp_path):
    place.app("shop", "--zone", "Asia/Shanghai")
    zone = zoneinfo.ZoneInfo("America/New_York")
    clocks = ["2024-03-10T01:59:59", "2024-03-10T02:30:00", "2024-03-10T03:00:00",
              "2024-11-03T00:59:59", "2024-11-03T01:30:00", "2024-11-03T02:00:00", "2024-07-01"]
    path = event_files.write(tmp_path / "clocks.csv", event_files.csv_text(
        COLUMNS, [row(0, time=clock, user="u") for clock in clocks]))
    assert place.run("import", "shop", path, "--zone", "America/New_York").returncode == 0
    loaded(place)
    told = [int(ms) for ms, in place.sql("SELECT time_ms FROM events ORDER BY time_ms")]
    # Python reads a clock that is left out or shown twice by the offset before, as we do.
    wanted = sorted(int(datetime.datetime.fromisoformat(clock).replace(tzinfo=zone).timestamp())
                    * 1000 for clock in clocks)
    assert told == wanted


# ---- Once --------------------------------------------------------------------------------------


def test_a_file_imported_again_counts_once_under_whatever_name(server, tmp_path):
    server.app()
    path = file_of(tmp_path, [row(i) for i in range(1500)])
    assert server.run("import", "shop", path).returncode == 0
    again = server.run("import", "shop", path)
    assert again.returncode == 0 and "nothing to do" in again.stdout
    copy = shutil.copy(path, tmp_path / "copy.csv")
    for arguments in [(path, "--restart"), (copy,)]:
        done = server.run("import", "shop", *arguments)
        assert done.returncode == 0 and "1500 imported" in done.stdout
    assert counts(server) == (1500, 1500)


def test_an_id_makes_rows_and_collected_events_one(server, tmp_path):
    app = server.app()
    event = {"id": "e1", "name": "Buy", "time": int(time.time() * 1000)}
    assert server.collect(app, [event], user="u0").status == 200
    path = event_files.write(tmp_path / "ids.ndjson", "\n".join(
        json.dumps({**event, "user": "u0", "id": number}) for number in ("e1", "e2", "e2")))
    assert server.run("import", "shop", path).returncode == 0
    assert counts(server) == (2, 2)


def test_an_order_that_was_collected_or_stands_in_two_rows_is_one_payment(server, tmp_path):
    app = server.app()
    paid = {"name": "$pay", "page": "", "amount_fen": 990}
    assert server.collect(app, [{"id": "sdk-1", "name": "$pay", "time": int(time.time() * 1000),
                                 "order_id": "o1", "amount_fen": 990}], user="u1").status == 200
    server.drain()
    path = file_of(tmp_path, [row(0, **paid, order_id="o1"), row(1, **paid, order_id="o2"),
                              row(2, **paid, order_id="o2"), row(3, **paid, order_id="o3")])
    assert server.run("import", "shop", path).returncode == 0
    server.drain()
    assert server.sql("SELECT order_id, count() FROM events GROUP BY order_id ORDER BY order_id") \
        == [["o1", "1"], ["o2", "1"], ["o3", "1"]]


def test_equal_rows_of_other_kinds_are_other_events(place, tmp_path):
    place.app()
    path = event_files.write(tmp_path / "bare.csv", "time,user,page\n%d,u,p\n%d,u,p\n" % (
        NOON_MS, NOON_MS))
    for name in ("$page_view", "$share"):
        done = place.run("import", "shop", path, "--restart", "--defaults", f"name={name}")
        assert done.returncode == 0, done.stderr
    loaded(place)
    assert place.sql("SELECT name, count() FROM events GROUP BY name ORDER BY name") == [
        ["$page_view", "1"], ["$share", "1"]]


def test_killed_in_the_middle_it_goes_on_and_nothing_is_lost_or_doubled(server, tmp_path):
    server.app()
    path = event_files.many_rows(tmp_path / "many.csv", 100000)
    kills, done = 0, 0
    while done < 100000 and kills < 5:
        before = done
        done, _ = event_files.stop_in_the_middle(server, event_files.KILL, "import", "shop", path)
        kills += 1
        if done == before:
            break
    assert 0 < done
    last = server.run("import", "shop", path, timeout=120)
    assert last.returncode == 0, last.stderr
    assert done == 100000 or f"going on after {done} rows" in last.stderr
    assert ("100000 rows, 100000 imported, 0 refused" in last.stdout
            or "all 100000 rows" in last.stdout)
    server.drain()
    assert server.sql("SELECT count(), uniqExact(id), uniqExact(num_values[1]), max(num_values[1])"
                      " FROM events") == [["100000", "100000", "100000", "99999"]]


def test_ctrl_c_ends_at_a_row_and_the_same_command_goes_on(place, tmp_path):
    place.app()
    path = event_files.many_rows(tmp_path / "many.csv", 100000)
    done, code = event_files.stop_in_the_middle(place, event_files.INTERRUPT, "import", "shop",
                                                path)
    assert code == 130 and 0 < done < 100000
    changed = place.run("import", "shop", path, "--zone", "UTC")
    assert changed.returncode == 2 and "--restart" in changed.stderr
    last = place.run("import", "shop", path)
    assert last.returncode == 0, last.stderr
    assert f"going on after {done} rows" in last.stderr
    assert counts(place) == (100000, 100000)


def test_a_file_that_grew_since_it_was_stopped_is_not_mixed_up(place, tmp_path):
    place.app()
    path = event_files.many_rows(tmp_path / "many.csv", 80000)
    event_files.stop_in_the_middle(place, event_files.INTERRUPT, "import", "shop", path)
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{NOON_MS},u,$page_view,p,m,80000\n")
    refused = place.run("import", "shop", path)
    assert refused.returncode == 2 and "was changed" in refused.stderr
    assert place.run("import", "shop", path, "--restart").returncode == 0
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{NOON_MS},u,$page_view,p,m,80001\n")
    done = place.run("import", "shop", path)
    assert done.returncode == 0 and "80002 rows" in done.stdout
    assert counts(place) == (80002, 80002)


def test_a_full_journal_ends_it_and_with_serve_the_same_command_goes_on(tmp_path):
    with Server(tmp_path / "small", journal_max_bytes="16M",
                journal_segment_bytes="1M") as small:
        small.app()
        path = tmp_path / "wide.ndjson"
        with open(path, "w", encoding="utf-8") as file:
            for i in range(24000):
                file.write(json.dumps({"time": NOON_MS + i, "user": "u", "name": "Wide", "n": i,
                                       "x": os.urandom(800).hex()}) + "\n")
        full = small.run("import", "shop", str(path))
        assert full.returncode == 1 and "full" in full.stderr
        small.start()
        small.wait_ready()
        done = small.run("import", "shop", str(path), timeout=120)
        assert done.returncode == 0, done.stderr
        assert "going on" in done.stderr
        assert counts(small) == (24000, 24000)


# ---- Bad rows ----------------------------------------------------------------------------------


def test_bad_rows_are_named_counted_and_kept_and_cost_nothing_else(server, tmp_path):
    server.app()
    rejects = tmp_path / "rejects.ndjson"
    path = event_files.write(tmp_path / "bad.csv", event_files.csv_text(COLUMNS, [
        row(0), row(1, time=""), row(2, time="yesterday"), row(3, name="$pay", amount_fen="1.5"),
        row(4, name="$made_up"), row(5, user=""), row(6, page=""), row(7),
        row(8, time=int(time.time()) + 3600)]) + "one,cell\r\n\"quo\"te\r\n"
        + event_files.csv_text(COLUMNS, [row(9)]).split("\r\n", 1)[1])
    done = server.run("import", "shop", path, "--reject-file", str(rejects))
    assert done.returncode == 5, done.stderr
    assert "12 rows, 3 imported, 9 refused" in done.stdout
    wanted = {3: "time", 4: "time", 5: "amount_fen", 6: "name", 7: "user", 8: "page", 10: "time",
              11: "", 12: ""}
    with open(rejects, encoding="utf-8") as file:
        kept = {line["line"]: line for line in map(json.loads, file)}
    assert {number: line["field"] for number, line in kept.items()} == wanted
    assert kept[11]["row"] == "one,cell" and kept[12]["reason"]
    assert kept[5]["file"] == path and "whole number" in kept[5]["reason"]
    for number, field in wanted.items():
        assert f"bad.csv:{number}: {field or 'the row'} " in done.stderr
    assert counts(server) == (3, 3)


def test_more_bad_rows_than_are_shown_are_all_counted_and_kept(place, tmp_path):
    place.app()
    rejects = tmp_path / "rejects.ndjson"
    rows = [row(i, name="$bad" if i % 2 else "$page_view") for i in range(5000)]
    path = file_of(tmp_path, rows)
    checked = place.run("import", "shop", path, "--check", "--show", "3")
    assert checked.returncode == 5 and "2500 could be imported, 2500 refused" in checked.stdout
    assert checked.stderr.count("events.csv:") == 3
    done = place.run("import", "shop", path, "--reject-file", str(rejects))
    assert done.returncode == 5 and "2500 imported, 2500 refused" in done.stdout
    assert done.stderr.count("events.csv:") == 20
    with open(rejects, encoding="utf-8") as file:
        lines = [json.loads(line)["line"] for line in file]
    assert lines == [i + 2 for i in range(1, 5000, 2)]
    assert counts(place) == (2500, 2500)


def test_a_wrong_context_refuses_the_rows_that_have_it(place, tmp_path):
    place.app()
    path = event_files.write(tmp_path / "context.csv", event_files.csv_text(
        COLUMNS + ["model", "screen_width", "props"],
        [row(0), row(1, model="m" * 257), row(2, screen_width="wide"), row(3, props="[1]"),
         row(4, props="{"), row(5, model="fine", screen_width="392.7", props='{"a":{"b":1}}')]))
    done = place.run("import", "shop", path)
    assert done.returncode == 5 and "2 imported, 4 refused" in done.stdout
    for number, field in ((3, "context.model"), (4, "context.screen_width"), (5, "props"),
                          (6, "props")):
        assert f"context.csv:{number}: {field} " in done.stderr
    loaded(place)
    assert place.sql("SELECT screen_width, num_names FROM events WHERE model = 'fine'") == [
        ["393", "['a.b']"]]


HOSTILE = {
    "deep.ndjson": (b'{"time":1,"user":"u","name":"x","p":' + b"[" * 14 + b"]" * 14 + b"}\n"),
    "endless.ndjson": b'{"time":1,"user":"u","name":"x","p":"' + b"x" * (3 << 20) + b'"}\n',
    "latin.ndjson": b'{"time":1,"user":"u","name":"caf\xe9"}\n',
    "nul.ndjson": b'{"time":1,"user":"u\\u0000","name":"x"}\n',
    "list.ndjson": b'[{"time":1,"user":"u","name":"x"}]\n',
    "huge_number.ndjson": b'{"time":1,"user":"u","name":"x","n":' + b"9" * 400 + b"}\n",
    "endless.csv": b'1,u,"' + b"x" * (3 << 20) + b'\n',
    "latin.csv": b"1,u,caf\xe9\n",
    "nul.csv": b"1,u,x\0\n",
    "injection.csv": b'"1",u,"x"",""time"":1},{"\n' + b'1,u,"$x"\n',
}


def test_a_hostile_row_costs_itself_alone(place, tmp_path):
    place.app()
    for number, name in enumerate(sorted(HOSTILE)):
        is_csv = name.endswith(".csv")
        good = (b"%d,u,Good\n" if is_csv else b'{"time":%d,"user":"u","name":"Good"}\n')
        times = (NOON_MS + 10 * number, NOON_MS + 10 * number + 1)
        content = ((b"time,user,name\n" if is_csv else b"") + good % times[0] + HOSTILE[name]
                   + good % times[1])
        done = place.run("import", "shop", event_files.write(tmp_path / name, content))
        # "injection" has a strange name, which is none of our business, and a reserved one.
        taken = 3 if name == "injection.csv" else 2
        assert done.returncode == 5 and f"{taken} imported, 1 refused" in done.stdout, (
            name, done.stdout, done.stderr)
    loaded(place)
    assert place.sql("SELECT count() FROM events WHERE name = 'Good'") == [
        [str(2 * len(HOSTILE))]]


def test_files_and_command_lines_that_make_no_sense_are_refused_whole(place, tmp_path):
    place.app()
    good = file_of(tmp_path, [row(0)])
    for name, content, word in (("empty.csv", "", "header"), ("twice.csv", "time,time\n", "same"),
                                ("nameless.csv", "time,,user\n", "no name"),
                                ("broken.csv", '"time\n', "header")):
        done = place.run("import", "shop", event_files.write(tmp_path / name, content))
        assert done.returncode == 2 and word in done.stderr
    for code, word, arguments in (
            (2, "usage", ("shop",)), (1, "no app", ("nobody", good)),
            (1, "no file", ("shop", str(tmp_path / "none.csv"))),
            (2, "--format", ("shop", str(tmp_path / "none.txt"))),
            (2, "no field", ("shop", good, "--map", "colour=red")),
            (2, "no column", ("shop", good, "--map", "title=Title")),
            (2, "twice", ("shop", good, "--map", "title=page,title=user")),
            (2, "not a pair", ("shop", good, "--map", "title")),
            (2, "one id", ("shop", good, "--defaults", "id=1")),
            (1, "Mars", ("shop", good, "--zone", "Mars/Base"))):
        done = place.run("import", *arguments)
        assert done.returncode == code and word in done.stderr, (arguments, done.stderr)
    assert place.run("import", "shop", good).returncode == 0
    assert counts(place) == (1, 1)


# ---- Other ways in -----------------------------------------------------------------------------


def test_standard_input_and_several_files_are_taken(place, tmp_path):
    place.app()
    text = event_files.csv_text(COLUMNS, [row(i) for i in range(5)])
    done = place.run("import", "shop", "-", "--format", "csv", stdin=text)
    assert done.returncode == 0 and "5 imported" in done.stdout, done.stderr
    assert place.run("import", "shop", "-", "--format", "csv", stdin=text).returncode == 0
    paths = [file_of(tmp_path, [row(10 * n + i) for i in range(5)], f"{n}.csv") for n in (1, 2)]
    assert place.run("import", "shop", *paths).returncode == 0
    assert counts(place) == (15, 15)


def test_regions_come_from_columns_or_from_addresses(place, tmp_path):
    place.app()
    path = event_files.write(tmp_path / "regions.csv", event_files.csv_text(
        COLUMNS + ["ip", "city"], [row(0, ip="202.96.134.133"), row(1, ip="nonsense"),
                                   row(2, city="深圳")]))
    assert place.run("import", "shop", path).returncode == 0
    loaded(place)
    assert place.sql("SELECT country, province, city FROM events ORDER BY time_ms") == [
        ["中国", "广东", "深圳"], ["", "", ""], ["", "", "深圳"]]


def test_a_hundred_thousand_rows_take_no_more_memory_than_a_thousand(place, tmp_path):
    place.app()
    few, many = [event_files.peak_kib(place, "import", "shop",
                                      event_files.many_rows(tmp_path / f"{count}.csv", count))
                 for count in (1000, 100000)]
    assert many < few + 16 * 1024 and many < 64 * 1024


def test_two_imports_of_one_file_do_not_run_at_once_and_others_may(server, tmp_path):
    server.app()
    many = event_files.many_rows(tmp_path / "many.csv", 100000)
    first = event_files.popen(server, "import", "shop", many)
    while event_files.rows_done(server) == 0 and first.poll() is None:
        time.sleep(0.001)
    second = server.run("import", "shop", many)
    third = server.run("import", "shop", file_of(tmp_path, [row(i, user="v") for i in range(9)]))
    told = first.communicate(timeout=120)
    assert first.returncode == 0, told
    assert third.returncode == 0, third.stderr
    assert second.returncode == 1 and "at this moment" in second.stderr
    assert counts(server) == (100009, 100009)
