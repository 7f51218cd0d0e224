#!/usr/bin/python3
"""Reports over a generated history, beside the same questions asked of `events`: median and 95th
percentile, and how they grow when there are ten times the users and events on the same 90 days.
Called by `make bench`. The history is made by SQL inside the engine: 10 million users, 100 million
events, and a tenth of it; `--quick`: a tenth and a hundredth.

Each report is asked for ranges that end on different days, each range REPEATS times: the first time
nothing of it has been worked out before."""

import os
import statistics
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

from engine_http import EngineHttp, QueryError  # noqa: E402
from server import Server  # noqa: E402

QUICK = "--quick" in sys.argv
USERS = 1_000_000 if QUICK else 10_000_000
DAYS = 90
CHUNK = 500_000  # users an INSERT
RANGES = 8
REPEATS = 4
SQL_ROUNDS = 3
TIMEOUT = 1800

# A user comes on one to three days, five events each.
VISITS = """
    SELECT n, toUInt64(sipHash64(toString(n))) AS user_hash, j,
        toDate('{first}') + toUInt16((h % {days} + j * (1 + intDiv(h, 100) % 13)) % {days}) AS day,
        cityHash64(n, j) AS r, h
    FROM (SELECT number AS n, cityHash64(number) AS h,
              arrayJoin(range(1 + intDiv(cityHash64(number), 7) % 3)) AS j
          FROM numbers({from_user}, {count}))"""

FACTS = """
    [1001, 1005, 1007, 1008, 1011, 1020, 1035, 1037, 1038, 1043, 1044, 1089][1 + r % 12] AS scene,
    concat('pages/', toString(intDiv(r, 100) % 60)) AS page_one,
    concat('pages/', toString(60 + intDiv(r, 10000) % 60)) AS page_two,
    toUInt64(1000 + intDiv(r, 1000000) % 60000) AS ms_one,
    toUInt64(1000 + intDiv(r, 10000000) % 90000) AS ms_two,
    intDiv(r, 1000) % 20 = 0 AS shared,
    intDiv(r, 3000) % 50 = 0 AS paid,
    toUInt8(1 + h % 2) AS platform,
    concat('model ', toString(intDiv(h, 1000) % 200)) AS model,
    concat('province ', toString(intDiv(h, 3000) % 30)) AS province,
    concat('city ', toString(intDiv(h, 3000) % 300)) AS city"""

USER_DAYS = """INSERT INTO user_days (app, day, user_hash, version, visit_pv, dwell_ms, opens,
    depth_sum, shares, pay_cnt, pay_fen, platform, source_group, scene, model, country, province,
    city, open_start_ms, open_end_ms, open_dwell_ms, open_pv, open_depth, open_scene, open_entry,
    open_exit, page, page_pv, page_dwell_ms, page_entries, page_exits, page_shares)
SELECT 'bench', day, user_hash, 1, 2, ms_one + ms_two, 1, 2, shared, paid, paid * 990, platform, 1,
    scene, model, '中国', province, city, [0], [0], [ms_one + ms_two], [2], [2], [scene],
    [page_one], [page_two], [page_one, page_two], [1, 1], [ms_one, ms_two], [1, 0], [0, 1],
    [0, toUInt32(shared)]
FROM (SELECT *, {facts} FROM ({visits}))"""

EVENTS = """INSERT INTO events (app, day, user_hash, time_ms, batch, seq, name, user, scene, page,
    dwell_ms, amount_fen, platform, model, country, province, city)
SELECT 'bench', day, user_hash, toInt64(toUInt32(toDateTime(day, 'UTC'))) * 1000 + r % 50000000 + k,
    1, k, name, toString(n), scene, if(k < 3, page_one, page_two),
    multiIf(k = 2, toInt64(ms_one), k = 4, toInt64(ms_two), -1), if(name = '$pay', 990, 0),
    platform, model, '中国', province, city
FROM (SELECT *, {facts}, arrayJoin([0, 1, 2, 3, 4]) AS k,
          multiIf(k = 0, if(paid, '$pay', if(shared, '$share', '$launch')), k % 2 = 1,
              '$page_view', '$page_leave') AS name
      FROM ({visits}))"""

