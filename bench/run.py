#!/usr/bin/python3
"""The numbers of docs/benchmarks.md, from one run on this machine: what serve accepts beside nginx
that answers 204 to the same load, how fast events can be asked for beside the engine's own INSERT,
bytes on disk an event, idle memory. Called by `make bench`. `--quick` measures shorter."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import sdk_build  # noqa: E402
from server import Server  # noqa: E402

QUICK = "--quick" in sys.argv
CONNECTIONS = 256  # many clients: group commit lives from them
CONNECTIONS_FEW = 64
ROUNDS = 3 if QUICK else 5
ROUND_SECONDS = 2 if QUICK else 5
EVENTS_PER_REQUEST = 10
PAGE_VIEWS_PER_REQUEST = 3  # of bench/load.c
QUERYABLE_REQUESTS = 10000 if QUICK else 40000
INSERT_ROWS = 100000 if QUICK else 200000
INSERT_ROUNDS = 3
SETTLE_SECONDS = 5 if QUICK else 15
REQUESTS_UNBOUNDED = 1 << 40
DRAIN_SECONDS_MAX = 600

NGINX = """daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
"""

run_number = iter(range(1, 1 << 16))


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- The load, and the two servers that take it ------------------------------------------------

def build_load():
    out = os.path.join(ROOT, "build", "bench", "load")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    subprocess.run(["cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-o", out,
                    os.path.join(ROOT, "bench", "load.c")], check=True)
    return out


def load(program, port, key, seconds, requests=REQUESTS_UNBOUNDED, connections=CONNECTIONS):
    done = subprocess.run([program, "127.0.0.1", str(port), key, str(connections), str(seconds),
                           str(requests), str(next(run_number))],
                          check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


@contextlib.contextmanager
def nginx(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not program:
        sys.exit("bench: nginx is not installed: scripts/setup.sh bench")
    process = subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def product(folder):
    """A Server as it is delivered: without the short waits that tests set."""
    server = Server(folder)
    server.settings = {"listen": server.settings["listen"]}
    return server


class Engine:
    """The store of a Server, asked directly: ClickHouse's HTTP protocol on its Unix socket."""

    def __init__(self, server):
        self.path = os.path.join(server.data_dir, "engine.sock")

    def ask(self, statement, body=None):
        connection = http.client.HTTPConnection("localhost", timeout=600)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(600)
        connection.sock.connect(self.path)
        try:
            if body is None:
                connection.request("POST", "/?database=minipulse", statement)
            else:
                query = urllib.parse.quote(statement)
                connection.request("POST", "/?database=minipulse&query=" + query, body)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{statement}: {answer[:500]!r}")
        return answer

    def number(self, statement):
        return int(self.ask(statement).strip() or 0)


# ---- What is measured --------------------------------------------------------------------------

def accepted(server, app, program, folder, connections):
    """(events/s of serve, of nginx: medians of alternating rounds; p50 and p99 of serve, µs)."""
    ours, theirs, p50, p99 = [], [], [], []
    with nginx(folder) as nginx_port:
        load(program, nginx_port, app["write_key"], 1)
        load(program, server.port, app["write_key"], 1)
        for number in range(ROUNDS):
            server.drain(DRAIN_SECONDS_MAX)  # loading would slow nginx down
            other, own = [load(program, port, app["write_key"], ROUND_SECONDS,
                               connections=connections) for port in (nginx_port, server.port)]
            if own["other"] or other["other"]:
                say(f"  refused: serve {own['other']}, nginx {other['other']}")
            theirs.append(other["ok"] / other["seconds"] * EVENTS_PER_REQUEST)
            ours.append(own["ok"] / own["seconds"] * EVENTS_PER_REQUEST)
            p50.append(own["p50_us"])
            p99.append(own["p99_us"])
            say(f"  {connections} connections, round {number + 1}: "
                f"serve {ours[-1]:,.0f} events/s, nginx {theirs[-1]:,.0f}")
    return (statistics.median(ours), statistics.median(theirs), statistics.median(p50),
            statistics.median(p99))


def wait_for_merges(engine):
    """Until the engine has nothing left to do."""
    began = time.monotonic()
    quiet = 0
    while quiet < 5 and time.monotonic() - began < DRAIN_SECONDS_MAX:
        quiet = quiet + 1 if engine.number("SELECT count() FROM system.merges") == 0 else 0
        time.sleep(0.5)


