"""Reports through the front door: a history is uploaded, every route is asked and compared with the
oracle; what the parameters may be."""

import csv
import datetime
import io
import json
import random
import urllib.parse
import zoneinfo

import pytest

import histories
import oracle_reports
import oracle_wire
import reports
from oracle_cycles import ONE_DAY
from server import Server

SEED = random.randrange(1 << 32)
REPORTS = ("overview", "trend", "source", "frequency", "duration", "depth", "retention", "pages",
           "profile")
A_YEAR_HOURS = 366 * 24


class Asker(reports.Reports):
    """tests/lib/reports.py's questions, over HTTP."""

    def __init__(self, server, app):
        super().__init__(None, app["id"], "UTC", reports.EPOCH)
        self.server = server
        self.token = app["token"]

    def get(self, name, **parameters):
        query = urllib.parse.urlencode(parameters)
        return self.server.request("GET", f"/v1/apps/{self.place['app']}/{name}?{query}",
                                   headers={"Authorization": f"Bearer {self.token}"})

    def ask(self, name, start, end, by=None, filters=None, active=False, **more):
        asked = {"from": start, "to": end, **more}
        if by:
            asked["by"] = by
        if name == "retention":
            asked["users"] = "active" if active else "new"
        for each, value in (filters or {}).items():
            asked[each] = value if isinstance(value, str) else ",".join(map(str, value))
        answer = self.get(name, **asked)
        assert answer.status == 200, answer
        return answer.body.decode()


def today_in(zone):
    return datetime.datetime.now(zoneinfo.ZoneInfo(zone)).date()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A history that ended a few days ago, uploaded as an SDK does it: the server, its apps, an
    oracle of each, and the range."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    history = histories.History(SEED, 800, first_day=today - 50 * ONE_DAY, days=45)
    print(history)
    uploads = [{**upload, "region": None} for upload in oracle_wire.settled(history.uploads)]
    with Server(tmp_path_factory.mktemp("reports") / "serve", late_hours=A_YEAR_HOURS) as server:
        apps = {app: server.app(app, "--zone", zone, "--open-timeout-ms", str(timeout_ms))
                for app, (zone, timeout_ms) in history.apps.items()}
        server.start()
        server.wait_ready()
        for upload in uploads:
            answer = server.request("POST", "/v1/collect", json.dumps(upload["body"]),
                                    {"X-Minipulse-Key": apps[upload["app"]]["write_key"],
                                     "Content-Type": "application/json"})
            assert answer.json()["rejected"] == 0, answer
        server.drain()
        events = oracle_wire.flat(uploads, late_ms=A_YEAR_HOURS * histories.HOUR_MS)
        oracles = {app: oracle_reports.oracles(events, {app: settings}, today_in(settings[0]))[app]
                   for app, settings in history.apps.items()}
        yield (server, apps, oracles,
               (history.first_day, history.last_day))


@pytest.fixture(params=["shop", "tea"])
def both(place, request):
    """(the oracle, who asks the server, the range) of an app."""
    server, apps, oracles, span = place
    return oracles[request.param], Asker(server, apps[request.param]), span


FILTERS = ({}, {"platform": "ios,unknown", "visitor": "new"}, {"source_group": "1,10,29"},
           {"app_version": "1.0,unknown", "visitor": "returning"}, {"province": "unknown"})
PLATFORMS = {"ios": 1, "android": 2, "other": 3, "unknown": 0}


def for_oracle(filters):
    """Filters as the oracle takes them."""
    found = {}
    for name, text in filters.items():
        values = text.split(",")
        found[name] = (text if name == "visitor" else
                       [int(each) for each in values] if name == "source_group" else
                       [PLATFORMS[each] for each in values] if name == "platform" else
                       ["" if each == "unknown" else each for each in values])
    return found


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: "+".join(filters) or "all")
def test_each_report_says_what_the_oracle_says(both, filters):
    its, ask, span = both
    known = for_oracle(filters)
    for by in reports.BY:
        rows = ask.rows("trend", *span, by=by, filters=filters)
        wanted = [reports.in_yuan(row) for row in its.trend(*span, by, known)]
        assert [row["cycle"] for row in rows] == [row["cycle"] for row in wanted]
        for row, want in zip(rows, wanted):
            for name in set(want) - {"cycle", "from", "to"}:
                assert row[name] == (None if want[name] is None else
                                     pytest.approx(want[name], abs=0.0051)), (by, row["cycle"],
                                                                              name)
        for kind in ("new", "active"):
            wanted = its.retention(kind, *span, by, known)
            for row in wanted:
                row["ratios"].pop(0)
            assert ask.retention(kind, *span, by=by, filters=filters) == wanted
    assert ask.source(*span, filters=filters) == its.source(*span, known)
    assert ask.frequency(*span, filters=filters) == its.frequency(*span, known)
    assert ask.buckets("duration", *span, filters=filters) == its.duration(*span, known)
    assert ask.buckets("depth", *span, filters=filters) == its.depth(*span, known)
    pages = ask.pages(*span, filters=filters)
    assert pages == {page: {name: None if value is None else pytest.approx(value)
                            for name, value in row.items()}
                     for page, row in its.pages(*span, known).items()}
    for dimension in oracle_reports.DIMENSIONS:
        for kind in ("new", "active"):
            assert ask.profile(kind, dimension, *span, filters=filters) \
                == its.profile(kind, dimension, *span, known), (kind, dimension)


