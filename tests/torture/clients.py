"""Clients that remember what the server accepted. Each batch is one open of one user with ids that
nobody else uses. A batch without a clear answer is sent again, as an SDK would; some accepted ones
are sent again on purpose. In the end all batches are accepted, so what the store must hold is
known exactly."""

import collections
import http.client
import json
import random
import threading
import time

USERS = 300
PAGES = ("pages/index", "pages/goods", "pages/cart", "pages/order", "pages/me")
EVENTS_PER_OPEN_MAX = 6  # page views; each brings a leave
RESEND_CHANCE = 0.15
REQUEST_SECONDS_MAX = 20
SPREAD_MS = 30 * 3600 * 1000  # opens lie within the last 30 hours: two or three days
ZONE_MS = 8 * 3600 * 1000  # Asia/Shanghai has no summer time
DAY_MS = 24 * 3600 * 1000


class Batch:
    def __init__(self, body, ids, views, user, start_ms):
        self.body = body
        self.ids = ids
        self.views = views  # (time_ms, page, dwell_ms)
        self.user = user
        self.start_ms = start_ms


def make_batch(chance, name, now_ms):
    """One open: a launch, then page views with their leaves."""
    user = f"user-{chance.randrange(USERS)}"
    start_ms = now_ms - chance.randrange(1000, SPREAD_MS)
    at_ms = start_ms
    events = [{"id": f"{name}-launch", "name": "$launch", "time": at_ms,
               "page": PAGES[0], "scene": chance.choice((1001, 1007, 1011, 1089))}]
    views = []
    for number in range(chance.randrange(1, EVENTS_PER_OPEN_MAX + 1)):
        page, dwell_ms = chance.choice(PAGES), chance.randrange(1, 50)
        views.append((at_ms, page, dwell_ms))
        events.append({"id": f"{name}-view-{number}", "name": "$page_view", "time": at_ms,
                       "page": page})
        at_ms += dwell_ms
        events.append({"id": f"{name}-leave-{number}", "name": "$page_leave", "time": at_ms,
                       "page": page, "dwell_ms": dwell_ms})
    body = json.dumps({"v": 1, "user": user, "open": {"id": f"{name}-open", "start": start_ms},
                       "context": {"sdk": "torture/1"}, "events": events}).encode()
    return Batch(body, [event["id"] for event in events], views, user, start_ms)


class Client(threading.Thread):
    """One connection at a time, one batch after the other, until told to finish."""

    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load = load
        self.number = number
        self.chance = random.Random(f"{load.seed}-{number}")
        self.connection = None
        self.accepted = []
        self.pending = None
        self.made = 0

    def run(self):
        while True:
            if self.pending is None:
                if self.load.is_finishing.is_set():
                    return
                self.made += 1
                self.pending = make_batch(self.chance, f"c{self.number}-{self.made}",
                                          self.load.now_ms)
            if self.send(self.pending):
                self.accepted.append(self.pending)
                self.pending = None
                if self.chance.random() < RESEND_CHANCE:
                    self.send(self.chance.choice(self.accepted))
                time.sleep(self.load.pause_s)
            else:
                time.sleep(0.05)

    def send(self, batch):
        """True when the server said 2xx."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.load.server.port, timeout=REQUEST_SECONDS_MAX)
            self.connection.request("POST", "/v1/collect", batch.body, {
                "X-Minipulse-Key": self.load.key, "Content-Type": "application/json"})
            response = self.connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            self.load.count("no answer")
            return False
        self.load.count(response.status)
        if response.status == 503 and not response.getheader("Retry-After"):
            self.load.fault("a 503 without Retry-After")
        if response.status not in (200, 202, 204, 503):
            self.load.fault(f"status {response.status}: {body[:300]!r}")
        return 200 <= response.status < 300


class Load:
    """Several clients against one server, which may come and go on changing ports."""

    def __init__(self, server, key, seed, clients=4, pause_s=0.002):
        self.server = server
        self.key = key
        self.seed = seed
        self.pause_s = pause_s
        self.now_ms = int(time.time() * 1000)
        self.is_finishing = threading.Event()
        self.mutex = threading.Lock()
        self.statuses = collections.Counter()
        self.faults = []
        self.clients = [Client(self, number) for number in range(clients)]

    def count(self, status):
        with self.mutex:
            self.statuses[status] += 1

    def fault(self, text):
        with self.mutex:
            if len(self.faults) < 20:
                self.faults.append(text)

    def start(self):
        for client in self.clients:
            client.start()
        return self

    def finish(self, timeout):
        """Lets every client bring its last batch home."""
        self.is_finishing.set()
        deadline = time.monotonic() + timeout
        for client in self.clients:
            client.join(max(0.1, deadline - time.monotonic()))
            if client.is_alive():
                raise RuntimeError("a client's last batch is not accepted: "
                                   + repr(dict(self.statuses)))

    def batches(self):
        return [batch for client in self.clients for batch in client.accepted]


def day_of(time_ms):
    return (time_ms + ZONE_MS) // DAY_MS


def expected_trend(batches):
    """{day: figures} that follow from the batches."""
    views, dwell, opens = collections.Counter(), collections.Counter(), collections.Counter()
    users = collections.defaultdict(set)
    first_day = {}
    for batch in batches:
        opens[day_of(batch.start_ms)] += 1
        for at_ms, _, dwell_ms in batch.views:
            day = day_of(at_ms)
            views[day] += 1
            users[day].add(batch.user)
            first_day[batch.user] = min(day, first_day.get(batch.user, day))
            dwell[day_of(at_ms + dwell_ms)] += dwell_ms
    new = collections.Counter(first_day.values())
    return {day: {"visit_pv": views[day], "visit_uv": len(users[day]), "session_cnt": opens[day],
                  "visit_uv_new": new[day],
                  "stay_time_uv": dwell[day] / 1000 / len(users[day]) if users[day] else None,
                  "visit_total": sum(count for when, count in new.items() if when <= day)}
            for day in set(views) | set(opens)}
