"""The oracle against rows of user_days and users, on random histories: what it says can be computed
from them, and two ways to the same number agree."""

import random

import pytest

import histories
import oracle
import oracle_reports
import oracle_wire
import scenes
from oracle_cycles import EPOCH, as_date, cycle_before, cycles

SEEDS = [random.randrange(1 << 32) for _ in range(2)]
FILTERS = (None, {"platform": 1}, {"platform": {0, 3}}, {"province": "广东"}, {"province": ""},
           {"app_version": {"1.0", "2.0"}}, {"visitor": "new"}, {"visitor": "returning"},
           {"source_group": 3}, {"source_group": {0, 2, 10}}, {"source_group": set(range(58))},
           {"source_group": {1, 2, 3}, "platform": {1, 2}, "visitor": "returning"})


class Rows:
    """One app's rows under a filter, as SQL would see them."""

    def __init__(self, days, firsts, filters):
        self.all = {(user, EPOCH + day * (as_date(1) - EPOCH)): row
                    for (day, user), row in days.items()}
        self.first = {kind: {user: as_date(day) for (user, which), day in firsts.items()
                             if which == kind} for kind in (1, 2)}
        self.filters = filters or {}
        self.groups = self.asked("source_group")

    def asked(self, name):
        value = self.filters.get(name)
        return None if value is None else value if isinstance(value, set) else {value}

    def keeps(self, user, day):
        row = self.all[user, day]
        is_new = self.first[1].get(user) == day
        return (all(self.asked(name) is None or row[name] in self.asked(name)
                    for name in ("platform", "province", "app_version"))
                and self.filters.get("visitor") in (None, "new" if is_new else "returning"))

    def keeps_with_source(self, user, day):
        return self.keeps(user, day) and (
            self.groups is None or scenes.group_of(self.all[user, day]["scene"]) in self.groups)

    def within(self, first, last, keeps):
        return [(user, day, row) for (user, day), row in self.all.items()
                if first <= day <= last and keeps(user, day)]

    def opens(self, first, last):
        return [(user, each) for user, _, row in self.within(first, last, self.keeps)
                for each in row["open"]
                if self.groups is None or scenes.group_of(each["scene"]) in self.groups]

    def visits(self, first, last):
        """(user, page views, dwell in ms)"""
        if self.groups is None:
            return [(user, row["visit_pv"], row["dwell_ms"])
                    for user, _, row in self.within(first, last, self.keeps)]
        return [(user, each["pv"], each["dwell_ms"]) for user, each in self.opens(first, last)]


def access(rows, cycle, before):
    visits, opens = rows.visits(*cycle), rows.opens(*cycle)
    active = {user for user, pv, _ in visits if pv}
    was_there = {user for user, _, row in rows.within(*before, lambda *_: True) if row["visit_pv"]}
    firsts = [day for user, day in rows.first[1].items() if rows.keeps_with_source(user, day)]
    dwell_s = sum(ms for *_, ms in visits) / 1000
    return {"visit_total": sum(day <= cycle[1] for day in firsts),
            "visit_uv_new": sum(cycle[0] <= day <= cycle[1] for day in firsts),
            "session_cnt": len(opens),
            "visit_pv": sum(pv for _, pv, _ in visits),
            "visit_uv": len(active),
            "stay_time_uv": dwell_s / len(active) if active else None,
            "stay_time_session": dwell_s / len(opens) if opens else None,
            "visit_depth": sum(each["depth"] for _, each in opens) / len(opens) if opens else None,
            "visit_uv_retained": len(active & was_there),
            "visit_uv_returned": sum(rows.first[1].get(user, cycle[1]) < before[0]
                                     for user in active - was_there)}


def doings(rows, cycle, total_before):
    found = rows.within(*cycle, rows.keeps_with_source)
    by_user = {}
    for user, _, row in found:
        by_user[user] = by_user.get(user, 0) + row["pay_cnt"]
    payers = {user for user, count in by_user.items() if count}
    ever = rows.within(EPOCH, cycle[1], rows.keeps_with_source)
    total, removed = additions(rows, cycle)
    return {"share_pv": sum(row["shares"] for *_, row in found),
            "share_uv": len({user for user, _, row in found if row["shares"]}),
            "add_total": total, "add_new": total - total_before, "add_removed": removed,
            "pay_amount_total": sum(row["pay_fen"] for *_, row in ever),
            "pay_cnt": sum(row["pay_cnt"] for *_, row in found),
            "pay_amount": sum(row["pay_fen"] for *_, row in found),
            "pay_uv": len(payers),
            "pay_uv_first": sum(cycle[0] <= day <= cycle[1] and rows.keeps_with_source(user, day)
                                for user, day in rows.first[2].items()),
            "pay_uv_repeat": sum(by_user[user] >= 2 or rows.first[2][user] < cycle[0]
                                 for user in payers),
            "refund_cnt": sum(row["refund_cnt"] for *_, row in found),
            "refund_amount": sum(row["refund_fen"] for *_, row in found)}


