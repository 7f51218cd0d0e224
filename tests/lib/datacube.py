"""Weixin's server API: a history for a server, and what it must answer about it, from the oracle.

    told = Told(server, seed)               # makes the app, uploads, waits until all is counted
    told.wanted("getweanalysisappidvisitpage", day, day)
    datacube.like(answer) == datacube.like(wanted)

Figures that are fractions are compared to 9 digits, lists of a portrait in any order."""

import datetime
import json
import zoneinfo

import histories
import oracle_reports
import oracle_wire
from oracle_cycles import DAY, MONTH, ONE_DAY, WEEK, as_date, cycle_after, cycle_of
from server import Server

APPID, SECRET = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef"
EVENTS = 900
DAYS = 66  # before the day before yesterday: has a whole month
# What the region table says of an address, in place of the regions of a random history.
ADDRESSES = {("中国", "广东", "深圳"): ("202.96.134.133", ("中国", "广东", "深圳")),
             ("中国", "广东", "广州"): ("240e:47d:c20:1627:30a3:ba0d:a5e6:ec19",
                                ("中国", "广东", "广州")),
             ("中国", "北京", "北京"): ("58.32.0.1", ("中国", "上海", "上海")),
             ("中国", "广东", ""): ("202.45.84.58", ("中国", "香港", "")),
             ("日本", "", ""): ("2001:200:1ff:ffff::1", ("日本", "", ""))}
BY = {"daily": DAY, "weekly": WEEK, "monthly": MONTH}
CALLS = {f"getweanalysisappid{name}": by for name, by in (
    ("dailysummarytrend", DAY), ("dailyvisittrend", DAY), ("weeklyvisittrend", WEEK),
    ("monthlyvisittrend", MONTH), ("dailyretaininfo", DAY), ("weeklyretaininfo", WEEK),
    ("monthlyretaininfo", MONTH), ("visitdistribution", DAY), ("visitpage", DAY),
    ("userportrait", DAY))}
RETAINED = {DAY: (1, 2, 3, 4, 5, 6, 7, 14, 30), WEEK: (1, 2, 3, 4), MONTH: (1,)}
UNKNOWN = "未知"
GENDERS = {1: "男", 2: "女", 0: UNKNOWN}
PLATFORMS = {1: "iPhone", 2: "Android", 3: "其他"}
AGES = {1: "17岁以下", 2: "18-24岁", 3: "25-29岁", 4: "30-39岁", 5: "40-49岁", 6: "50岁以上",
        0: UNKNOWN}


def serve(folder, clickhouse=None, **settings):
    """A server that takes what is two months old, from wherever a header says."""
    return Server(folder, clickhouse, trusted_proxies="127.0.0.1", late_hours="8784", **settings)


def digits(day):
    return f"{day:%Y%m%d}"


