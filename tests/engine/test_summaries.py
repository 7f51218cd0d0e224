"""Summaries beside the rollups that they are made of: whatever comes, goes or breaks, reports read
from either are the same, byte by byte. test_reports.py holds both against the oracle."""

import datetime
import glob
import itertools
import os
import random
import shutil
import time

import pytest

import histories
import oracle_wire
import reports
from load_tool import LoadTool
from oracle_cycles import ONE_DAY
from store_tool import StoreTool

SEED = random.randrange(1 << 32)
EVENTS = 500
QUESTIONS = 16  # of each app, a check
NOBODY_LISTENS = "http://127.0.0.1:1"
PLAIN = ("overview", "source", "frequency", "duration", "depth", "pages", "profile")


class Place:
    """A store that is filled bit by bit, and summaries of it."""

    def __init__(self, tool, store, history, folder):
        self.tool = tool
        self.store = store
        self.history = history
        self.folder = folder
        self.records = oracle_wire.records(history.uploads)
        self.today = history.last_day + 2 * ONE_DAY

    def load(self, count):
        """The next so many records."""
        for at in range(0, count, 100):
            self.tool.append(self.records[at:min(at + 100, count)])
        del self.records[:count]
        self.tool.drain()

    def sum_up(self, again=False):
        return self.store.sum_up(self.folder, again=again)

    def questions(self, rng):
        """(name, from, to, other parameters): some of all there are"""
        return rng.sample(list(self.all_questions(rng)), QUESTIONS)

    def all_questions(self, rng):
        first, last = self.history.first_day, self.history.last_day
        begin = first + datetime.timedelta(days=rng.randrange(self.history.days))
        ranges = [(first, last), (begin, begin), (begin, begin + 6 * ONE_DAY)]
        for name, span in itertools.product(PLAIN, ranges):
            yield name, *span, {"limit": 20, "sort": rng.randrange(9)}
        for by, span in itertools.product(reports.BY, ranges):
            yield "trend", *span, {"by": by}
            for active in (False, True):
                yield "retention", *span, {"by": by, "active": active}

    def answers(self, rng, summed):
        return {(app, name, start, end, str(more)): reports.Reports(
                    self.store, app, zone, self.today, summed).ask(name, start, end, **more)
                for app, (zone, _) in self.history.apps.items()
                for name, start, end, more in self.questions(rng)}

    def check(self, seed=SEED):
        """Every question has one answer."""
        summed = self.answers(random.Random(seed), True)
        for question, answer in self.answers(random.Random(seed), False).items():
            assert summed[question] == answer, question


@pytest.fixture
def place(store_place, tmp_path):
    history = histories.History(SEED, EVENTS)
    print(history)
    with LoadTool(tmp_path / "data", store_place) as tool:
        for app, (zone, timeout_ms) in history.apps.items():
            tool.ask(do="app", id=app, zone=zone, open_timeout_ms=timeout_ms)
        tool.start()
        with StoreTool(**store_place) as store:
            store.opened.ok()
            yield Place(tool, store, history, tmp_path / "summaries")


def change_files(place, pattern, change):
    found = glob.glob(f"{place.folder}/*/{pattern}")
    assert found
    for path in found:
        change(path)


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


def flip(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) * 2 // 3)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0x10]))


