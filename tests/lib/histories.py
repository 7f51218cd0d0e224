"""Random histories of mini programs, as uploads to /v1/collect (see tests/lib/oracle_wire.py).

    history = History(seed, events=3000)
    print(history)                             # names the seed and the era
    oracle_wire.flat(history.uploads)          # what they mean
    oracle_reports.oracles(events, history.apps)

Two apps with the same user and event ids; users who come once, stay away for weeks and come back;
opens across midnight, month ends and New Year, with and without ids; days on which nobody comes;
devices that change, clocks that are wrong, uploads that are late or come twice; payments of both
kinds, refunds, additions and removals. Same seed and sizes, same history."""

import datetime
import random
import zoneinfo

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# Zone of the first app, first day, days. Each has New Year in it and, but for Shanghai, a change of
# clocks: at midnight in São Paulo, by half an hour on Lord Howe.
ERAS = (("Asia/Shanghai", datetime.date(2026, 11, 25), 70),
        ("Europe/Berlin", datetime.date(2026, 10, 20), 85),
        ("America/Sao_Paulo", datetime.date(2018, 10, 29), 115),
        ("Australia/Lord_Howe", datetime.date(2026, 9, 28), 110),
        ("America/New_York", datetime.date(2024, 10, 28), 75))
PAGES = ("pages/index", "pages/goods", "pages/cart", "pages/list", "pages/search", "pages/help",
         "pages/me/中文", "pages/a", "pages/b", "pages/c", "pages/d", "pages/e", "pages/f")
SCENES = (1001, 1089, 1005, 1007, 1008, 1011, 1020, 1023, 1035, 1037, 1038, 1000, 1154, 1200)
REGIONS = (("中国", "广东", "深圳"), ("中国", "广东", "广州"), ("中国", "北京", "北京"),
           ("中国", "广东", ""), ("日本", "", ""), None)
PLATFORMS = ("ios", "android", "ohos", None)
MODELS = ("iPhone 15", "Mate 60", "Mi 14", "")
VERSIONS = ("1.0", "1.1", "2.0", "")
SKEWS_MS = (0, 0, 0, 700, -1500, -3 * MINUTE_MS, 50 * MINUTE_MS, -9 * HOUR_MS, 400 * DAY_MS)


class Person:
    def __init__(self, rng, name, days):
        self.name = name
        self.arrives = min(rng.randrange(days), rng.randrange(days))
        self.returns = rng.choice((0, 0.01, 0.03, 0.08, 0.3))
        self.away = set()
        if rng.random() < 0.4:
            begins = self.arrives + rng.randrange(1, 15)
            self.away = set(range(begins, begins + rng.choice((7, 20, 45))))
        self.hour = rng.randrange(24)
        self.platform = rng.choice(PLATFORMS)
        self.model = rng.choice(MODELS)
        self.version = rng.choice(VERSIONS)
        self.region = rng.choice(REGIONS)
        self.skew_ms = rng.choice(SKEWS_MS)
        self.has_ids = rng.random() < 0.6
        self.is_added = False
        self.orders = []

    def comes_on(self, rng, day, is_months_end):
        if day <= self.arrives:
            return day == self.arrives
        chance = max(self.returns, 0.3) if is_months_end else self.returns
        return day not in self.away and rng.random() < chance

    def changes(self, rng):
        """What is another from one open to the next: where they are, what they hold."""
        for field, values in (("platform", PLATFORMS), ("model", MODELS), ("version", VERSIONS),
                              ("region", REGIONS), ("skew_ms", SKEWS_MS)):
            if rng.random() < 0.15:
                setattr(self, field, rng.choice(values))


