"""Random histories through the loader, on both engines: rows and reports are the oracle's."""

import datetime
import json
import random

import pytest

import histories
import oracle
import oracle_reports
import oracle_wire
import rollups
from load_tool import LoadTool
from oracle_cycles import EPOCH
from store_tool import StoreTool

SEED = random.randrange(1 << 32)
EVENTS = 2000
BY = ("day", "week", "month")
FIGURES = ("visit_total", "visit_uv_new", "session_cnt", "visit_pv", "visit_uv", "stay_time_uv",
           "stay_time_session", "visit_depth")


@pytest.fixture
def history():
    made = histories.History(SEED, EVENTS)
    print(made)
    return made


@pytest.fixture
def tool(history, store_place, tmp_path):
    """A loader that knows the history's apps."""
    with LoadTool(tmp_path / "data", store_place) as running:
        for app, (zone, timeout_ms) in history.apps.items():
            running.ask(do="app", id=app, zone=zone, open_timeout_ms=timeout_ms)
        running.start()
        yield running


def load(tool, records):
    rng = random.Random(SEED)
    while records:
        size = rng.choice((1, 20, 300))
        tool.append(records[:size])
        records = records[size:]
    tool.drain()


def trend(store, history, app, by):
    after = history.last_day + datetime.timedelta(days=40)
    now_ms = (after - EPOCH).days * histories.DAY_MS
    answer = store.ask(do="report", name="trend", app=app, zone=history.apps[app][0],
                       now_ms=now_ms, until_ms=1, by=BY.index(by),
                       **{"from": (history.first_day - EPOCH).days,
                          "to": (history.last_day - EPOCH).days})
    return json.loads(answer.ok())["rows"]


def check_rows(store, history, events):
    days, firsts = rollups.read(store, rollups.read_users(store))
    apps = {app: oracle.App(*settings) for app, settings in history.apps.items()}
    wanted_days, wanted_firsts = oracle.rollups(events, apps)
    assert not rollups.differences(days, wanted_days)
    assert not rollups.differences(firsts, wanted_firsts)


def check_trend(store, history, app, its):
    for by in BY:
        wanted = its.trend(history.first_day, history.last_day, by)
        found = trend(store, history, app, by)
        assert [row["cycle"] for row in found] == [row["cycle"] for row in wanted]
        for row, want in zip(found, wanted):
            assert {name: row[name] for name in FIGURES} \
                == pytest.approx({name: want[name] for name in FIGURES}), (app, want["cycle"])


def test_a_history_ends_in_the_rows_and_figures_that_the_oracle_says(history, tool, store_place):
    events = oracle_wire.flat(history.uploads)
    load(tool, oracle_wire.records(history.uploads))
    with StoreTool(**store_place) as store:
        check_rows(store, history, events)
        for app, its in oracle_reports.oracles(events, history.apps).items():
            check_trend(store, history, app, its)
        tool.rebuild()
        check_rows(store, history, events)