def test_late_events_change_summaries_of_the_days_they_touch_and_of_later_figures(place, rng):
    rng.shuffle(place.records)
    place.load(len(place.records) // 2)
    assert place.sum_up() > 0
    place.check()
    while place.records:
        place.load(min(len(place.records), rng.choice((1, 30, 200))))
        if rng.random() < 0.5 or not place.records:
            place.sum_up()
            place.check()


def test_a_day_is_summed_up_again_only_when_its_rows_have_changed(place):
    place.load(len(place.records) // 2)
    days = place.sum_up()
    assert days > 1 and place.sum_up() == 0 and place.sum_up(again=True) == 0
    place.load(1)
    assert 0 < place.sum_up() <= 4


def test_a_rebuild_is_seen_and_gives_the_same_answers(place):
    place.load(len(place.records))
    place.sum_up()
    before = place.answers(random.Random(SEED), True)
    place.tool.rebuild()
    assert place.sum_up() > 0
    assert place.answers(random.Random(SEED), True) == before
    place.check()


def test_days_without_rows_go(place):
    place.load(len(place.records) // 2)
    place.sum_up()
    place.tool.stop()
    app = next(iter(place.history.apps))
    place.store.run(f"ALTER TABLE user_days DELETE WHERE app = '{app}'"
                    f" AND day > '{place.history.first_day}'").ok()
    place.store.run("ALTER TABLE user_days DELETE WHERE app = 'tea'").ok()
    deadline = time.monotonic() + 60
    while place.store.run("SELECT count() FROM system.mutations WHERE NOT is_done"
                          " AND database = currentDatabase() FORMAT TabSeparated").ok() != b"0\n":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    place.store.run("TRUNCATE TABLE users").ok()
    for kind, column in ((1, "visit_pv"), (2, "pay_cnt")):
        place.store.run(f"""INSERT INTO users SELECT app, user_hash, {kind},
            65535 - toUInt16(min(day)), min(day), '' FROM user_days FINAL WHERE {column} > 0
            GROUP BY app, user_hash""").ok()
    place.sum_up()
    place.check()


def test_reports_without_filters_ask_the_store_nothing(place):
    place.load(len(place.records))
    place.sum_up()
    before = place.answers(random.Random(SEED), False)
    place.store.ask(do="open", url=NOBODY_LISTENS, database="none").ok()
    assert place.answers(random.Random(SEED), True) == before
    app, (zone, _) = next(iter(place.history.apps.items()))
    for more in ({"platform": [1]}, {"visitor": "new"}):
        outcome = place.store.ask(do="report", name="trend", app=app, zone=zone, summed=True, by=0,
                                  now_ms=1, **{"from": 20000, "to": 20001}, **more)
        assert outcome.code == "ok" or outcome.code == "unavailable"
        with pytest.raises(AssertionError):
            reports.Reports(place.store, app, zone, place.today, True).ask(
                "source", place.history.first_day, place.history.last_day, filters=more)


def test_an_app_is_asked_of_the_store_until_all_its_days_are_summed_up(place):
    place.load(len(place.records) // 2)
    assert place.sum_up() > 0
    place.load(len(place.records))
    place.store.ask(do="open", url=NOBODY_LISTENS, database="none").ok()
    # It cannot be known yet what has changed: what was summed up holds.
    assert place.answers(random.Random(SEED), True)
    assert place.store.ask(do="summaries", dir=str(place.folder), again=True).code == "unavailable"
    with pytest.raises(AssertionError):
        place.answers(random.Random(SEED), True)


@pytest.mark.parametrize("pattern", ["*.day", "people", "numbers"])
@pytest.mark.parametrize("change", [os.remove, cut, flip])
def test_what_is_missing_or_damaged_on_disk_is_made_anew(place, pattern, change):
    place.load(len(place.records))
    place.sum_up()
    if pattern == "numbers" and change is flip:
        change = os.remove  # a wrong hash is a user whom nobody is: its day's marks tell nothing
    change_files(place, pattern, change)
    place.sum_up(again=True)
    place.check()


def test_killed_while_it_sums_up_it_goes_on_where_it_was(place, store_place, rng):
    place.load(len(place.records))
    for _ in range(8):
        with StoreTool(**store_place) as victim:
            victim.opened.ok()
            victim.send(do="summaries", dir=str(place.folder))
            time.sleep(rng.random() * 0.5)
            victim.process.kill()
    place.sum_up()
    place.check()


def test_summaries_of_another_store_are_made_anew(place):
    place.load(len(place.records) // 2)
    place.sum_up()
    place.load(len(place.records))
    elsewhere = f"{place.folder}.other"
    shutil.copytree(place.folder, elsewhere)
    place.sum_up()
    place.folder = elsewhere
    place.sum_up(again=True)
    place.check()