FIRSTS = """INSERT INTO users (app, user_hash, kind, rank, first_day, user)
SELECT 'bench', user_hash, {kind}, 65535 - toUInt16(min(day)), min(day), ''
FROM user_days WHERE {column} > 0 AND user_hash % {parts} = {part} GROUP BY user_hash"""

KEPT = "app = 'bench' AND day >= '{start}' AND day <= '{end}'"
FIRST_DAYS = ("(SELECT user_hash, min(day) AS first FROM events WHERE app = 'bench' AND"
              " name = '$page_view' GROUP BY user_hash) AS began")
# The same questions, or the heaviest part of them, of events.
OF_EVENTS = {
    "trend": f"""SELECT day, countIf(name = '$page_view'), uniqExactIf(user_hash,
        name = '$page_view'), sumIf(dwell_ms, dwell_ms > 0), uniqExactIf(user_hash, name = '$pay'),
        uniqExactIf(user_hash, name = '$share') FROM events WHERE {KEPT} GROUP BY day""",
    "overview": f"""SELECT day, countIf(name = '$page_view'), uniqExactIf(user_hash,
        name = '$page_view'), sumIf(dwell_ms, dwell_ms > 0), uniqExactIf(user_hash, name = '$pay'),
        uniqExactIf(user_hash, name = '$share') FROM events WHERE {KEPT} GROUP BY day""",
    "source": f"""SELECT scene, uniqExact(user_hash, day), uniqExact(user_hash) FROM events
        WHERE {KEPT} GROUP BY scene""",
    "frequency": f"""SELECT opened, count() FROM (SELECT user_hash, uniqExact(day) AS opened
        FROM events WHERE {KEPT} GROUP BY user_hash) GROUP BY opened""",
    "duration": f"""SELECT intDiv(ms, 10000), count() FROM (SELECT user_hash, day, sumIf(dwell_ms,
        dwell_ms > 0) AS ms FROM events WHERE {KEPT} GROUP BY user_hash, day)
        GROUP BY intDiv(ms, 10000)""",
    "depth": f"""SELECT pages, count() FROM (SELECT user_hash, day, uniqExact(page) AS pages
        FROM events WHERE {KEPT} GROUP BY user_hash, day) GROUP BY pages""",
    "retention": f"""SELECT first, day - first AS later, uniqExact(user_hash) FROM events ANY INNER
        JOIN {FIRST_DAYS} USING user_hash WHERE {KEPT} AND name = '$page_view'
        GROUP BY first, later""",
    "pages": f"""SELECT page, countIf(name = '$page_view'), uniqExactIf(user_hash,
        name = '$page_view'), sumIf(dwell_ms, dwell_ms > 0) FROM events WHERE {KEPT}
        GROUP BY page""",
    "profile": f"""SELECT model, province, city, platform, count() FROM (SELECT user_hash,
        argMax(model, time_ms) AS model, argMax(province, time_ms) AS province, argMax(city,
        time_ms) AS city, argMax(platform, time_ms) AS platform FROM events WHERE {KEPT} GROUP BY
        user_hash) GROUP BY model, province, city, platform""",
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def day_of(offset):
    """So many days after today, in the app's zone."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600 + offset * 86400))


class Bench:
    """One size of history: a server, filled."""

    def __init__(self, folder, users):
        self.users = users
        self.server = Server(folder, query_timeout_ms=600000)
        self.app = self.server.app("bench")
        self.server.start()
        self.server.wait_ready()
        self.first = day_of(-DAYS)

    def sql(self, statement):
        """Asks the engine directly; the answer's text."""
        engine = EngineHttp(os.path.join(self.server.data_dir, "engine.sock"),
                            database="minipulse")
        reply = engine.ask(statement, timeout=TIMEOUT)
        if reply.status != 200:
            raise QueryError(reply)
        return reply.text

    def fill(self):
        for from_user in range(0, self.users, CHUNK):
            visits = VISITS.format(first=self.first, days=DAYS, from_user=from_user,
                                   count=min(CHUNK, self.users - from_user))
            for statement in (USER_DAYS, EVENTS):
                self.sql(statement.format(facts=FACTS, visits=visits))
            say(f"  {min(from_user + CHUNK, self.users):,} users")
        parts = max(1, self.users // 2_000_000)
        for part in range(parts):
            for kind, column in ((1, "visit_pv"), (2, "pay_cnt")):
                self.sql(FIRSTS.format(kind=kind, column=column, parts=parts, part=part))

    def sum_up(self):
        """Seconds until all days are summed up, from a start of the server on."""
        self.server.stop()
        began = time.monotonic()
        self.server.start()
        self.server.wait_ready()
        deadline = began + TIMEOUT
        while self.server.metrics()["minipulse_summary_lag_seconds"] > 0:
            if time.monotonic() > deadline:
                raise RuntimeError("the summaries do not come: " + self.server.log_tail())
            time.sleep(0.2)
        return time.monotonic() - began

    def ask(self, name, **parameters):
        """Milliseconds of one report."""
        query = urllib.parse.urlencode(parameters)
        began = time.monotonic()
        answer = self.server.request("GET", f"/v1/apps/bench/{name}?{query}", timeout=TIMEOUT,
                                     headers={"Authorization": f"Bearer {self.app['token']}"})
        took = (time.monotonic() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(repr(answer))
        return took

    def report(self, name, length, **parameters):
        """(median, 95th percentile, median of first asks) over ranges of so many days."""
        first, all_times = [], []
        for repeat in range(REPEATS):
            for end in range(1, RANGES + 1):
                took = self.ask(name, **{"from": day_of(-end - length + 1), "to": day_of(-end)},
                                **parameters)
                all_times.append(took)
                if repeat == 0:
                    first.append(took)
        return (statistics.median(all_times),
                statistics.quantiles(all_times, n=20, method="inclusive")[-1],
                statistics.median(first))

    def of_events(self, name, length):
        times = []
        for end in range(1, SQL_ROUNDS + 1):
            statement = OF_EVENTS[name].format(start=day_of(-end - length + 1), end=day_of(-end))
            began = time.monotonic()
            self.sql(statement + " FORMAT Null")
            times.append((time.monotonic() - began) * 1000)
        return statistics.median(times)

    def measure(self):
        found = {}
        for name, length, parameters in ASKED:
            label = f"{name}, {length} days" + "".join(f", {value}"
                                                       for value in parameters.values())
            found[label] = (*self.report(name, length, **parameters), self.of_events(name, length))
            say(f"  {label}: " + ", ".join(f"{number:.1f}" for number in found[label]))
        return found


ASKED = [("overview", 30, {}), ("trend", 30, {"by": "day"}), ("trend", 80, {"by": "week"}),
         ("source", 30, {}), ("frequency", 30, {}), ("duration", 30, {}), ("depth", 30, {}),
         ("retention", 30, {"users": "new"}), ("retention", 30, {"users": "active"}),
         ("pages", 30, {}), ("profile", 30, {})]


def run(users):
    say(f"{users:,} users")
    with tempfile.TemporaryDirectory(prefix="minipulse-bench-") as folder:
        bench = Bench(os.path.join(folder, "serve"), users)
        with bench.server:
            bench.fill()
            events = int(bench.sql("SELECT count() FROM events"))
            seconds = bench.sum_up()
            summaries = os.path.join(bench.server.data_dir, "summaries", "bench")
            size = sum(os.path.getsize(os.path.join(summaries, name))
                       for name in os.listdir(summaries))
            print(f"{users:,} users, {events:,} events on {DAYS} days:"
                  f" summed up in {seconds:.0f} s, {size / events:.1f} bytes an event")
            return bench.measure()


def print_table(large, small):
    print(f"| {'report':<32} | {'median':>9} | {'p95':>9} | {'first':>9} | {'of events':>10} |"
          f" {'faster':>8} | {'a tenth':>9} | {'growth':>6} |")
    print("|" + "|".join("-" * width for width in (34, 11, 11, 11, 12, 10, 11, 8)) + "|")
    for label, (median, p95, first, events) in large.items():
        tenth = small[label][0]
        print(f"| {label:<32} | {median:>6.1f} ms | {p95:>6.1f} ms | {first:>6.1f} ms |"
              f" {events:>7,.0f} ms | {events / median:>7,.0f}× | {tenth:>6.1f} ms |"
              f" {median / tenth:>5.2f}× |")


def main():
    small = run(USERS // 10)
    large = run(USERS)
    print_table(large, small)
    print("goals: p95 under 50 ms, at least 20 times faster, growth at most 1.3")


main()
