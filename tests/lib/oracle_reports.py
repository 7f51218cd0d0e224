"""Every indicator and section of docs/indicators.md, computed slowly from one app's raw events.

    oracle = Oracle(events, "Asia/Shanghai", 30 * 60 * 1000, today="2027-02-01")
    oracle.trend("2026-12-28", "2027-01-03", "week", {"platform": 1, "visitor": "new"})

events: dicts as tests/lib/oracle.py describes them, of this app alone (`oracles` splits several
apps), in the order of the journal, with "id" (or a "key") and, for $profile, "props". They carry
corrected times: tests/lib/oracle_wire.py makes them of uploads to /v1/collect. All events are
taken to be in, and all opens to have ended.

Days are dates or texts like 2026-11-24, ranges inclusive. filters: a dict of source_group,
platform, province, app_version (a value or several; 0 and "" = unknown) and visitor ("new" or
"returning"). With `today`, cycles that begin later are left out; without it all are there.

Seconds are floats, money is fen, undefined ratios are None. Independent of the product: no code,
no SQL and no table of its own is used."""

import oracle_indicators
from oracle_cycles import (DAY, MONTH, WEEK, ONE_DAY, as_date, cycle_after, cycle_before,
                           cycles, label, month_ago)
from oracle_facts import Facts
from oracle_filters import Kept, users_of, within

OFFSETS = {DAY: (0, 1, 2, 3, 4, 5, 6, 7, 14, 30), WEEK: tuple(range(9)), MONTH: tuple(range(7))}
# Key of Weixin's getVisitDistribution and the greatest whole second, or page, that it takes.
DURATIONS = ((1, 2), (2, 5), (3, 10), (4, 20), (5, 30), (6, 50), (7, 100), (8, None))
DEPTHS = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (7, None))
AGE_BANDS = ((1, 17), (2, 24), (3, 29), (4, 39), (5, 49), (6, None))
DIMENSIONS = ("province", "city", "gender", "platform", "model", "age")


def oracles(events, apps, today=None):
    """An Oracle for each of apps: {id: (zone, timeout_ms)}."""
    return {app: Oracle([event for event in events if event["app"] == app], zone, timeout_ms,
                        today) for app, (zone, timeout_ms) in apps.items()}


def bucket_of(buckets, number):
    """The key of the first bucket that reaches as far as that number."""
    return next(key for key, most in buckets if most is None or number <= most)