def page_views(server, app):
    """visit_pv of today and yesterday, as trend tells them; None when it has no answer yet."""
    answer = server.trend(app, **{"from": day_of(-1), "to": day_of(0), "by": "day"})
    if answer.status != 200:
        raise RuntimeError(repr(answer))
    return sum(point["visit_pv"] for point in points_of(answer.json()))


def points_of(document):
    """The list of cycles in trend's document."""
    lists = [value for value in document.values() if isinstance(value, list)]
    return next(points for points in lists if points and "visit_pv" in points[0])


def day_of(offset):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600 + offset * 86400))


def queryable(server, engine, app, program):
    """Events/s from the first request until all are in events and trend counts them."""
    rows = engine.number("SELECT count() FROM events")
    views = page_views(server, app)
    loaded = server.metrics()["minipulse_load_events_total"]
    began = time.monotonic()
    sent = load(program, server.port, app["write_key"], DRAIN_SECONDS_MAX, QUERYABLE_REQUESTS)
    events = sent["ok"] * EVENTS_PER_REQUEST
    views += sent["ok"] * PAGE_VIEWS_PER_REQUEST
    # Asking the engine again and again would be work of its own: it is asked once serve says so.
    wait_until(began, lambda: server.metrics()["minipulse_load_events_total"] >= loaded + events and
               engine.number("SELECT count() FROM events") >= rows + events)
    in_events = time.monotonic() - began
    wait_until(began, lambda: server.metrics()["minipulse_rollup_lag_seconds"] == 0 and
               page_views(server, app) >= views)
    return events / (time.monotonic() - began), events / in_events


def wait_until(began, is_reached):
    while not is_reached():
        if time.monotonic() - began > DRAIN_SECONDS_MAX:
            raise RuntimeError("the events do not become queryable")
        time.sleep(0.01)


def plain_insert(engine):
    """Events/s of the engine's own INSERT … FORMAT JSONEachRow into a plain table."""
    engine.ask("DROP TABLE IF EXISTS bench_plain")
    engine.ask("CREATE TABLE bench_plain AS events ENGINE = MergeTree "
               "ORDER BY (app, day, user_hash, time_ms)")
    rows = engine.ask(f"SELECT * FROM events LIMIT {INSERT_ROWS} FORMAT JSONEachRow")
    seconds = []
    for _ in range(INSERT_ROUNDS):
        engine.ask("TRUNCATE TABLE bench_plain")
        began = time.monotonic()
        engine.ask("INSERT INTO bench_plain FORMAT JSONEachRow", rows)
        seconds.append(time.monotonic() - began)
        if engine.number("SELECT count() FROM bench_plain") != INSERT_ROWS:
            raise RuntimeError("the plain table did not take all rows")
    engine.ask("DROP TABLE bench_plain")
    return INSERT_ROWS / statistics.median(seconds)


def anonymous_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def memory(server):
    """(serve, engine) RssAnon after a pause without load."""
    time.sleep(SETTLE_SECONDS)
    return anonymous_bytes(server.process.pid), anonymous_bytes(server.engine_pid())


def table_bytes(engine, tables):
    names = ", ".join(f"'{name}'" for name in tables)
    return engine.number("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND "
                         f"database = 'minipulse' AND table IN ({names})")


def disk(folder):
    """Bytes an event of the demo shop: events before and after merges, rollups, journal."""
    with product(folder) as server:
        made = server.run("demo", timeout=600)
        if made.returncode != 0:
            raise RuntimeError(made.stderr)
        server.start()
        server.wait_ready()
        began = time.monotonic()
        metrics = server.drain(DRAIN_SECONDS_MAX)
        drained = time.monotonic() - began
        engine = Engine(server)
        events = engine.number("SELECT count() FROM events")
        before = table_bytes(engine, ["events"])
        for table in ("events", "user_days", "users"):
            engine.ask(f"OPTIMIZE TABLE {table} FINAL")
        return {
            "events": events,
            "seconds": drained,
            "before": before / events,
            "after": table_bytes(engine, ["events"]) / events,
            "rollups": table_bytes(engine, ["user_days", "users"]) / events,
            "journal": metrics["minipulse_journal_durable_lsn"] / events,
            "after_load": memory(server),
        }


