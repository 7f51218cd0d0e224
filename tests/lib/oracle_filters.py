"""What a filter keeps of an app's facts: docs/indicators.md, "Filters and profiles"."""

import oracle_facts

NEW, RETURNING = "new", "returning"
NAMES = ("source_group", "platform", "province", "app_version", "visitor")


def values_of(filters, name):
    """None when there is no such filter, else the set of values asked for."""
    asked = (filters or {}).get(name)
    if asked is None:
        return None
    return set(asked) if isinstance(asked, (set, frozenset, list, tuple)) else {asked}


class Kept:
    """Facts that a filter leaves. filters: a dict of NAMES to a value or several, or None.

    visits and stays are those that visit_pv and dwell count; views_of_pages and stays_of_pages
    those of the page report. Without a filter by source group the two are the same."""

    def __init__(self, facts, filters=None):
        unknown = set(filters or {}) - set(NAMES)
        assert not unknown, f"no such filter: {unknown}"
        self.facts = facts
        self.asked = {name: values_of(filters, name) for name in NAMES}
        self.opens = [each for each in facts.opens if self.keeps_open(each)]
        self.shares = self._of_kept_days(facts.shares)
        self.payments = self._of_kept_days(facts.payments)
        self.refunds = self._of_kept_days(facts.refunds)
        self.entries = self._of_kept_days(facts.entries)
        self.exits = self._of_kept_days(facts.exits)
        self.views_of_pages = self._of_kept_days(facts.views)
        self.stays_of_pages = self._of_kept_days(facts.stays)
        self.first_visit = self._of_kept_first_days(facts.first_visit)
        self.first_payment = self._of_kept_first_days(facts.first_payment)
        if self.asked["source_group"] is None:
            self.visits, self.stays = self.views_of_pages, self.stays_of_pages
        else:
            self.visits = [oracle_facts.Fact(each.user, each.day, page)
                           for each in self.opens for page in each.pages]
            self.stays = [oracle_facts.Fact(each.user, each.day, ms=each.dwell_ms)
                          for each in self.opens]

    def keeps_day(self, user, day):
        """Whether all filters but the one by source group keep that day of that user."""
        known = self.facts.known[user, day]
        is_first = self.facts.first_visit.get(user) == day
        values = {"platform": known["platform"], "province": known["region"][1],
                  "app_version": known["app_version"], "visitor": NEW if is_first else RETURNING}
        return all(self.asked[name] is None or value in self.asked[name]
                   for name, value in values.items())

    def keeps_day_and_source(self, user, day):
        groups = self.asked["source_group"]
        group = self.facts.known[user, day]["group"] or 0
        return self.keeps_day(user, day) and (groups is None or group in groups)

    def keeps_open(self, opened):
        groups = self.asked["source_group"]
        return self.keeps_day(opened.user, opened.day) and (groups is None
                                                            or opened.group in groups)

    def _of_kept_days(self, facts):
        return [each for each in facts if self.keeps_day_and_source(each.user, each.day)]

    def _of_kept_first_days(self, days):
        return {user: day for user, day in days.items() if self.keeps_day_and_source(user, day)}


def within(facts, first, last):
    """Facts of a range of days, both inclusive."""
    return [each for each in facts if first <= each.day <= last]


def users_of(facts):
    return {each.user for each in facts}
