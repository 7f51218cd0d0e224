"""report/'s trend against a slow computation in Python, on random rollups, on both engines."""

import csv
import datetime
import io
import json
import struct
import uuid
import zoneinfo

import pytest

EPOCH = datetime.date(1970, 1, 1)
DAY, WEEK, MONTH = 0, 1, 2
FIGURES = ("visit_total", "visit_uv_new", "session_cnt", "visit_pv", "visit_uv", "stay_time_uv",
           "stay_time_session", "visit_depth")


@pytest.fixture
def tool(migrated):
    return migrated


def number(date):
    return (date - EPOCH).days


def date_of(day):
    return EPOCH + datetime.timedelta(days=day)


def text(value):
    assert len(value) < 128
    return bytes([len(value)]) + value.encode()


# ---- Rollups as the loader writes them: several versions of a row, the greatest holds ----

class Rollups:
    def __init__(self, tool):
        self.tool = tool
        self.days = {}
        self.first = {}

    def add_days(self, rows):
        """rows: (app, day, user, version, visit_pv, dwell_ms, opens, depth_sum)"""
        by_month = {}
        for row in rows:
            by_month.setdefault(date_of(row[1]).replace(day=1), []).append(row)
            key, version = row[:3], row[3]
            if key not in self.days or self.days[key][0] <= version:
                self.days[key] = row[3:]
        for part in by_month.values():
            body = b"".join(text(app) + struct.pack("<HQQIQII", *rest) for app, *rest in part)
            self.tool.insert("user_days", "app LowCardinality(String), day Date, user_hash UInt64,"
                             " version UInt64, visit_pv UInt32, dwell_ms UInt64, opens UInt32,"
                             " depth_sum UInt32", body, len(part), uuid.uuid4().hex).ok()

    def add_first(self, rows):
        """rows: (app, user, kind, day); the earliest holds."""
        for app, user, kind, day in rows:
            key = (app, user, kind)
            self.first[key] = min(day, self.first.get(key, day))
        body = b"".join(text(app) + struct.pack("<QBHH", user, kind, 65535 - day, day)
                        + text(f"user {user}") for app, user, kind, day in rows)
        self.tool.insert("users", "app LowCardinality(String), user_hash UInt64, kind UInt8,"
                         " rank UInt16, first_day Date, user String", body, len(rows),
                         uuid.uuid4().hex).ok()


def random_rollups(tool, rng, first_day, last_day):
    rollups = Rollups(tool)
    users = [rng.choice((rng.getrandbits(64), i)) for i in range(25)]
    apps = ("shop", "shop2", "o'hara\\")
    for version in range(1, rng.randrange(3, 6)):
        rows = {}
        for _ in range(rng.randrange(20, 150)):
            app, user = rng.choice(apps), rng.choice(users)
            day = rng.randrange(first_day, last_day + 1)
            opens = rng.choice((0, 1, 1, 2, 5))
            visit_pv = rng.choice((0, 0, 1, 3, 4000000000))
            rows[app, day, user] = (app, day, user, version, visit_pv,
                                    rng.choice((0, 1, 999, rng.randrange(10 ** 9))), opens,
                                    rng.randrange(opens * 3 + 1))
        rollups.add_days(list(rows.values()))
        rollups.add_first([(rng.choice(apps), rng.choice(users), rng.choice((1, 1, 2)),
                            rng.randrange(first_day, last_day + 1))
                           for _ in range(rng.randrange(5, 40))])
    return rollups


# ---- The same question, answered slowly ----

def cycle_of(by, day):
    """(first day, last day) of the cycle that has that day."""
    date = date_of(day)
    if by == WEEK:
        first = day - date.weekday()
        return first, first + 6
    if by == MONTH:
        first = date.replace(day=1)
        after = (first + datetime.timedelta(days=32)).replace(day=1)
        return number(first), number(after) - 1
    return day, day


def label(by, first, last):
    if by == WEEK:
        return f"{date_of(first)}/{date_of(last)}"
    return f"{date_of(first)}"[:7] if by == MONTH else f"{date_of(first)}"


def ratio(above, below):
    return above / below if below else None


def expected_rows(rollups, app, by, first, last, today):
    rows = []
    at, end = cycle_of(by, first)[0], cycle_of(by, last)[1]
    while at <= min(end, today):
        start, stop = cycle_of(by, at)
        days = [(key, row) for key, row in rollups.days.items()
                if key[0] == app and start <= key[1] <= stop]
        firsts = [day for (owner, _, kind), day in rollups.first.items()
                  if owner == app and kind == 1]
        dwell_s = sum(row[2] for _, row in days) / 1000
        opens = sum(row[3] for _, row in days)
        visitors = len({key[2] for key, row in days if row[1] > 0})
        rows.append({
            "cycle": label(by, start, stop), "from": f"{date_of(start)}", "to": f"{date_of(stop)}",
            "is_running": stop >= today,
            "visit_total": sum(day <= stop for day in firsts),
            "visit_uv_new": sum(start <= day <= stop for day in firsts),
            "session_cnt": opens, "visit_pv": sum(row[1] for _, row in days),
            "visit_uv": visitors, "stay_time_uv": ratio(dwell_s, visitors),
            "stay_time_session": ratio(dwell_s, opens),
            "visit_depth": ratio(sum(row[4] for _, row in days), opens)})
        at = stop + 1
    return rows


