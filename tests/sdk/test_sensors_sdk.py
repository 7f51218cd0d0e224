"""The public Sensors SDK from npm, unchanged, sends to `minipulse serve`: its events arrive whole,
once, and the trend is what one can work out by hand from the story that sensors_drive.cjs plays."""

import json
import os
import subprocess
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT_SECONDS_MAX = 60
# The SDK gives no two events the same time and moves them by a millisecond each.
SPREAD_MS = 20


def noon_zone():
    """A zone in which the story is nowhere near midnight, so that it is one day's."""
    hours = 12 - time.gmtime().tm_hour
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


def drive(server, app, *flags):
    """Plays the story; what the script says that it did."""
    done = subprocess.run(
        ["node", os.path.join(HERE, "sensors_drive.cjs"),
         f"{server.url}/sa?project={app['write_key']}", *flags],
        capture_output=True, text=True, timeout=SCRIPT_SECONDS_MAX, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)


def stored_events(server):
    """The events of the store, oldest first, as dicts."""
    columns = ("name", "page", "query", "referrer", "title", "element", "dwell_ms", "scene", "user",
               "time_ms", "flags", "brand", "model", "platform", "os_version", "app_version", "sdk",
               "client_version", "library_version", "network", "screen_width", "screen_height")
    rows = server.sql(f"SELECT {', '.join(columns)} FROM events ORDER BY time_ms, batch, seq")
    return [dict(zip(columns, row)) for row in rows]


def count_of(values):
    return {value: values.count(value) for value in values}


@pytest.mark.parametrize("flags", [(), ("--single",), ("--gzip",), ("--lose-reply",)],
                         ids=["batch", "single", "gzip", "lost-reply"])
def test_the_sdks_events_arrive_whole_and_once_and_trend_is_what_a_hand_computes(server, flags):
    app = server.app("shop", "--zone", noon_zone())
    told = drive(server, app, *flags)
    assert all(upload["status"] == 200 for upload in told["uploads"])
    assert len(told["uploads"]) == {"--single": len(told["events"]), "--lose-reply": 2}.get(
        "".join(flags), 1)
    for upload in told["uploads"]:
        assert json.loads(upload["reply"])["rejected"] == 0
    server.drain()

    stored = stored_events(server)
    said = ("name", "page", "query", "referrer", "title", "element", "dwell_ms")
    blank = {"page": "", "query": "", "referrer": "", "title": "", "element": "", "dwell_ms": -1}
    for done in told["events"]:
        wanted = {**blank, **done}
        alike = [event for event in stored if event["name"] == done["name"]
                 and all(event[key] == str(done[key]) for key in done if key in said)]
        assert alike, f"{wanted} is not among {stored}"
    assert count_of([event["name"] for event in stored]) == count_of(
        [event["name"] for event in told["events"]])
    for event in stored:
        assert event["user"] == told["user"]
        if event["name"] == "$profile":
            continue
        assert event["scene"] == "1007"
        assert {key: event[key] for key in (
            "brand", "model", "platform", "os_version", "app_version", "sdk", "client_version",
            "library_version", "network", "screen_width", "screen_height")} == {
            "brand": "HUAWEI", "model": "Mate 60 Pro", "platform": "2", "os_version": "14",
            "app_version": "2.3.1", "sdk": "sensors/1.22.7", "client_version": "8.0.50",
            "library_version": "3.4.0", "network": "WIFI", "screen_width": "412",
            "screen_height": "915"}

    day = server.sql("SELECT DISTINCT day FROM events WHERE name = '$page_view'")
    assert len(day) == 1
    answer = server.trend(app, **{"from": day[0][0], "to": day[0][0], "by": "day"})
    assert answer.status == 200, answer
    # Four page views of three pages in one open; 4.2 + 12.345 + 0.8 + 3 seconds on them.
    assert (told["visit_pv"], told["depth"], told["stay_ms"]) == (4, 3, 20345)
    row = answer.json()["rows"][0]
    assert {name: row[name] for name in ("visit_total", "visit_uv_new", "session_cnt", "visit_pv",
                                         "visit_uv", "visit_depth")} == {
        "visit_total": 1, "visit_uv_new": 1, "session_cnt": 1, "visit_pv": 4, "visit_uv": 1,
        "visit_depth": 3.0}
    assert row["stay_time_uv"] == pytest.approx(20.345, abs=1e-9)
    assert row["stay_time_session"] == pytest.approx(20.345, abs=1e-9)


def test_a_batch_keeps_its_times_and_properties(server):
    app = server.app("shop")
    before_ms = time.time() * 1000
    drive(server, app)
    after_ms = time.time() * 1000
    server.drain()
    times = {event["name"]: int(event["time_ms"]) for event in stored_events(server)}
    assert before_ms - SPREAD_MS <= times["$hide"] <= after_ms + SPREAD_MS
    assert 20345 <= times["$hide"] - times["$launch"] <= 20345 + SPREAD_MS
    custom = server.sql("SELECT str_values[indexOf(str_names, 'sku')],"
                        " num_values[indexOf(num_names, 'price')],"
                        " num_values[indexOf(num_names, 'count')],"
                        " str_values[indexOf(str_names, 'tags')],"
                        " str_values[indexOf(str_names, 'is_member')],"
                        " str_values[indexOf(str_names, '$is_first_day')],"
                        " str_values[indexOf(str_names, '$app_id')], page"
                        " FROM events WHERE name = 'AddToCart'")
    assert len(custom) == 1
    assert json.loads(custom[0].pop(3)) == ["新品", "包邮"]
    assert custom[0] == ["A-7", "19.9", "2", "true", "true", "wx0123456789abcdef",
                         "pages/goods/detail"]


def test_a_login_is_an_identify_from_the_guest_to_the_member(server):
    app = server.app("shop")
    told = drive(server, app, "--login")
    server.drain()
    assert server.sql("SELECT user, str_values[indexOf(str_names, 'previous_user')] FROM events"
                      " WHERE name = '$identify'") == [["member-42", told["user"]]]
    # After it the SDK speaks of the member: the last page's view and leave, and two more.
    assert server.sql("SELECT count() FROM events WHERE user = 'member-42'") == [["5"]]


def test_what_the_sdk_would_send_with_a_wrong_key_or_encrypted_is_refused(server):
    app = server.app("shop")
    path = f"/sa?project={app['write_key']}"
    refused = server.request("POST", "/sa?project=mpw_wrong", "data=e30")
    assert refused.status == 401 and refused.json()["field"] == "project"
    encrypted = server.request("POST", path, "data=%7B%22payloads%22%3A%5B%5D%7D&gzip=9")
    assert encrypted.status == 400 and "encryption plugin" in encrypted.json()["detail"]
    broken = server.request("POST", path, "data_list=***")
    assert broken.status == 400 and broken.json()["field"] == "data"
