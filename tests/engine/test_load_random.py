"""Random histories in random order: live rollups equal rebuilt ones, and both the oracle's."""

import random
import zoneinfo
import datetime

import pytest

import oracle
import rollups
from load_tool import LoadTool
from store_tool import StoreTool

SEEDS = [random.randrange(1 << 32) for _ in range(2)]
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
# Times of receipt are the events' here, days apart in any order: all must be remembered.
SETTINGS = {"dedupe_ms": 90 * DAY_MS}
# Of remembered events: none, so few that they are forgotten all the time, plenty.
CACHE_BYTES = (0, 60000, 64 << 20)
APPS = {"shop": oracle.App("America/New_York", 10 * 60 * 1000), "removed": oracle.App()}
# The clocks of New York go back on 1 November 2026: that day has 25 hours.
FIRST_DAY = datetime.date(2026, 10, 29)
DAYS = 8
PAGES = ("home", "goods", "cart", "me/中文")
NAMES = (("$page_view", 9), ("$page_leave", 6), ("$show", 2), ("$hide", 3), ("$launch", 3),
         ("$share", 1), ("$click", 1), ("custom", 1), ("$add", 1), ("$remove", 1), ("$pay", 1),
         ("$refund", 1), ("$profile", 1), ("$identify", 1))


