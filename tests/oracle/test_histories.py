"""Random histories have in them what they are there for."""

import random
import zoneinfo
import datetime

import pytest

import histories
import oracle_reports
import oracle_wire

SEEDS = [random.randrange(1 << 32) for _ in range(12)]


@pytest.fixture(scope="module")
def many():
    """Several histories: rare things need not be in each."""
    found = [histories.History(seed, events=2000) for seed in SEEDS]
    for each in found:
        print(each)
    return found


def local(history, event):
    zone = zoneinfo.ZoneInfo(history.apps[event["app"]][0])
    return datetime.datetime.fromtimestamp(event["time_ms"] // 1000, zone)


def test_a_seed_gives_the_same_history_again():
    one, same, other = (histories.History(seed, events=500) for seed in (7, 7, 8))
    assert one.uploads == same.uploads and one.uploads != other.uploads
    assert str(one) == str(same) and "seed 7:" in str(one)


def test_sizes_and_dates_can_be_chosen():
    first = datetime.date(2026, 3, 1)
    history = histories.History(3, events=900, first_day=first, days=9)
    assert 900 <= history.event_count < 1100
    assert history.last_day == datetime.date(2026, 3, 9)
    days = {local(history, event).date() for event in oracle_wire.flat(history.uploads)}
    assert min(days) >= first - datetime.timedelta(days=1)
    assert max(days) <= history.last_day + datetime.timedelta(days=6)


def test_uploads_come_in_the_order_of_arrival(many):
    for history in many:
        times = [upload["received_ms"] for upload in history.uploads]
        assert times == sorted(times)


def test_apps_share_user_and_event_ids(many):
    for history in many:
        events = oracle_wire.flat(history.uploads)
        for field in ("user", "id"):
            shop, tea = ({event[field] for event in events if event["app"] == app}
                         for app in history.apps)
            assert shop & tea


def test_every_kind_of_trouble_occurs(many):
    seen = set()
    for history in many:
        seen |= troubles(history)
    assert seen == {"repeated", "late", "too late", "ahead", "wrong clock", "latency",
                    "with id", "without id", "password-free", "paid", "refund", "no region",
                    "several platforms", "added and removed", "open across midnight",
                    "open across a month's end", "open across New Year", "empty day",
                    "gender", "age", "came back after weeks", "clocks change"}


def troubles(history):
    seen = {"repeated" if len({event["key"] for event in oracle_wire.flat(history.uploads)})
            < len(oracle_wire.flat(history.uploads)) else ""}
    for upload in history.uploads:
        seen |= troubles_of_upload(upload)
    events = oracle_wire.flat(history.uploads)
    for its in oracle_reports.oracles(events, history.apps).values():
        seen |= troubles_of_app(its, history)
    return seen - {""}


def troubles_of_upload(upload):
    offset_ms = oracle_wire.offset_of(upload)
    body = upload["body"]
    seen = {"wrong clock" if offset_ms else "latency" if body.get("sent") else "",
            "with id" if body.get("open") else "without id",
            "" if upload.get("region") else "no region"}
    for event in body["events"]:
        behind_ms = upload["received_ms"] - event["time"] - offset_ms
        seen.add("too late" if behind_ms > oracle_wire.LATE_MS else
                 "late" if behind_ms > histories.HOUR_MS else
                 "ahead" if behind_ms < -oracle_wire.FUTURE_MS else "")
        if event["name"] == "$pay":
            seen.add("password-free" if event.get("password_free") else "paid")
        seen.add({"$refund": "refund"}.get(event["name"], ""))
    return seen


def troubles_of_app(its, history):
    facts = its.facts
    seen = {"gender" if facts.gender else "", "age" if facts.age else "",
            "several platforms" if len({each["platform"] for each in facts.known.values()}) > 2
            else ""}
    by_day = {}
    for toggle in facts.toggles:
        by_day.setdefault((toggle.user, toggle.day), set()).add(toggle.is_added)
    seen.add("added and removed" if {True, False} in by_day.values() else "")
    for began, exited in crossings(its):
        seen.add("open across midnight")
        seen.add("open across a month's end" if began.month != exited.month else "")
        seen.add("open across New Year" if began.year != exited.year else "")
    days = {view.day for view in facts.views}
    every = [history.first_day + datetime.timedelta(days=n) for n in range(history.days)]
    seen.add("empty day" if set(every) - days else "")
    rows = its.trend(history.first_day, history.last_day, "week")
    seen.add("came back after weeks" if any(row["visit_uv_returned"] for row in rows) else "")
    for zone, _ in history.apps.values():
        offsets = {datetime.datetime.combine(day, datetime.time(12),
                                             zoneinfo.ZoneInfo(zone)).utcoffset() for day in every}
        seen.add("clocks change" if len(offsets) > 1 else "")
    return seen


def crossings(its):
    """(day on which it began, day of its last view) of opens that cross a midnight."""
    return [(entry.day, leave.day) for entry, leave in zip(its.facts.entries, its.facts.exits)
            if entry.day != leave.day]
