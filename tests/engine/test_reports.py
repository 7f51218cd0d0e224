"""Every report on random histories against the oracle, with and without filters, on both engines.
"""

import datetime
import random

import pytest

import histories
import oracle_reports
import oracle_wire
import reports
from load_tool import LoadTool
from oracle_cycles import ONE_DAY
from store_tool import StoreTool

SEED = random.randrange(1 << 32)
EVENTS = 2000
BY = ("day", "week", "month")
HALF_FEN = 0.005 + 1e-9  # money is told in whole fen
FILTERS = {"source_group": ([1], [1, 3], [10], [0, 22], [2, 29]), "platform": ([1], [0, 2], [3]),
           "province": (["广东"], ["", "北京"]), "app_version": (["1.0"], ["", "1.1", "2.0"]),
           "visitor": ("new", "returning")}


class Place:
    """A history that was loaded, and who asks about it."""

    def __init__(self, history, store, summed):
        self.history = history
        self.summed = summed
        self.store = store
        self.today = history.last_day + 2 * ONE_DAY
        self.oracles = oracle_reports.oracles(oracle_wire.flat(history.uploads), history.apps,
                                              self.today)

    def reports(self, app):
        return reports.Reports(self.store, app, self.history.apps[app][0], self.today,
                               self.summed)

    def each(self):
        return [(self.oracles[app], self.reports(app)) for app in self.history.apps]

    def some_range(self, rng):
        """Around the whole history, or a part of it."""
        first, last = self.history.first_day, self.history.last_day
        if rng.random() < 0.4:
            return first, last
        start = first + datetime.timedelta(days=rng.randrange(-3, self.history.days))
        return start, start + datetime.timedelta(days=rng.choice((0, 1, 6, 30)))


@pytest.fixture(scope="module", params=["embedded", "clickhouse"])
def loaded(request, tmp_path_factory):
    """A history in a store, summed up."""
    history = histories.History(SEED, EVENTS)
    print(history)
    if request.param == "embedded":
        where = {"url": request.getfixturevalue("shared_embedded").url}
    else:
        server = request.getfixturevalue("shared_clickhouse")
        where = {"url": server.url, "user": server.user, "password": server.password}
    where["database"] = "reports_test"
    with LoadTool(tmp_path_factory.mktemp("reports") / "data", where) as tool:
        for app, (zone, timeout_ms) in history.apps.items():
            tool.ask(do="app", id=app, zone=zone, open_timeout_ms=timeout_ms)
        tool.start()
        records = oracle_wire.records(history.uploads)
        for at in range(0, len(records), 300):
            tool.append(records[at:at + 300])
        tool.drain()
        tool.stop()
    with StoreTool(**where) as store:
        store.opened.ok()
        store.sum_up(tmp_path_factory.mktemp("summaries") / "here")
        yield history, store


@pytest.fixture(scope="module", params=["by SQL", "summed"])
def place(request, loaded):
    return Place(*loaded, request.param == "summed")


@pytest.fixture
def rng():
    print(f"seed {SEED}")
    return random.Random(SEED)


def some_filters(rng):
    """None, one of each kind, and some that are combined."""
    singles = [{name: value} for name, values in FILTERS.items() for value in values]
    pairs = [{name: rng.choice(FILTERS[name]) for name in rng.sample(sorted(FILTERS), 2)}
             for _ in range(4)]
    return [None, *rng.sample(singles, 6), *pairs]


def assert_figures(found, wanted, what):
    for name, value in wanted.items():
        told = found[name]
        if value is None or told is None:
            assert told is None and value is None, (what, name, told, value)
        elif name in reports.MONEY:
            assert abs(told - value) <= HALF_FEN, (what, name, told, value)
        else:
            assert told == pytest.approx(value), (what, name, told, value)


def figures_of(row):
    return {name: value for name, value in reports.in_yuan(row).items()
            if name not in ("cycle", "from", "to")}


def test_trend(place, rng):
    for its, ask in place.each():
        for filters in some_filters(rng):
            by = rng.choice(BY)
            start, end = place.some_range(rng)
            found = ask.rows("trend", start, end, by=by, filters=filters)
            wanted = its.trend(start, end, by, filters)
            assert [row["cycle"] for row in found] == [row["cycle"] for row in wanted]
            for row, want in zip(found, wanted):
                assert_figures(row, figures_of(want), (by, start, end, filters, row["cycle"]))


@pytest.mark.parametrize("by", BY)
def test_trend_of_all_of_history(place, by):
    for its, ask in place.each():
        wanted = its.trend(place.history.first_day, place.today, by)
        found = ask.rows("trend", place.history.first_day, place.today, by=by)
        assert [row["cycle"] for row in found] == [row["cycle"] for row in wanted]
        for row, want in zip(found, wanted):
            assert_figures(row, figures_of(want), (by, row["cycle"]))


def test_distributions(place, rng):
    for its, ask in place.each():
        for filters in some_filters(rng):
            span = place.some_range(rng)
            what = (span, filters)
            assert ask.source(*span, filters=filters) == its.source(*span, filters), what
            assert ask.frequency(*span, filters=filters) == its.frequency(*span, filters), what
            assert ask.buckets("duration", *span, filters=filters) \
                == its.duration(*span, filters), what
            assert ask.buckets("depth", *span, filters=filters) == its.depth(*span, filters), what


