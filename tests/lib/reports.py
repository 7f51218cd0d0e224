"""Reports asked of report/ through StoreTool, in the shape of tests/lib/oracle_reports.py."""

import csv
import io
import json

from oracle_cycles import EPOCH

BY = ("day", "week", "month")
DAY_MS = 24 * 3600 * 1000
SORTS = ("page_visit_pv", "page_visit_uv", "page_staytime_pv", "entrypage_pv", "exitpage_pv",
         "exit_rate", "page_share_pv", "page_share_uv", "page")
NUMBERED = ("gender", "platform", "age")  # dimensions whose values are numbers
MONEY = ("pay_amount_total", "pay_amount", "refund_amount", "pay_amount_per_order",
         "pay_amount_per_user")


class Reports:
    """One app's; today is a day that is given at noon UTC."""

    def __init__(self, store, app, zone, today, summed=False):
        self.store = store
        self.place = {"app": app, "zone": zone, "until_ms": 1, "summed": summed,
                      "now_ms": (today - EPOCH).days * DAY_MS + DAY_MS // 2}

    def ask(self, name, start, end, by="day", filters=None, **more):
        asked = {each: list(value) if isinstance(value, (list, tuple, set)) else [value]
                 for each, value in (filters or {}).items() if each != "visitor"}
        if filters and "visitor" in filters:
            asked["visitor"] = filters["visitor"]
        return self.store.ask(do="report", name=name, by=BY.index(by),
                              **{"from": (start - EPOCH).days, "to": (end - EPOCH).days},
                              **self.place, **asked, **more).ok().decode()

    def json(self, name, *range_, **more):
        return json.loads(self.ask(name, *range_, **more))

    def rows(self, name, *range_, **more):
        return self.json(name, *range_, **more)["rows"]

    def csv(self, name, *range_, **more):
        return list(csv.DictReader(io.StringIO(self.ask(name, *range_, csv=True, **more),
                                               newline="")))

    # ---- In the oracle's shape ----

    def source(self, *range_, **more):
        found = {"groups": {}, "scenes": {}}
        for row in self.rows("source", *range_, **more):
            kind, key = ("groups", row["source_group"]) if row["scene"] is None \
                else ("scenes", row["scene"])
            assert key not in found[kind]
            found[kind][key] = {"opens": row["session_cnt"], "users": row["users"]}
        return found

    def frequency(self, *range_, **more):
        return {row["session_cnt"]: row["users"] for row in self.rows("frequency", *range_, **more)}

    def buckets(self, name, *range_, **more):
        """Duration or depth; empty buckets are left out, as the oracle does."""
        return {row["key"]: row["session_cnt"] for row in self.rows(name, *range_, **more)
                if row["session_cnt"]}

    def pages(self, *range_, **more):
        document = self.json("pages", *range_, limit=10000, **more)
        found = {row.pop("page"): row for row in document["rows"]}
        assert document["total"] == len(found) == len(document["rows"])
        return found

    def profile(self, kind, dimension, *range_, **more):
        name = "visit_uv_new" if kind == "new" else "visit_uv"
        return {int(row["value"]) if dimension in NUMBERED else row["value"]: row[name]
                for row in self.rows("profile", *range_, **more)
                if row["dimension"] == dimension and row[name]}

    def retention(self, kind, *range_, **more):
        return [{"cycle": row["cycle"],
                 "counts": {0: row["users"], **{each["n"]: each["users"]
                                                for each in row["retained"]}},
                 "ratios": {each["n"]: each["ratio"] for each in row["retained"]}}
                for row in self.rows("retention", *range_, active=kind == "active", **more)]


def in_yuan(figures):
    """The oracle's figures, money as reports tell it."""
    return {name: value / 100 if name in MONEY and value is not None else value
            for name, value in figures.items()}
