"""The oracle of real-time figures, by hand."""

import datetime

import pytest

from oracle_realtime import FIGURES, Realtime, start_of

DAY = datetime.date(2026, 11, 25)
MINUTE_MS = 60 * 1000
ZONE = "Asia/Shanghai"
START_MS = start_of(DAY, ZONE)


def view(user, minute, page, number=[0]):
    number[0] += 1
    return {"app": "shop", "user": user, "id": str(number[0]), "name": "$page_view",
            "time_ms": START_MS + minute * MINUTE_MS, "page": page}


def figures(*values):
    return dict(zip(FIGURES, values))


@pytest.fixture
def its():
    events = [view("old", -2000, "a"), view("old", 3, "b"), view("new", 4, "a"),
              view("new", 6, "b"), view("new", 6, "b"), view("new", 100, "b")]
    return Realtime(events + [dict(events[1])], "shop", ZONE, 30 * MINUTE_MS)


def test_a_day_is_told_step_by_step(its):
    assert its.total(DAY) == figures(3, 5, 2, 1)
    assert its.rows(DAY, 5) == {START_MS: figures(2, 2, 2, 1),
                                START_MS + 5 * MINUTE_MS: figures(0, 2, 1, 0),
                                START_MS + 100 * MINUTE_MS: figures(1, 1, 1, 0)}


def test_a_page_has_its_own_views_visitors_entries_and_new_visitors(its):
    assert its.total(DAY, "b") == figures(2, 4, 2, 1)
    assert its.rows(DAY, 5, "a") == {START_MS: figures(1, 1, 1, 1)}


def test_days_of_23_and_25_hours_have_as_many():
    for day, hours in ((datetime.date(2026, 3, 29), 23), (datetime.date(2026, 10, 25), 25)):
        length_ms = start_of(day + datetime.timedelta(1), "Europe/Berlin") \
            - start_of(day, "Europe/Berlin")
        assert length_ms == hours * 60 * MINUTE_MS
