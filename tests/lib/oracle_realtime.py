"""What real-time figures should say, computed slowly from raw events, all of history at once.

Events are those of tests/lib/oracle_wire.py; the rules are those of docs/indicators.md,
"Real-time"."""

import datetime
import zoneinfo

import oracle
import oracle_facts

FIGURES = ("session_cnt", "visit_pv", "visit_uv", "visit_uv_new")
MINUTE_MS = 60 * 1000


def start_of(day, zone):
    """The first moment of a date, UTC ms; of one whose midnight is left out, the first after it."""
    midnight = datetime.datetime.combine(day, datetime.time(), zoneinfo.ZoneInfo(zone))
    ms = int(midnight.timestamp() * 1000)
    while date_of(ms, zone) < day:
        ms += MINUTE_MS
    while date_of(ms - 1, zone) == day:
        ms -= MINUTE_MS
    return ms


def date_of(ms, zone):
    return datetime.datetime.fromtimestamp(ms / 1000, zoneinfo.ZoneInfo(zone)).date()


class Realtime:
    """One app's history."""

    def __init__(self, events, app, zone, timeout_ms):
        self.zone = zone
        place = oracle.App(zone, timeout_ms)
        self.views, self.opens, self.first = [], [], {}
        mine = [event for event in events if event["app"] == app]
        for user, theirs in oracle_facts.events_by_user(mine, place).items():
            for event in theirs:
                if event["name"] == "$page_view":
                    self.views.append((event["time_ms"], user, event.get("page") or ""))
                    self.first[user] = min(self.first.get(user, event["time_ms"]),
                                           event["time_ms"])
            for opened in oracle.opens_of(theirs, place):
                views = opened.views()
                entry = (views[0].get("page") or "") if views else None
                self.opens.append((opened.begin_ms, entry))

    def between(self, start_ms, end_ms, page=None):
        views = [(user, seen) for ms, user, seen in self.views if start_ms <= ms < end_ms
                 and page in (None, seen)]
        users = {user for user, _ in views}
        opens = [entry for ms, entry in self.opens if start_ms <= ms < end_ms
                 and page in (None, entry)]
        new = {user for user in users if start_ms <= self.first[user] < end_ms}
        return dict(zip(FIGURES, (len(opens), len(views), len(users), len(new))))

    def total(self, day, page=None):
        start_ms, end_ms = self._bounds(day)
        return self.between(start_ms, end_ms, page)

    def rows(self, day, step, page=None):
        """{start: figures} of the steps in which something happened."""
        start_ms, end_ms = self._bounds(day)
        found = {}
        for ms in range(start_ms, end_ms, step * MINUTE_MS):
            figures = self.between(ms, min(ms + step * MINUTE_MS, end_ms), page)
            if any(figures.values()):
                found[ms] = figures
        return found

    def _bounds(self, day):
        return (start_of(day, self.zone), start_of(day + datetime.timedelta(days=1), self.zone))