class Oracle:
    def __init__(self, events, zone="Asia/Shanghai", timeout_ms=30 * 60 * 1000, today=None):
        assert len({event["app"] for event in events}) <= 1, "events of several apps: use oracles"
        self.facts = Facts(events, zone, timeout_ms)
        self.today = as_date(today) if today else None

    # ---- Indicators over time ----

    def trend(self, start, end, by=DAY, filters=None):
        """A row a cycle: cycle, from, to, and every indicator but the page ones."""
        kept = Kept(self.facts, filters)
        return [{"cycle": label(by, cycle), "from": cycle[0], "to": cycle[1],
                 **oracle_indicators.figures(kept, cycle, cycle_before(by, cycle))}
                for cycle in self._begun(by, start, end)]

    def figures(self, start, end, filters=None):
        """The indicators of a range taken as one cycle, as many days before it as the one
        before."""
        first, last = as_date(start), as_date(end)
        before = (first - (last - first) - ONE_DAY, first - ONE_DAY)
        return oracle_indicators.figures(Kept(self.facts, filters), (first, last), before)

    def overview(self, yesterday, start, end, compare=None, by=DAY, filters=None, limit=10):
        """days: yesterday's figures and those of the days it is compared with; changes: by such a
        day and indicator; trend and (of the range compare) compare: rows; entry_pages and
        visited_pages of the range."""
        yesterday = as_date(yesterday)
        days = {"yesterday": yesterday, "day_before": yesterday - ONE_DAY,
                "week_ago": yesterday - 7 * ONE_DAY, "month_ago": month_ago(yesterday)}
        found = {name: self.figures(day, day, filters) for name, day in days.items()}
        return {"days": found,
                "changes": {name: changes(found["yesterday"], found[name])
                            for name in ("day_before", "week_ago", "month_ago")},
                "trend": self.trend(start, end, by, filters),
                "compare": self.trend(*compare, by, filters) if compare else None,
                "entry_pages": self.top_pages(start, end, "entrypage_pv", limit, filters),
                "visited_pages": self.top_pages(start, end, "page_visit_pv", limit, filters)}

    def _begun(self, by, start, end):
        all_cycles = cycles(by, as_date(start), as_date(end))
        return [cycle for cycle in all_cycles if self._has_begun(cycle)]

    def _has_begun(self, cycle):
        return self.today is None or cycle[0] <= self.today

    # ---- Distributions over a range ----

    def source(self, start, end, filters=None):
        """{"groups": {group: {"opens", "users"}}, "scenes": {scene: …}}, only what occurs."""
        opens = self._opens(start, end, filters)
        return {"groups": opens_and_users((each.group, each) for each in opens),
                "scenes": opens_and_users((each.scene, each) for each in opens)}

    def frequency(self, start, end, filters=None):
        """Users by number of opens."""
        opens = self._opens(start, end, filters)
        return tally(sum(each.user == user for each in opens) for user in users_of(opens))

    def duration(self, start, end, filters=None):
        """Opens by key of DURATIONS."""
        return tally(bucket_of(DURATIONS, each.dwell_ms // 1000)
                     for each in self._opens(start, end, filters))

    def depth(self, start, end, filters=None):
        """Opens by key of DEPTHS."""
        return tally(bucket_of(DEPTHS, each.depth) for each in self._opens(start, end, filters))

    def _opens(self, start, end, filters):
        return within(Kept(self.facts, filters).opens, as_date(start), as_date(end))

    # ---- Pages ----

    def pages(self, start, end, filters=None):
        """{page: its eight indicators}."""
        return oracle_indicators.page_figures(Kept(self.facts, filters), as_date(start),
                                              as_date(end))

    def top_pages(self, start, end, figure, limit=10, filters=None):
        """[(page, number, share of all pages)], the greatest number first, then by name; pages
        without any are left out."""
        numbers = {page: row[figure] for page, row in self.pages(start, end, filters).items()
                   if row[figure]}
        total = sum(numbers.values())
        order = sorted(numbers, key=lambda page: (-numbers[page], page.encode()))
        return [(page, numbers[page], numbers[page] / total) for page in order[:limit]]

    # ---- Retention ----

    def retention(self, kind, start, end, by=DAY, filters=None, offsets=None):
        """kind: "new" or "active". A row a cycle: cycle, counts and ratios by N, of OFFSETS[by]
        unless given; None in cycles that have not begun and in ratios of an empty cohort."""
        kept = Kept(self.facts, filters)
        rows = []
        for cycle in self._begun(by, start, end):
            cohort = cohort_of(kept, kind, *cycle)
            counts = {offset: self._retained(cohort, cycle_after(by, cycle, offset), offset)
                      for offset in offsets or OFFSETS[by]}
            rows.append({"cycle": label(by, cycle), "counts": counts,
                         "ratios": {offset: None if count is None
                                    else oracle_indicators.ratio(count, len(cohort))
                                    for offset, count in counts.items()}})
        return rows

    def _retained(self, cohort, later, offset):
        if offset == 0:
            return len(cohort)
        if not self._has_begun(later):
            return None
        return len(cohort & users_of(within(self.facts.views, *later)))

    # ---- Profile ----

    def profile(self, kind, dimension, start, end, filters=None):
        """kind: "new" or "active"; dimension: one of DIMENSIONS. {value: users}; unknown is "" of
        texts and 0 of numbers; ages are keys of AGE_BANDS."""
        assert dimension in DIMENSIONS, dimension
        first, last = as_date(start), as_date(end)
        kept = Kept(self.facts, filters)
        return tally(self._value_of(kept, user, dimension, first, last)
                     for user in cohort_of(kept, kind, first, last))

    def _value_of(self, kept, user, dimension, first, last):
        if dimension == "gender":
            return self.facts.gender.get(user, 0)
        if dimension == "age":
            return bucket_of(AGE_BANDS, self.facts.age[user]) if user in self.facts.age else 0
        days = sorted(day for owner, day in self.facts.known
                      if owner == user and first <= day <= last and kept.keeps_day(user, day))
        known = [self.facts.known[user, day] for day in days]
        if dimension in ("province", "city"):
            regions = [each["region"] for each in known if any(each["region"])]
            _, province, city = regions[-1] if regions else ("", "", "")
            return province if dimension == "province" else city
        values = [each[dimension] for each in known if each[dimension]]
        return values[-1] if values else (0 if dimension == "platform" else "")


def cohort_of(kept, kind, first, last):
    """Users who are new or active in a range."""
    if kind == "new":
        return {user for user, day in kept.first_visit.items() if first <= day <= last}
    assert kind == "active", kind
    return users_of(within(kept.visits, first, last))


def changes(now, then):
    """By indicator, how much more it is than then, as a part of what it was."""
    return {name: None if value is None or not then[name] else value / then[name] - 1
            for name, value in now.items()}


def tally(values):
    found = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return found


def opens_and_users(pairs):
    """pairs: (key, open)."""
    opens = {}
    for key, each in pairs:
        opens.setdefault(key, []).append(each)
    return {key: {"opens": len(some), "users": len(users_of(some))}
            for key, some in opens.items()}