def test_the_catalogue_lists_what_reports_give_and_nothing_else(both):
    _, ask, span = both
    answer = ask.server.request("GET", "/v1/catalogue",
                                headers={"Authorization": f"Bearer {ask.token}"})
    listed = answer.json()["indicators"]
    by_grain = {}
    for indicator in listed:
        assert indicator["name"]["zh"] and indicator["name"]["en"]
        assert indicator["definition"]["zh"] and indicator["definition"]["en"]
        by_grain.setdefault(indicator["grain"], []).append(indicator["id"])
    assert len({each["id"] for each in listed}) == len(listed)
    trend = ask.rows("trend", *span)[0]
    assert by_grain.pop("cycle") == [name for name in trend
                                     if name not in ("cycle", "from", "to", "is_running")]
    pages = ask.rows("pages", *span)[0]
    assert by_grain.pop("page") == [name for name in pages if name != "page"]
    assert by_grain.pop("cohort") == ["retention_new", "retention_active"]
    assert not by_grain


def test_a_second_range_comes_beside_the_first(both):
    _, ask, (first, last) = both
    half = first + (last - first) // 2
    told = ask.json("trend", half, last, by="week", compare=f"{first}/{half}")
    assert told["compare"]["rows"] == ask.rows("trend", first, half, by="week")
    assert (told["compare"]["from"], told["compare"]["to"]) \
        == (told["compare"]["rows"][0]["from"], told["compare"]["rows"][-1]["to"])
    assert told["rows"] == ask.rows("trend", half, last, by="week")


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "overview"])
def test_csv_has_the_columns_also_of_nothing(both, name):
    _, ask, (first, last) = both
    some = list(csv.reader(io.StringIO(ask.ask(name, first, last, format="csv"), newline="")))
    long_ago = (first - 400 * ONE_DAY, first - 399 * ONE_DAY)
    none = list(csv.reader(io.StringIO(ask.ask(name, *long_ago, format="csv"), newline="")))
    assert some[0] == none[0] and len(some) > 1
    assert all(len(row) == len(some[0]) for row in some + none)


WRONG = (
    ("trend", {"by": "year"}, "by"), ("trend", {"by": ""}, "by"),
    ("trend", {"compare": "2026-01-01"}, "compare"),
    ("trend", {"compare": "2026-02-01/2026-01-01"}, "compare"),
    ("trend", {"compare": "2026-01-01/2026-02-01", "format": "csv"}, "compare"),
    ("source", {"by": "day"}, "by"), ("source", {"compare": "2026-01-01/2026-01-02"}, "compare"),
    ("frequency", {"format": "xml"}, "format"), ("overview", {"format": "csv"}, "format"),
    ("overview", {"to": "2099-01-01"}, "to"), ("overview", {"to": "1970-01-05"}, "to"),
    ("duration", {"from": "2026-13-01"}, "from"), ("depth", {"to": "1969-12-31"}, "to"),
    ("depth", {"from": "2026-02-02", "to": "2026-02-01"}, "to"),
    ("retention", {"users": "all"}, "users"), ("retention", {"sort": "page"}, "sort"),
    ("pages", {"sort": "visit_pv"}, "sort"), ("pages", {"order": "up"}, "order"),
    ("pages", {"limit": "10001"}, "limit"), ("pages", {"limit": "-1"}, "limit"),
    ("pages", {"offset": "1e3"}, "offset"), ("pages", {"search": "x" * 257}, "search"),
    ("profile", {"visitor": "old"}, "visitor"), ("profile", {"platform": "ios,"}, "platform"),
    ("profile", {"source_group": "256"}, "source_group"),
    ("profile", {"source_group": "1' OR 1=1"}, "source_group"),
    ("profile", {"source_group": ",".join(["1"] * 65)}, "source_group"),
    ("profile", {"province": ""}, "province"), ("profile", {"province": "广东,,北京"}, "province"),
    ("profile", {"app_version": ",".join(map(str, range(65)))}, "app_version"),
)


@pytest.mark.parametrize("name, parameters, field", WRONG)
def test_a_wrong_parameter_is_named(both, name, parameters, field):
    answer = both[1].get(name, **parameters)
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["field"] == field and answer.json()["detail"]


@pytest.mark.parametrize("text", ["' OR '1'='1", "\\", "{app:String}", "--", "/*", "广'东\x00"])
def test_hostile_texts_are_values_that_nobody_has(both, text):
    _, ask, (first, last) = both
    for name in ("trend", "pages", "profile", "source"):
        told = ask.json(name, first, last, filters={"province": text, "app_version": text})
        if name == "trend":
            assert not any(row["visit_pv"] for row in told["rows"])
        else:
            assert told["rows"] == []
    assert ask.rows("pages", first, last, search=text) == []