@pytest.mark.parametrize("kind", ["new", "active"])
def test_retention(place, rng, kind):
    for its, ask in place.each():
        for filters in some_filters(rng):
            by = rng.choice(BY)
            span = place.some_range(rng)
            found = ask.retention(kind, *span, by=by, filters=filters)
            wanted = its.retention(kind, *span, by, filters)
            for row in wanted:
                row["ratios"].pop(0)
            assert found == wanted, (by, span, filters)


def test_pages(place, rng):
    for its, ask in place.each():
        for filters in some_filters(rng):
            span = place.some_range(rng)
            found = ask.pages(*span, filters=filters)
            wanted = its.pages(*span, filters)
            assert found.keys() == wanted.keys(), (span, filters)
            for page, want in wanted.items():
                assert_figures(found[page], want, (span, filters, page))


def test_pages_are_sorted_searched_and_paged(place, rng):
    for its, ask in place.each():
        span = place.history.first_day, place.history.last_day
        wanted = its.pages(*span)
        for sort, name in enumerate(reports.SORTS):
            for ascending in (False, True):
                order = sort_pages(wanted, name, ascending)
                offset, limit = rng.randrange(3), rng.randrange(1, 6)
                document = ask.json("pages", *span, sort=sort, ascending=ascending, limit=limit,
                                    offset=offset)
                assert document["total"] == len(wanted)
                assert [row["page"] for row in document["rows"]] == order[offset:offset + limit]
        matching = [page for page in wanted if "ME" in page.upper()]
        document = ask.json("pages", *span, search="mE", limit=100, sort=8, ascending=True)
        assert [row["page"] for row in document["rows"]] == sorted(matching)
        assert document["total"] == len(matching)


def sort_pages(pages, name, ascending):
    """Undefined ratios are the least; pages of one value by their names."""
    def value(page):
        figure = pages[page].get(name, 0)
        return -1 if figure is None else figure
    by_name = sorted(pages, key=lambda page: page.encode())
    if name == "page":
        return by_name if ascending else by_name[::-1]
    return sorted(by_name, key=lambda page: value(page) if ascending else -value(page))


def test_profile(place, rng):
    for its, ask in place.each():
        for filters in some_filters(rng):
            span = place.some_range(rng)
            for kind in ("new", "active"):
                for dimension in oracle_reports.DIMENSIONS:
                    assert ask.profile(kind, dimension, *span, filters=filters) \
                        == its.profile(kind, dimension, *span, filters), (kind, dimension, span,
                                                                          filters)


def test_overview(place, rng):
    for its, ask in place.each():
        for filters in some_filters(rng)[:5]:
            day = place.history.first_day + datetime.timedelta(
                days=rng.randrange(place.history.days))
            start = day - rng.randrange(20) * ONE_DAY
            found = ask.json("overview", start, day, filters=filters, limit=3)
            wanted = its.overview(day, start, day, filters=filters, limit=3)
            check_overview(found, wanted, (start, day, filters))
            for name, figure in (("entry_pages", "entrypage_pv"),
                                 ("visited_pages", "page_visit_pv")):
                pages = [(row["page"], row[figure]) for row in found[name]]
                assert pages == [each[:2] for each in wanted[name]]
                assert [row["share"] for row in found[name]] \
                    == pytest.approx([each[2] for each in wanted[name]])


def check_overview(found, wanted, what):
    days, changes = wanted["days"], wanted["changes"]
    assert [row["id"] for row in found["figures"]] == list(
        row["id"] for row in found["figures"])
    told = {row["id"]: row for row in found["figures"]}
    assert told.keys() == days["yesterday"].keys()
    for name, row in told.items():
        assert_figures({name: row["value"]}, reports.in_yuan({name: days["yesterday"][name]}), what)
        for other in ("day_before", "week_ago", "month_ago"):
            assert_figures({name: row[other]["value"]}, reports.in_yuan({name: days[other][name]}),
                           what)
            change = changes[other][name]
            assert row[other]["change"] == (None if change is None
                                            else pytest.approx(change)), (what, name, other)


def test_csv_has_the_rows_of_json(place):
    span = place.history.first_day, place.history.last_day
    for _, ask in place.each():
        for name in ("trend", "source", "frequency", "duration", "depth", "pages", "profile"):
            told = ask.rows(name, *span, limit=50)
            written = ask.csv(name, *span, limit=50)
            assert len(told) == len(written), name
            for row, cells in zip(told, written):
                assert list(row) == list(cells), name
                for column, value in row.items():
                    assert cells[column] == text_of(value, cells[column]), (name, column)


def text_of(value, cell):
    """How CSV writes what JSON tells; numbers may be written in another way."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return cell if float(cell) == pytest.approx(value) else str(value)
    return value


def test_nobody_has_no_figures_and_no_errors(place):
    ask = reports.Reports(place.store, "nobody", "Asia/Shanghai", place.today,
                          place.summed)
    span = place.history.first_day, place.history.last_day
    for name in ("trend", "source", "frequency", "duration", "depth", "retention", "pages",
                 "profile", "overview"):
        for filters in (None, {"source_group": [1], "visitor": "new", "province": ["广东"]}):
            document = ask.json(name, *span, filters=filters, limit=10)
            assert document["app"] == "nobody"
            assert name in ("trend", "duration", "depth", "retention", "overview") \
                or document["rows"] == []