def additions(rows, cycle):
    """(add_total, add_removed)"""
    then, now, within = {}, {}, set()
    for user, day in sorted(rows.all, key=lambda key: key[1]):
        row = rows.all[user, day]
        if row["is_added_at_end"] and day <= cycle[1]:
            now[user] = day
            if day < cycle[0]:
                then[user] = row["is_added_at_end"]
        if row["adds"] and cycle[0] <= day <= cycle[1]:
            within.add(user)
    total = removed = 0
    for user, day in now.items():
        if rows.keeps_with_source(user, day):
            has_it = rows.all[user, day]["is_added_at_end"] == 1
            total += has_it
            removed += not has_it and (then.get(user) == 1 or user in within)
    return total, removed


def pages(rows, cycle):
    found = {}
    for user, _, row in rows.within(*cycle, rows.keeps_with_source):
        for page, each in row["page"].items():
            sums = found.setdefault(page, {"pv": 0, "dwell_ms": 0, "entries": 0, "exits": 0,
                                           "shares": 0, "users": set(), "sharers": set()})
            for name, value in each.items():
                sums[name] += value
            if each["pv"]:
                sums["users"].add(user)
            if each["shares"]:
                sums["sharers"].add(user)
    return {page: {"page_visit_pv": each["pv"], "page_visit_uv": len(each["users"]),
                   "page_staytime_pv": each["dwell_ms"] / 1000 / each["pv"] if each["pv"] else None,
                   "entrypage_pv": each["entries"], "exitpage_pv": each["exits"],
                   "exit_rate": each["exits"] / each["pv"] if each["pv"] else None,
                   "page_share_pv": each["shares"], "page_share_uv": len(each["sharers"])}
            for page, each in found.items()}


class Case:
    def __init__(self, seed):
        self.history = histories.History(seed, events=1600)
        print(self.history)
        events = oracle_wire.flat(self.history.uploads)
        apps = {app: oracle.App(*settings) for app, settings in self.history.apps.items()}
        self.oracles = oracle_reports.oracles(events, self.history.apps)
        self.days, self.firsts = oracle.rollups(events, apps)
        self.range = as_date(str(self.history.first_day)), as_date(str(self.history.last_day))

    def rows(self, app, filters):
        return Rows({(day, user): row for (owner, day, user), row in self.days.items()
                     if owner == app},
                    {(user, kind): day for (owner, user, kind), day in self.firsts.items()
                     if owner == app}, filters)


@pytest.fixture(scope="module", params=SEEDS)
def case(request):
    return Case(request.param)


@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize("filters", FILTERS, ids=range(len(FILTERS)))
def test_every_indicator_can_be_had_from_the_rows(case, by, filters):
    for app, its in case.oracles.items():
        rows = case.rows(app, filters)
        total = 0
        for cycle, told in zip(cycles(by, *case.range), its.trend(*case.range, by, filters)):
            wanted = {**access(rows, cycle, cycle_before(by, cycle)), **doings(rows, cycle, total)}
            total = wanted["add_total"]
            assert {name: told[name] for name in wanted} == pytest.approx(wanted), (app, cycle)


@pytest.mark.parametrize("filters", FILTERS, ids=range(len(FILTERS)))
def test_pages_and_distributions_can_be_had_from_the_rows(case, filters):
    for app, its in case.oracles.items():
        rows = case.rows(app, filters)
        for cycle in [*cycles("week", *case.range), case.range]:
            assert its.pages(*cycle, filters) == pages(rows, cycle)
            opens = rows.opens(*cycle)
            users = [user for user, _ in opens]
            assert its.frequency(*cycle, filters) \
                == oracle_reports.tally(users.count(user) for user in set(users))
            assert its.source(*cycle, filters)["groups"] == oracle_reports.opens_and_users(
                (scenes.group_of(each["scene"]), Opened(user)) for user, each in opens)
            assert sum(its.duration(*cycle, filters).values()) == len(opens)
            assert sum(its.depth(*cycle, filters).values()) == len(opens)


class Opened:
    def __init__(self, user):
        self.user = user


def test_visitors_are_new_retained_or_returned(case):
    for its in case.oracles.values():
        for by in ("day", "week", "month"):
            total = 0
            for row in its.trend(*case.range, by):
                total += row["visit_uv_new"]
                assert row["visit_total"] == total
                assert row["visit_uv"] == (row["visit_uv_new"] + row["visit_uv_retained"]
                                           + row["visit_uv_returned"])


def test_profiles_have_every_user_once(case):
    for its in case.oracles.values():
        for filters in FILTERS:
            row = its.figures(*case.range, filters)
            for dimension in oracle_reports.DIMENSIONS:
                for kind, figure in (("new", "visit_uv_new"), ("active", "visit_uv")):
                    found = its.profile(kind, dimension, *case.range, filters)
                    assert sum(found.values()) == row[figure]


def test_retention_by_a_day_is_the_visitors_who_come_on_both(case):
    for its in case.oracles.values():
        day_users = {}
        for view in its.facts.views:
            day_users.setdefault(view.day, set()).add(view.user)
        for cycle, row in zip(cycles("day", *case.range), its.retention("active", *case.range)):
            here = day_users.get(cycle[0], set())
            later = day_users.get(cycle[0] + 7 * (as_date(1) - EPOCH), set())
            assert (row["counts"][0], row["counts"][7]) == (len(here), len(here & later))