class History:
    """uploads: in the order of arrival. apps: {id: (zone, timeout_ms)}. first_day, last_day: dates
    between which nearly all events are. first_day, if given, moves the era there."""

    def __init__(self, seed, events=3000, apps=("shop", "tea"), first_day=None, days=None):
        self.seed = seed
        self.rng = random.Random(seed)
        zone, began, length = self.rng.choice(ERAS)
        zones = [zone] + [self.rng.choice(ERAS)[0] for _ in apps[1:]]
        self.apps = {app: (each, self.rng.choice((5, 30)) * MINUTE_MS)
                     for app, each in zip(apps, zones)}
        self.first_day = first_day or began
        self.days = days or length
        self.last_day = self.first_day + datetime.timedelta(days=self.days - 1)
        self.empty_days = self._empty_days()
        self.opens = self.event_count = 0
        self.uploads = []
        for app in self.apps:
            self._fill(app, events // len(self.apps))
        self.uploads.sort(key=lambda upload: upload["received_ms"])

    def __str__(self):
        zones = ", ".join(f"{app} in {zone}" for app, (zone, _) in self.apps.items())
        return (f"history with seed {self.seed}: {self.event_count} events of {zones} from "
                f"{self.first_day} to {self.last_day}")

    def _empty_days(self):
        if self.days < 20:
            return set()
        begins = self.rng.randrange(1, self.days - 9)
        week = set(range(begins, begins + 8))
        days = week | {self.rng.randrange(1, self.days) for _ in range(self.days // 15)}
        return {day for day in days if not self._is_months_end(day)}

    def _is_months_end(self, day):
        return (self.first_day + datetime.timedelta(days=day + 1)).day == 1

    def _fill(self, app, events):
        """Users, one after the other with all their days, until there are enough events."""
        enough = self.event_count + events
        number = 0
        while self.event_count < enough:
            number += 1
            person = Person(self.rng, f"user {number}", self.days)
            for day in range(person.arrives, self.days):
                is_end = self._is_months_end(day)
                if day not in self.empty_days and person.comes_on(self.rng, day, is_end):
                    for _ in range(self.rng.choice((1, 1, 1, 1, 2, 4))):
                        self._visit(app, person, day)
                if self.event_count >= enough:
                    break

    def _start_ms(self, app, person, day):
        """Mostly at the person's hour; often just before midnight, more so at a month's end."""
        rng = self.rng
        date = self.first_day + datetime.timedelta(days=day)
        at_midnight = rng.random() < (0.7 if self._is_months_end(day) else 0.12)
        midnight = datetime.datetime.combine(date + datetime.timedelta(days=at_midnight),
                                             datetime.time(), zoneinfo.ZoneInfo(self.apps[app][0]))
        ms = int(midnight.timestamp() * 1000)
        if at_midnight:
            return ms + rng.choice((-1, 0, -MINUTE_MS, -5 * MINUTE_MS, -3 * HOUR_MS))
        return ms + person.hour * HOUR_MS + rng.randrange(HOUR_MS)

    def _visit(self, app, person, day):
        person.changes(self.rng)
        visit = Visit(self, app, person, self._start_ms(app, person, day))
        visit.walk()
        for upload in visit.uploads():
            self.uploads.append(upload)
            if self.rng.random() < 0.1:
                self.uploads.append(self._again(upload))

    def _again(self, upload):
        """A retry whose first try had arrived: same ids, another clock reading."""
        later_ms = self.rng.choice((1, 3000, HOUR_MS, 20 * HOUR_MS))
        body = dict(upload["body"])
        if "sent" in body:
            body["sent"] += later_ms
        return {**upload, "received_ms": upload["received_ms"] + later_ms, "body": body}


class Visit:
    """One open, more or less, and what the app's server tells of it."""

    def __init__(self, history, app, person, start_ms):
        self.history = history
        self.rng = history.rng
        self.app = app
        self.timeout_ms = history.apps[app][1]
        self.person = person
        self.start_ms = self.at_ms = start_ms
        self.scene = self.rng.choice(SCENES) if self.rng.random() < 0.9 else None
        self.events = []
        self.server_events = []
        history.opens += 1
        self.open = {"id": f"{app}-{history.opens}", "start": start_ms} if person.has_ids else None

    def add(self, name, into=None, **fields):
        self.history.event_count += 1
        event = {"id": f"{self.history.event_count - self.offset_of_app()}", "name": name,
                 "time": self.at_ms, **fields}
        (self.events if into is None else into).append(event)

    def offset_of_app(self):
        """So that the apps' event ids are the same ones."""
        offsets = self.history.__dict__.setdefault("first_event", {})
        return offsets.setdefault(self.app, self.history.event_count - 1)

    def wait(self, *choices_ms):
        step_ms = self.rng.choice(choices_ms)
        self.at_ms += step_ms
        return step_ms

    def walk(self):
        rng, person = self.rng, self.person
        scene = {"scene": self.scene} if self.scene else {}
        if rng.random() < 0.2:
            self.add("$profile", props=rng.choice((
                {"gender": "female", "age": 31}, {"gender": "男"}, {"age": rng.randrange(5, 80)},
                {"gender": 1, "age": 17.9}, {"gender": "unknown", "age": -1},
                {"age": 50, "profile_type": "profile_increment"})))
        if rng.random() < 0.7:
            self.add("$launch", **scene)
            self.wait(0, 300)
        self.add("$show", **scene)
        if rng.random() < 0.95:
            for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 6, 14))):
                self.page()
        if rng.random() < 0.25:
            self.toggle()
        if rng.random() < 0.25:
            self.pay()
        if rng.random() < 0.8:
            self.add("$hide", dwell_ms=self.at_ms - self.start_ms)
        if rng.random() < 0.06:
            # Forgotten in the background, and back again.
            self.wait(self.timeout_ms - 1, self.timeout_ms, 9 * HOUR_MS, 30 * HOUR_MS)
            self.page()
        if person.orders and rng.random() < 0.3:
            self.refund()

    def page(self):
        rng = self.rng
        page = rng.choice(PAGES[:rng.choice((3, 7, 13))])
        written = rng.choice((page, page, "/" + page, page + "?id=7"))
        self.add("$page_view", page=written)
        stay_ms = self.wait(0, 999, 1500, 2999, 3000, 7000, 15000, 30999, 60000, 101000,
                            6 * MINUTE_MS)
        if rng.random() < 0.12:
            self.add("$share", page=page)
        if rng.random() < 0.1:
            self.add("$click", page=page)
        if rng.random() < 0.8:
            self.add("$page_leave", page=page, **({"dwell_ms": stay_ms} if rng.random() < 0.9
                                                  else {}))
        self.wait(0, 1, 200)

    def toggle(self):
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            self.person.is_added = not self.person.is_added
            self.add("$add" if self.person.is_added else "$remove")
            self.wait(1, 2000)

    def pay(self):
        """By the client within its open, or by the app's server some time later."""
        rng = self.rng
        for _ in range(rng.choice((1, 1, 1, 2))):
            order = f"{self.app}-{self.history.event_count}"
            kind = rng.choice(({}, {}, {"password_free": False}, {"password_free": True}))
            by_server = rng.random() < 0.4
            self.wait(1000, 30000)
            self.add("$pay", into=self.server_events if by_server else self.events,
                     order_id=order, amount_fen=rng.choice((0, 1, 990, 1990, 123456)), **kind)
            self.person.orders.append(order)

    def refund(self):
        now_ms = self.at_ms
        self.wait(HOUR_MS, 20 * HOUR_MS)
        self.add("$refund", into=self.server_events, order_id=self.person.orders.pop(),
                 amount_fen=self.rng.choice((1, 990)))
        self.at_ms = now_ms

    # ---- How it arrives ----

    def uploads(self):
        rest = list(self.events)
        while rest:
            size = self.rng.choice((2, 8, 1000))
            piece, rest = rest[:size], rest[size:]
            yield self.by_client(piece)
        for event in self.server_events:
            yield {"app": self.app, "received_ms": event["time"] + self.rng.randrange(1500),
                   "body": {"v": 1, "user": self.person.name, "events": [event]}}

    def by_client(self, events):
        rng, person = self.rng, self.person
        delay_ms = 0
        if rng.random() < 0.12:
            delay_ms = rng.choice((MINUTE_MS, 5 * HOUR_MS, 40 * HOUR_MS, 70 * HOUR_MS,
                                   100 * HOUR_MS))
        sent_ms = events[-1]["time"] + delay_ms
        skew_ms = person.skew_ms
        body = {"v": 1, "user": person.name, "sent": sent_ms + skew_ms,
                "context": {"platform": person.platform, "model": person.model,
                            "app_version": person.version},
                "events": [{**event, "time": event["time"] + skew_ms} for event in events]}
        if self.open:
            body["open"] = {"id": self.open["id"], "start": self.open["start"] + skew_ms}
        if rng.random() < 0.01:
            body["events"][-1]["time"] += 2 * HOUR_MS
        return {"app": self.app, "received_ms": sent_ms + rng.choice((5, 80, 900, 1999)),
                "body": body, "region": person.region}