def sdk():
    """The SDK's {"bytes", "events": {name: CPU milliseconds an event}}."""
    sdk_build.build()
    done = subprocess.run(["node", os.path.join(ROOT, "bench", "sdk.mjs")], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


# ---- The table ---------------------------------------------------------------------------------

def megabytes(number):
    return f"{number / 1e6:.0f} MB"


def row(what, measured, beside="", goal="", is_met=None):
    mark = {True: "met", False: "MISSED", None: ""}[is_met]
    print(f"| {what:<46} | {measured:>16} | {beside:<34} | {goal:<16} | {mark:<6} |")


def print_accepted(what, connections, measured, goal=None):
    own, other, p50, p99 = measured
    row(what, f"{own:,.0f} ev/s", f"nginx 204: {other:,.0f} ev/s ({own / other:.2f}×)",
        f">= {goal}× nginx" if goal else "", own >= goal * other if goal else None)
    row("  latency p50, p99", f"{p50 / 1000:.1f}, {p99 / 1000:.1f} ms",
        f"{connections} connections")


def print_table(numbers):
    in_trend, in_events = numbers["queryable"]
    plain, stored = numbers["plain"], numbers["disk"]
    row("what", "measured", "beside", "goal", None)
    print("|" + "-" * 48 + "|" + "-" * 18 + "|" + "-" * 36 + "|" + "-" * 18 + "|" + "-" * 8 + "|")
    print_accepted("accepted after fsync, batches of 10", CONNECTIONS, numbers["accepted"], 0.5)
    print_accepted("  the same of few clients", CONNECTIONS_FEW, numbers["accepted_few"])
    row("HTTP to queryable (events and trend)", f"{in_trend:,.0f} ev/s",
        f"own INSERT: {plain:,.0f} ev/s ({in_trend / plain:.2f}×)", ">= 1× INSERT",
        in_trend >= plain)
    row("  of that, until in events", f"{in_events:,.0f} ev/s")
    row("events on disk, merged", f"{stored['after']:.1f} B/event",
        f"{stored['events']:,} events of the demo", "<= 20 B", stored["after"] <= 20)
    row("  as loaded, before OPTIMIZE FINAL", f"{stored['before']:.1f} B/event")
    row("  rollups, merged", f"{stored['rollups']:.1f} B/event")
    row("  journal, before it is released", f"{stored['journal']:.1f} B/event")
    row("demo: journal to events and trend", f"{stored['seconds']:.1f} s",
        f"{stored['events'] / stored['seconds']:,.0f} ev/s", "< 60 s", stored["seconds"] < 60)
    for name, goal in (("start", 150e6), ("load", 150e6)):
        serve, engine = numbers["memory_" + name]
        row(f"idle anonymous memory after {name}", megabytes(serve + engine),
            f"serve {megabytes(serve)}, engine {megabytes(engine)}", "< 150 MB",
            serve + engine < goal)
    row("SDK: the file, gzipped", f"{numbers['sdk']['bytes']:,} B", "", "<= 10,000 B",
        numbers["sdk"]["bytes"] <= 10000)
    for name, spent_ms in numbers["sdk"]["events"].items():
        row(f"SDK: an event in the app's thread ({name})", f"{spent_ms:.3f} ms",
            "with storing and sending", "< 0.2 ms", spent_ms < 0.2)


def measure(folder):
    numbers, program = {}, build_load()
    say("the SDK …")
    numbers["sdk"] = sdk()
    with product(os.path.join(folder, "serve")) as server:
        app = server.app("bench")
        server.start()
        server.wait_ready()
        engine = Engine(server)
        say("idle after start …")
        numbers["memory_start"] = memory(server)
        say("accepting …")
        for name, connections in (("accepted", CONNECTIONS), ("accepted_few", CONNECTIONS_FEW)):
            numbers[name] = accepted(server, app, program, folder, connections)
        say("loading what was accepted …")
        server.drain(DRAIN_SECONDS_MAX)
        wait_for_merges(engine)
        say("from HTTP to queryable …")
        # An app of its own: rollups of a user cost what the user did these days, and the rounds
        # above made each of theirs do more than a person does.
        fresh = server.app("fresh")
        numbers["queryable"] = queryable(server, engine, fresh, program)
        server.drain(DRAIN_SECONDS_MAX)
        say("idle after load …")
        numbers["memory_load"] = memory(server)
        say("the engine's own INSERT …")
        numbers["plain"] = plain_insert(engine)
    say("the demo shop on disk …")
    numbers["disk"] = disk(os.path.join(folder, "demo"))
    return numbers


def main():
    with tempfile.TemporaryDirectory(prefix="minipulse-bench-") as folder:
        numbers = measure(folder)
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if "model name" in line), "?")
    print(f"{os.cpu_count()} processors ({model}), Linux {os.uname().release}, "
          f"{time.strftime('%Y-%m-%d')}; load generator and servers share them\n")
    print_table(numbers)


main()
