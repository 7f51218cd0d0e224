"""What user_days and users should hold, computed slowly from raw events, all of history at once.

An event is a dict with app, user, key, name, time_ms and, where it has them, open_id,
open_start_ms, scene, page, dwell_ms (None = not measured), amount_fen, password_free, platform,
model, app_version, country, province, city. Events are given in the order of the journal. The
rules are those of docs/indicators.md and docs/load.md; nothing here is taken from src/."""

import datetime
import zoneinfo

EPOCH = datetime.date(1970, 1, 1)
SLACK_MS = 5000
VIEWS_BACK = 16
NO_PRESENCE = {"$pay", "$refund", "$identify", "$profile"}


class App:
    def __init__(self, zone="Asia/Shanghai", timeout_ms=30 * 60 * 1000):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.timeout_ms = timeout_ms

    def day(self, time_ms):
        seconds, rest = divmod(time_ms, 1000)
        moment = datetime.datetime.fromtimestamp(seconds, self.zone)
        return (moment.date() - EPOCH).days


class Open:
    def __init__(self, begin_ms, begin_day):
        self.begin_ms = begin_ms
        self.begin_day = begin_day
        self.events = []

    def views(self):
        return [event for event in self.events if event["name"] == "$page_view"]


def without_repeats(events):
    """The first of all events that share a key."""
    first = {}
    for event in events:
        first.setdefault(event["key"], event)
    return list(first.values())


# ---- Opens ----------------------------------------------------------------------------------

def begins_anew(stretch, event, before, app):
    """Whether an event without an open id begins an open, `before` being the one before it."""
    if abs(event["day"] - before["day"]) > 1:
        return True
    if event["name"] == "$launch":
        first = stretch[0]
        is_reordered = (first["name"] in ("$show", "$page_view")
                        and event["time_ms"] - first["time_ms"] < SLACK_MS
                        and not any(each["name"] == "$launch" for each in stretch))
        return not is_reordered
    gap = event["time_ms"] - before["time_ms"]
    if gap < app.timeout_ms:
        return False
    was_there = event["name"] in ("$page_leave", "$hide") and event.get("dwell_ms") is not None \
        and event["dwell_ms"] >= gap - SLACK_MS
    return not was_there


def stretches_without_id(events, app):
    stretches = []
    for event in events:
        if stretches and not begins_anew(stretches[-1], event, stretches[-1][-1], app):
            stretches[-1].append(event)
        else:
            stretches.append([event])
    return stretches


def stretches_with_id(events):
    stretches = []
    for event in events:
        if stretches and abs(event["day"] - stretches[-1][-1]["day"]) <= 1:
            stretches[-1].append(event)
        else:
            stretches.append([event])
    return stretches


def opens_of_stretch(stretch, app):
    """Cuts a stretch: an open lives on the day it began and the next one."""
    first = stretch[0]
    begin_ms, begin_day = first["time_ms"], first["day"]
    start_ms = first.get("open_start_ms") or 0
    if first.get("open_id") and 0 < start_ms <= first["time_ms"] \
            and app.day(start_ms) in (first["day"] - 1, first["day"]):
        begin_ms, begin_day = start_ms, app.day(start_ms)
    days = [begin_day]
    opens = [Open(begin_ms, begin_day)]
    for event in stretch:
        if event["day"] != days[-1]:
            days.append(event["day"])
            if len(days) > 2:
                opens.append(Open(event["time_ms"], event["day"]))
        opens[-1].events.append(event)
    return opens


def opens_of(events, app):
    """The opens of one user, in the order of their first events."""
    stretches = stretches_without_id(
        [e for e in events if not e.get("open_id") and e["name"] not in NO_PRESENCE], app)
    for open_id in {e["open_id"] for e in events if e.get("open_id")}:
        stretches += stretches_with_id([e for e in events if e.get("open_id") == open_id])
    opens = [each for stretch in stretches for each in opens_of_stretch(stretch, app)]
    return sorted(opens, key=lambda each: each.events[0]["order"])


# ---- Dwell ----------------------------------------------------------------------------------

def dwells_of(opened, app):
    """(event with which it ended, page, ms) of every stay on a page."""
    events = opened.events
    at = {id(event): index for index, event in enumerate(events)}
    views = opened.views()
    closer = {}
    for view in views:
        behind = [e for e in events[at[id(view)] + 1:] if e["name"] in ("$page_view", "$hide")]
        closer[id(view)] = behind[0] if behind else None
    left = {}
    found = []
    for leave in (e for e in events if e["name"] == "$page_leave"):
        view = view_that_was_left(leave, views, closer, left, at)
        dwell = leave.get("dwell_ms")
        page = leave.get("page") or (view.get("page") if view else "") or ""
        if view:
            left[id(view)] = leave
            if dwell is None:
                dwell = min(leave["time_ms"] - view["time_ms"], app.timeout_ms)
        if dwell:
            found.append((leave, page, dwell))
    for view in views:
        end = closer[id(view)]
        if end is not None and id(view) not in left:
            dwell = min(end["time_ms"] - view["time_ms"], app.timeout_ms)
            found.append((end, view.get("page") or "", dwell))
    return [(event, page, ms) for event, page, ms in found if ms > 0]