def region_id(name):
    """0, or 2^30 and 30 bits of FNV-1a."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value % 2**30 + 2**30 if name else 0


def like(document):
    """The same with rounded fractions, and with lists of {name, value} in one order."""
    if isinstance(document, float):
        return round(document, 9)
    if isinstance(document, list):
        found = [like(each) for each in document]
        is_portrait = found and isinstance(found[0], dict) and {"name", "value"} <= set(found[0])
        return sorted(found, key=lambda each: each["name"]) if is_portrait else found
    if isinstance(document, dict):
        return {name: like(value) for name, value in document.items()}
    return document


class Told:
    """An app with a history that the server was told."""

    def __init__(self, server, seed):
        self.server = server
        today = datetime.datetime.now(datetime.timezone.utc).date()
        history = histories.History(seed, EVENTS, apps=("shop",), days=DAYS,
                                    first_day=today - (DAYS + 3) * ONE_DAY)
        print(history)
        zone, timeout_ms = history.apps["shop"]
        uploads = [self._placed(upload) for upload in history.uploads]
        self.app = server.app("shop", "--zone", zone, "--open-timeout-ms", str(timeout_ms))
        given = server.run("app", "weixin", "shop", "--appid", APPID, "--secret-file", "-",
                           stdin=SECRET)
        assert given.returncode == 0, given.stderr
        self.oracle = oracle_reports.oracles(oracle_wire.flat(uploads), history.apps)["shop"]
        self.zone = zoneinfo.ZoneInfo(zone)
        self.yesterday = self.today() - ONE_DAY
        for upload in oracle_wire.settled(uploads):
            self._send(upload)
        server.drain()

    def today(self):
        return datetime.datetime.now(self.zone).date()

    @staticmethod
    def _placed(upload):
        address, region = ADDRESSES.get(upload.get("region"), ("127.0.0.1", None))
        return {**upload, "address": address, "region": region}

    def _send(self, upload):
        answer = self.server.request("POST", "/v1/collect", json.dumps(upload["body"]), {
            "X-Minipulse-Key": self.app["write_key"], "Content-Type": "application/json",
            "X-Forwarded-For": upload["address"]})
        assert answer.status == 200 and answer.json()["rejected"] == 0, answer

    def cycles(self, by, count):
        """The last whole cycles."""
        last = cycle_of(by, self.yesterday)
        if last[1] > self.yesterday:
            last = cycle_of(by, last[0] - ONE_DAY)
        found = [last]
        while len(found) < count:
            found.append(cycle_of(by, found[-1][0] - ONE_DAY))
        return found

    # ---- What must be answered ----

    def wanted(self, call, begin, end):
        name = call.removeprefix("getweanalysisappid")
        shape = {"dailysummarytrend": self._summary, "visitdistribution": self._distribution,
                 "visitpage": self._pages, "userportrait": self._portrait}.get(name)
        if shape is None:
            shape = self._visits if name.endswith("visittrend") else self._retention
        return shape(CALLS[call], as_date(begin), as_date(end))

    def _summary(self, by, begin, end):
        row = self.oracle.trend(begin, end, by)[0]
        return {"list": [{"ref_date": digits(begin), **{name: row[name] for name in (
            "visit_total", "share_pv", "share_uv")}}]}

    def _visits(self, by, begin, end):
        row = self.oracle.trend(begin, end, by)[0]
        names = ("session_cnt", "visit_pv", "visit_uv", "visit_uv_new", "stay_time_uv",
                 "stay_time_session", "visit_depth")
        return {"list": [{"ref_date": ref_date(by, begin, end),
                          **{name: row[name] or 0 for name in names}}]}

    def _retention(self, by, begin, end):
        def cohort(kind):
            counts = self.oracle.retention(kind, begin, end, by, offsets=(0, *RETAINED[by]))[0][
                "counts"]
            return [{"key": key, "value": value} for key, value in counts.items()
                    if key == 0 or cycle_after(by, (begin, end), key)[1] <= self.yesterday]
        return {"ref_date": ref_date(by, begin, end), "visit_uv_new": cohort("new"),
                "visit_uv": cohort("active")}

    def _distribution(self, _by, begin, end):
        opens = self.oracle._opens(begin, end, None)  # pylint: disable=protected-access
        source = oracle_reports.opens_and_users((each.group or 10, each) for each in opens)
        depth = {key: value for key, value in self.oracle.depth(begin, end).items() if key}
        found = {"access_source_session_cnt": {key: row["opens"] for key, row in source.items()},
                 "access_source_visit_uv": {key: row["users"] for key, row in source.items()},
                 "access_staytime_info": self.oracle.duration(begin, end),
                 "access_depth_info": depth}
        return {"ref_date": digits(begin), "list": [
            {"index": index, "item_list": [{"key": key, "value": values[key]}
                                           for key in sorted(values)]}
            for index, values in found.items()]}

    def _pages(self, _by, begin, end):
        pages = self.oracle.pages(begin, end)
        order = sorted(pages, key=lambda page: (-pages[page]["page_visit_pv"], page.encode()))
        return {"ref_date": digits(begin), "list": [
            {"page_path": page, **{name: pages[page][name] or 0 for name in (
                "page_visit_pv", "page_visit_uv", "page_staytime_pv", "entrypage_pv",
                "exitpage_pv", "page_share_pv", "page_share_uv")}} for page in order[:200]]}

    def _portrait(self, _by, begin, end):
        def users(kind):
            def found(dimension):
                return self.oracle.profile(kind, dimension, begin, end)
            platforms = found("platform")
            platforms[3] = platforms.pop(0, 0) + platforms.get(3, 0)
            return {"province": regions(found("province")), "city": regions(found("city")),
                    "genders": labelled(found("gender"), GENDERS),
                    "platforms": labelled(platforms, PLATFORMS),
                    "devices": [{"name": name or UNKNOWN, "value": value}
                                for name, value in found("model").items()],
                    "ages": labelled(found("age"), AGES)}
        return {"ref_date": digits(begin) if begin == end else f"{digits(begin)}-{digits(end)}",
                "visit_uv_new": users("new"), "visit_uv": users("active")}


def ref_date(by, begin, end):
    if by == MONTH:
        return digits(begin)[:6]
    return digits(begin) if by == DAY else f"{digits(begin)}-{digits(end)}"


def regions(users):
    return [{"id": region_id(name), "name": name or UNKNOWN, "value": value}
            for name, value in users.items()]


def labelled(users, names):
    return [{"id": key, "name": name, "value": users[key]} for key, name in names.items()
            if users.get(key)]