def close(left, right):
    if left is None or right is None or isinstance(left, (str, bool)):
        return left == right
    return abs(left - right) <= 1e-9 * max(abs(left), abs(right))


def assert_same(rows, wanted):
    assert [row["cycle"] for row in rows] == [row["cycle"] for row in wanted]
    for row, want in zip(rows, wanted):
        assert list(row)[:len(want)] == list(want)
        for key, value in want.items():
            assert close(row[key], value), (row["cycle"], key, row[key], value)


def ask(tool, app="shop", zone="Asia/Shanghai", now_ms=0, **request):
    return tool.ask(do="report", name="trend", app=app, zone=zone, now_ms=now_ms, **request)


def noon_ms(day, zone):
    at = datetime.datetime.combine(date_of(day), datetime.time(12), zoneinfo.ZoneInfo(zone))
    return int(at.timestamp() * 1000)


@pytest.mark.parametrize("by", [DAY, WEEK, MONTH])
def test_trend_is_what_a_slow_computation_says(tool, rng, by):
    first_day = rng.randrange(19000, 21000)
    last_day = first_day + rng.choice((5, 40, 100))
    rollups = random_rollups(tool, rng, first_day, last_day)
    for _ in range(8):
        app = rng.choice(("shop", "shop2", "nobody", "o'hara\\"))
        zone = rng.choice(("Asia/Shanghai", "America/Los_Angeles", "UTC"))
        today = rng.randrange(first_day - 3, last_day + 5)
        start = rng.randrange(first_day - 20, last_day + 3)
        stop = rng.randrange(start, last_day + 40)
        outcome = ask(tool, app, zone, noon_ms(today, zone), until_ms=1, by=by,
                      **{"from": start, "to": stop})
        document = json.loads(outcome.ok())
        assert document["app"] == app and document["zone"] == zone
        assert document["by"] == ("day", "week", "month")[by]
        assert document["from"] == f"{date_of(cycle_of(by, start)[0])}"
        assert document["to"] == f"{date_of(cycle_of(by, stop)[1])}"
        assert document["complete_until"] == "1970-01-01T00:00:00.001Z"
        assert_same(document["rows"], expected_rows(rollups, app, by, start, stop, today))


def test_csv_has_the_same_rows_and_empty_cells_where_json_has_null(tool, rng):
    rollups = random_rollups(tool, rng, 20000, 20010)
    outcome = ask(tool, now_ms=noon_ms(20011, "UTC"), zone="UTC", by=DAY, csv=True,
                  **{"from": 19998, "to": 20012})
    body = outcome.ok().decode()
    assert body.endswith("\r\n") and "\n" not in body.replace("\r\n", "")
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    wanted = expected_rows(rollups, "shop", DAY, 19998, 20012, 20011)
    assert list(rows[0])[:4 + len(FIGURES)] == ["cycle", "from", "to", "is_running", *FIGURES]
    assert len(rows) == len(wanted) == 14
    for row, want in zip(rows, wanted):
        assert row["cycle"] == want["cycle"]
        assert row["is_running"] == ("true" if want["is_running"] else "false")
        for figure in FIGURES:
            assert close(float(row[figure]) if row[figure] else None, want[figure])


def test_today_is_a_day_of_the_apps_zone(tool):
    # 20:00 UTC on day 20000 is the next day in Shanghai already.
    now_ms = (20000 * 24 + 20) * 3600 * 1000
    for zone, last in (("Asia/Shanghai", 20001), ("UTC", 20000), ("America/New_York", 20000)):
        rows = json.loads(ask(tool, zone=zone, now_ms=now_ms, by=DAY,
                              **{"from": 19999, "to": 20005}).ok())["rows"]
        assert rows[-1]["cycle"] == f"{date_of(last)}" and rows[-1]["is_running"] is True
        assert rows[-2]["is_running"] is False


def test_a_range_that_has_not_begun_has_no_rows(tool):
    document = json.loads(ask(tool, now_ms=noon_ms(20000, "UTC"), by=WEEK,
                              **{"from": 20100, "to": 20200}).ok())
    assert document["rows"] == [] and document["complete_until"] is None


def test_bad_ranges_name_the_parameter(tool):
    for field, request in (("to", {"from": 20000, "to": 19999, "by": DAY}),
                           ("from", {"from": 16000, "to": 20000, "by": DAY}),
                           ("from", {"from": -5, "to": 20000, "by": MONTH}),
                           ("from", {"from": 1, "to": 2, "by": WEEK}),
                           ("to", {"from": 20000, "to": 60000, "by": MONTH}),
                           ("by", {"from": 20000, "to": 20001, "by": 3})):
        outcome = ask(tool, **request)
        assert (outcome.code, outcome.field) == ("argument", field), request


def test_ten_years_of_days_are_answered(tool):
    rows = json.loads(ask(tool, now_ms=noon_ms(30000, "UTC"), by=DAY,
                          **{"from": 16301, "to": 20000}).ok())["rows"]
    assert len(rows) == 3700
    assert rows[0]["stay_time_uv"] is None and rows[0]["visit_total"] == 0