def view_that_was_left(leave, views, closer, left, at):
    before = [view for view in views if at[id(view)] < at[id(leave)]]
    for view in reversed(before[-VIEWS_BACK:]):
        end = closer[id(view)]
        if end is not None and at[id(end)] < at[id(leave)] \
                and leave["time_ms"] - end["time_ms"] > SLACK_MS:
            return None
        if id(view) not in left and leave.get("page") in (None, "", view.get("page")):
            return view
    return None


# ---- Days -----------------------------------------------------------------------------------

def last_of(events, field, empty):
    values = [event[field] for event in events if event.get(field)]
    return values[-1] if values else empty


def count(events, name):
    return sum(event["name"] == name for event in events)


def open_row(opened, app):
    views = opened.views()
    scenes = [event["scene"] for event in opened.events if event.get("scene")]
    return {"start_ms": opened.begin_ms,
            "end_ms": opened.events[-1]["time_ms"],
            "dwell_ms": sum(ms for _, _, ms in dwells_of(opened, app)),
            "pv": len(views),
            "depth": len({view.get("page") or "" for view in views}),
            "scene": scenes[0] if scenes else 0,
            "entry": (views[0].get("page") or "") if views else "",
            "exit": (views[-1].get("page") or "") if views else ""}


def page_rows(day, events, opens, dwells):
    pages = {}

    def page(name):
        return pages.setdefault(name, {"pv": 0, "dwell_ms": 0, "entries": 0, "exits": 0,
                                       "shares": 0})

    for event in events:
        if event["name"] == "$page_view":
            page(event.get("page") or "")["pv"] += 1
        if event["name"] == "$share" and event.get("page"):
            page(event["page"])["shares"] += 1
    for opened in opens:
        views = opened.views()
        if views and views[0]["day"] == day:
            page(views[0].get("page") or "")["entries"] += 1
        if views and views[-1]["day"] == day:
            page(views[-1].get("page") or "")["exits"] += 1
    for event, name, ms in dwells:
        if event["day"] == day:
            page(name)["dwell_ms"] += ms
    return pages


def day_row(day, events, opens, dwells, app):
    begun = [open_row(each, app) for each in opens if each.begin_day == day]
    paid = [e for e in events if e["name"] == "$pay" and not e.get("password_free")]
    toggles = [e["name"] for e in events if e["name"] in ("$add", "$remove")]
    regions = [(e.get("country") or "", e.get("province") or "", e.get("city") or "")
               for e in events if e.get("country") or e.get("province") or e.get("city")]
    country, province, city = regions[-1] if regions else ("", "", "")
    return {"visit_pv": count(events, "$page_view"),
            "dwell_ms": sum(ms for event, _, ms in dwells if event["day"] == day),
            "opens": len(begun),
            "depth_sum": sum(each["depth"] for each in begun),
            "shares": count(events, "$share"),
            "adds": count(events, "$add"),
            "removes": count(events, "$remove"),
            "is_added_at_end": {"$add": 1, "$remove": -1}[toggles[-1]] if toggles else 0,
            "pay_cnt": len(paid),
            "pay_fen": sum(e.get("amount_fen") or 0 for e in paid),
            "refund_cnt": count(events, "$refund"),
            "refund_fen": sum(e.get("amount_fen") or 0 for e in events if e["name"] == "$refund"),
            "platform": last_of(events, "platform", 0),
            "model": last_of(events, "model", ""),
            "app_version": last_of(events, "app_version", ""),
            "country": country, "province": province, "city": city,
            "scene": begun[0]["scene"] if begun else 0,
            "open": begun,
            "page": page_rows(day, events, opens, dwells)}


def rollups(events, apps):
    """({(app, day, user): row}, {(app, user, kind): first day}); kind 1 = visited, 2 = paid.
    apps: App by id; others have the defaults."""
    by_user = {}
    for event in without_repeats(events):
        by_user.setdefault((event["app"], event["user"]), []).append(event)
    days, firsts = {}, {}
    for (app_id, user), raw in by_user.items():
        app = apps.get(app_id) or App()
        mine = [{**event, "day": app.day(event["time_ms"])}
                for event in sorted(raw, key=lambda each: each["time_ms"])]
        for order, event in enumerate(mine):
            event["order"] = order
        opens = opens_of(mine, app)
        dwells = [dwell for opened in opens for dwell in dwells_of(opened, app)]
        for day in {e["day"] for e in mine} | {each.begin_day for each in opens}:
            row = day_row(day, [e for e in mine if e["day"] == day], opens, dwells, app)
            days[app_id, day, user] = row
            for kind, figure in ((1, "visit_pv"), (2, "pay_cnt")):
                if row[figure]:
                    key = (app_id, user, kind)
                    firsts[key] = min(day, firsts.get(key, day))
    return days, firsts
