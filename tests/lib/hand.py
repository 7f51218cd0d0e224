"""Small histories written by hand, for the tests of the oracle.

    hand = Hand("Asia/Shanghai")
    hand.visit("ann", "2026-11-24 10:00:00", ("home", 2.5), ("goods", 4), scene=1007, platform=1)
    hand.add("ann", "2026-11-24 10:00:06", "$pay", amount_fen=990)
    hand.oracle().trend("2026-11-24", "2026-11-24")"""

import datetime
import zoneinfo

from oracle_reports import Oracle


class Hand:
    def __init__(self, zone="Asia/Shanghai", timeout_ms=30 * 60 * 1000):
        self.zone = zone
        self.timeout_ms = timeout_ms
        self.events = []
        self.opens = 0

    def ms(self, when):
        moment = datetime.datetime.fromisoformat(when).replace(tzinfo=zoneinfo.ZoneInfo(self.zone))
        return round(moment.timestamp() * 1000)

    def add(self, user, when, name, **fields):
        """An event; without open_id it is what the rules make of it."""
        time_ms = when if isinstance(when, int) else self.ms(when)
        self.events.append({"app": "shop", "user": user, "id": f"{len(self.events)}",
                            "name": name, "time_ms": time_ms, **fields})
        return self

    def visit(self, user, when, *stays, **fields):
        """An open of its own with a page view and leave for each (page, seconds)."""
        self.opens += 1
        at_ms = self.ms(when)
        opened = {"open_id": f"open {self.opens}", "open_start_ms": at_ms, **fields}
        if not stays:
            self.add(user, at_ms, "$show", **opened)
        for page, seconds in stays:
            self.add(user, at_ms, "$page_view", page=page, **opened)
            at_ms += round(seconds * 1000)
            self.add(user, at_ms, "$page_leave", page=page, dwell_ms=round(seconds * 1000),
                     **opened)
        return self

    def oracle(self, today=None):
        return Oracle(self.events, self.zone, self.timeout_ms, today)
