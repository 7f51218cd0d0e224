"""One app's history as plain facts: who did what on which day of the app's zone.

Made from raw events as tests/lib/oracle.py takes them; which events are one open and how long a
page was looked at is decided there. Nothing is summed up here."""

import dataclasses
import datetime

import oracle
import oracle_cycles
import scenes

MALE, FEMALE = 1, 2
AGE_MAX = 150
PROFILES_THAT_SET = (None, "profile_set", "profile_set_once")


@dataclasses.dataclass(frozen=True)
class Fact:
    """Something that counts on a day of a user."""
    user: str
    day: datetime.date
    page: str = ""
    ms: int = 0
    fen: int = 0
    is_added: bool = False


@dataclasses.dataclass(frozen=True)
class OpenFact:
    user: str
    day: datetime.date  # on which it began
    scene: int
    pages: tuple  # of its page views, in order
    dwell_ms: int

    @property
    def group(self):
        return scenes.group_of(self.scene)

    @property
    def depth(self):
        return len(set(self.pages))


class Facts:
    """views, stays, entries, exits, shares, toggles, payments, refunds: lists of Fact, each user's
    in the order of time. opens: list of OpenFact. first_visit, first_payment: day by user.
    known: what is known of a user on a day, by (user, day): platform, model, app_version, region
    (country, province, city) and group. gender, age: by user."""

    def __init__(self, events, zone, timeout_ms):
        self.views, self.stays, self.entries, self.exits = [], [], [], []
        self.shares, self.toggles, self.payments, self.refunds = [], [], [], []
        self.opens = []
        self.known = {}
        self.gender, self.age = {}, {}
        app = oracle.App(zone, timeout_ms)
        for user, mine in events_by_user(events, app).items():
            self._take_events(user, mine)
            self._take_opens(user, oracle.opens_of(mine, app), app)
        self.first_visit = first_days(self.views)
        self.first_payment = first_days(self.payments)

    def _take_events(self, user, events):
        for event in events:
            day = oracle_cycles.as_date(event["day"])
            name, fen = event["name"], event.get("amount_fen") or 0
            if name == "$page_view":
                self.views.append(Fact(user, day, page=event.get("page") or ""))
            if name == "$share":
                self.shares.append(Fact(user, day, page=event.get("page") or ""))
            if name in ("$add", "$remove"):
                self.toggles.append(Fact(user, day, is_added=name == "$add"))
            if name == "$pay" and not event.get("password_free"):
                self.payments.append(Fact(user, day, fen=fen))
            if name == "$refund":
                self.refunds.append(Fact(user, day, fen=fen))
            if name == "$profile":
                self._take_profile(user, event.get("props") or {})
            self._take_known(user, day, event)

    def _take_known(self, user, day, event):
        known = self._known_on(user, day)
        for field in ("platform", "model", "app_version"):
            if event.get(field):
                known[field] = event[field]
        region = tuple(event.get(field) or "" for field in ("country", "province", "city"))
        if any(region):
            known["region"] = region

    def _known_on(self, user, day):
        return self.known.setdefault((user, day), {
            "platform": 0, "model": "", "app_version": "", "region": ("", "", ""), "group": None})

    def _take_profile(self, user, props):
        if props.get("profile_type") not in PROFILES_THAT_SET:
            return
        gender, age = gender_of(props.get("gender")), age_of(props.get("age"))
        if gender is not None:
            self.gender[user] = gender
        if age is not None:
            self.age[user] = age

    def _take_opens(self, user, opens, app):
        for opened in opens:
            day = oracle_cycles.as_date(opened.begin_day)
            stays = oracle.dwells_of(opened, app)
            views = opened.views()
            pages = tuple(view.get("page") or "" for view in views)
            told = [event["scene"] for event in opened.events if event.get("scene")]
            fact = OpenFact(user, day, told[0] if told else 0, pages, sum(ms for *_, ms in stays))
            self.opens.append(fact)
            known = self._known_on(user, day)
            if known["group"] is None:
                known["group"] = fact.group
            for event, page, ms in stays:
                self.stays.append(Fact(user, oracle_cycles.as_date(event["day"]), page, ms))
            if views:
                first, last = (oracle_cycles.as_date(views[at]["day"]) for at in (0, -1))
                self.entries.append(Fact(user, first, pages[0]))
                self.exits.append(Fact(user, last, pages[-1]))


def events_by_user(events, app):
    """Each event once, in the order of time, with its day and place in that order."""
    keyed = [{"key": (event["app"], event.get("id")), **event} for event in events]
    by_user = {}
    for event in oracle.without_repeats(keyed):
        by_user.setdefault(event["user"], []).append(
            {**event, "day": app.day(event["time_ms"])})
    for mine in by_user.values():
        mine.sort(key=lambda each: each["time_ms"])
        for order, event in enumerate(mine):
            event["order"] = order
    return by_user


def first_days(facts):
    first = {}
    for fact in facts:
        first[fact.user] = min(fact.day, first.get(fact.user, fact.day))
    return first


def gender_of(value):
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return {"male": MALE, "男": MALE, "female": FEMALE, "女": FEMALE}.get(value.lower())
    return value if value in (MALE, FEMALE) else None


def age_of(value):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value <= AGE_MAX else None