class History:
    """Events as a few users' clients would send them, near the rules' edges on purpose."""

    def __init__(self, rng):
        self.rng = rng
        self.keys = 0

    def midnight_ms(self, app):
        day = FIRST_DAY + datetime.timedelta(days=self.rng.randrange(DAYS + 1))
        moment = datetime.datetime.combine(day, datetime.time(), APPS[app].zone)
        return int(moment.astimezone(datetime.timezone.utc).timestamp() * 1000)

    def start_ms(self, app):
        if self.rng.random() < 0.6:
            return self.midnight_ms(app) + self.rng.choice(
                (-1, 0, 1, -3000, 2000, -20 * 60000, -HOUR_MS, -5 * HOUR_MS))
        return self.midnight_ms(app) + self.rng.randrange(DAY_MS)

    def step_ms(self, timeout_ms):
        return self.rng.choice((0, 0, 1, 900, 3000, 4999, 5000, 5001, 60000, timeout_ms // 2,
                                timeout_ms - 1, timeout_ms, timeout_ms + 1, timeout_ms + 4000,
                                2 * timeout_ms, 6 * HOUR_MS, 14 * HOUR_MS))

    def event(self, app, user, time_ms, gap_ms, open_of):
        rng = self.rng
        name = rng.choices([n for n, _ in NAMES], [w for _, w in NAMES])[0]
        self.keys += 1
        event = {"app": app, "user": user, "key": f"k{self.keys}", "name": name,
                 "time_ms": time_ms, **open_of}
        if name in ("$page_view", "$page_leave", "$share", "$click"):
            event["page"] = rng.choice(PAGES)
        if name == "$page_leave":
            event["dwell_ms"] = rng.choice((None, 0, 700, gap_ms, gap_ms, gap_ms - 5000,
                                            gap_ms - 5001, 50 * HOUR_MS))
            if rng.random() < 0.2:
                event["page"] = ""
        if name == "$hide":
            event["dwell_ms"] = rng.choice((None, gap_ms, gap_ms - 1, 10))
        if name in ("$launch", "$show") or rng.random() < 0.1:
            event["scene"] = rng.choice((0, 1001, 1007, 1154))
        if name in ("$pay", "$refund"):
            event["amount_fen"] = rng.choice((0, 1, 9900))
            event["password_free"] = rng.random() < 0.3
        if event.get("dwell_ms") is not None and event["dwell_ms"] < 0:
            event["dwell_ms"] = 0
        return event

    def run_of_events(self, app, user):
        """One stretch of a user's time, with an open id or without."""
        rng = self.rng
        time_ms = self.start_ms(app)
        open_of = {}
        if rng.random() < 0.5:
            started = time_ms - rng.choice((0, 0, 1000, HOUR_MS, 13 * HOUR_MS, 40 * HOUR_MS))
            open_of = {"open_id": f"open-{rng.randrange(4)}",
                       "open_start_ms": rng.choice((started, started, 0, time_ms + 5000))}
        timeout_ms = APPS[app].timeout_ms
        steady = rng.choice((None, None, None, timeout_ms - 1, 3 * HOUR_MS))
        events = []
        for _ in range(rng.choice((1, 2, 5, 12, 40))):
            step_ms = steady or self.step_ms(timeout_ms)
            events.append(self.event(app, user, time_ms, step_ms, open_of))
            time_ms += step_ms
        return events

    def records(self):
        """Records of one user each, in random order, some sent twice."""
        rng = self.rng
        records = []
        for app in APPS:
            for user in [f"user {i}" for i in range(5)]:
                for _ in range(rng.randrange(1, 7)):
                    events = self.run_of_events(app, user)
                    while events:
                        size = rng.choice((1, 3, 10))
                        records.append(self.record(app, user, events[:size]))
                        events = events[size:]
        rng.shuffle(records)
        return records + rng.sample(records, len(records) // 10)

    def record(self, app, user, events):
        rng = self.rng
        context = {"app": app, "user": user, "received_ms": events[-1]["time_ms"],
                   "platform": rng.choice((0, 1, 2)), "model": rng.choice(("", "iPhone", "Mate")),
                   "app_version": rng.choice(("", "1.0"))}
        context.update(rng.choice((
            {}, {"country": "中国", "province": "广东", "city": "深圳"},
            {"country": "中国", "province": "北京"})))
        return {"context": context, "events": events}


def flat(records):
    """The events as the oracle takes them."""
    shared = ("app", "user", "platform", "model", "app_version", "country", "province", "city")
    return [{**{name: record["context"].get(name) for name in shared}, **event}
            for record in records for event in record["events"]]


def check(store, records, what):
    users = rollups.read_users(store)
    days, firsts = rollups.read(store, users)
    wanted_days, wanted_firsts = oracle.rollups(flat(records), APPS)
    assert not rollups.differences(days, wanted_days), what
    assert not rollups.differences(firsts, wanted_firsts), what


def load_some(tool, rng, records):
    """Appends records in pieces; drains, stops and starts in between. What was appended."""
    done = []
    rest = list(records)
    while rest:
        size = rng.choice((1, 4, 15, 60))
        tool.append(rest[:size])
        done += rest[:size]
        rest = rest[size:]
        if rng.random() < 0.15:
            tool.drain()
        if rng.random() < 0.05:
            tool.stop()
            tool.start(batch_events=rng.choice((1, 30, 100000)),
                       batch_wait_ms=rng.choice((0, 20)),
                       rollup_cache_bytes=rng.choice(CACHE_BYTES))
    tool.drain()
    return done


@pytest.fixture
def place(store_place):
    return store_place


@pytest.mark.parametrize("seed", SEEDS)
def test_live_rollups_equal_rebuilt_ones_and_the_oracle(place, tmp_path, seed):
    rng = random.Random(seed)
    records = History(rng).records()
    with LoadTool(tmp_path / "data", place, **SETTINGS) as tool, StoreTool(**place) as store:
        tool.ask(do="app", id="shop", zone="America/New_York", open_timeout_ms=10 * 60 * 1000)
        tool.start(rollup_wait_ms=rng.choice((0, 200)),
                   rollup_cache_bytes=rng.choice(CACHE_BYTES))
        half = len(records) // 2
        done = load_some(tool, rng, records[:half])
        check(store, done, "live")
        tool.rebuild()
        check(store, done, "rebuilt")
        tool.rebuild("shop")
        done += load_some(tool, rng, records[half:])
        check(store, done, "live again after a rebuild")
        unique = len({event["key"] for event in flat(records)})
        assert store.run("SELECT count() FROM events FORMAT TabSeparated").ok() \
            == b"%d\n" % unique
        tool.rebuild()
        check(store, done, "rebuilt again")


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_a_rebuild_forgets_what_no_event_supports(place, tmp_path, seed):
    rng = random.Random(seed)
    records = History(rng).records()
    with LoadTool(tmp_path / "data", place, **SETTINGS) as tool, StoreTool(**place) as store:
        tool.ask(do="app", id="shop", zone="America/New_York", open_timeout_ms=10 * 60 * 1000)
        tool.start()
        load_some(tool, rng, records)
        users = rollups.read_users(store)
        store.run("ALTER TABLE events DELETE WHERE app = 'shop' AND (user = 'user 1' OR"
                  " day < toDate('2026-11-02'))").ok()
        while store.run("SELECT count() FROM system.mutations WHERE is_done = 0"
                        " AND database = currentDatabase() FORMAT TabSeparated").ok() != b"0\n":
            pass
        for _ in range(2):
            tool.rebuild()
            left = [e for e in flat(records) if e["app"] != "shop" or (
                e["user"] != "user 1" and
                APPS["shop"].day(e["time_ms"]) >= oracle.App().day(1793577600000))]
            wanted_days, wanted_firsts = oracle.rollups(left, APPS)
            days, firsts = rollups.read(store, users)
            assert not rollups.differences(days, wanted_days)
            assert not rollups.differences(firsts, wanted_firsts)
