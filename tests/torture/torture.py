"""Kill, stop, fill the disk, under load; then every accepted event is in the store once.

`make torture` runs the long round of both engines; tests/torture/test_torture.py a short one. The
seed is printed; `torture.py --seed N` plays the same batches and moments again (the threads' and
the machine's timing is their own)."""

import argparse
import contextlib
import datetime
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

from clickhouse import ClickHouse  # noqa: E402
from clients import Load, expected_trend, make_batch  # noqa: E402
from server import Server  # noqa: E402

SETTINGS = {"journal_max_bytes": "64M", "journal_segment_bytes": "1M", "batch_events_max": "2000",
            "log_level": "info"}
DISK_LOAD_SECONDS = 5  # longer, and what is accepted fills the small disk again
DISK_BYTES = 256 << 20
FILL_REQUESTS_MAX = 20000


class Plan:
    """How much of each kind; seconds unless told otherwise."""

    def __init__(self, is_long):
        self.serve_kills = 40 if is_long else 4
        self.engine_kills = 12 if is_long else 2
        self.stopped = 60 if is_long else 3
        self.between = (0.1, 3.0) if is_long else (0.1, 1.2)
        self.drain = 300 if is_long else 90


class Torture:
    def __init__(self, kind, folder, seed, is_long):
        self.kind = kind
        self.folder = folder
        self.seed = seed
        self.plan = Plan(is_long)
        self.chance = random.Random(f"{seed}-moments")
        self.clickhouse = None
        self.server = None
        self.app = None

    def __enter__(self):
        if self.kind == "clickhouse":
            self.clickhouse = ClickHouse(os.path.join(self.folder, "clickhouse")).start()
        self.server = Server(os.path.join(self.folder, "serve"), self.clickhouse, **SETTINGS)
        self.app = self.server.app("shop")
        self.server.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(RuntimeError):
            self.server.stop()
        if self.clickhouse:
            self.clickhouse.stop()

    def say(self, text):
        print(f"torture[{self.kind}]: {text}", flush=True)

    def wait_a_moment(self):
        time.sleep(self.chance.uniform(*self.plan.between))

    # ---- what is done to it ----

    def kill_serve(self):
        for _ in range(self.plan.serve_kills):
            self.wait_a_moment()
            self.server.kill9()
            self.server.start()

    def kill_engine(self):
        for _ in range(self.plan.engine_kills):
            self.wait_a_moment()
            if self.clickhouse:
                self.clickhouse.kill()
                time.sleep(self.chance.uniform(0, 1))
                self.clickhouse.start()
            else:
                engine = self.server.wait_engine()
                os.kill(engine, signal.SIGKILL)
                self.server.wait_engine(other_than=engine)

    def stop_engine(self, load):
        """The engine is there and says nothing for a while; collecting goes on."""
        self.server.wait_ready(self.plan.drain)
        accepted_before = len(load.batches())
        pid = None if self.clickhouse else self.server.wait_engine()
        if self.clickhouse:
            self.clickhouse.pause()
        else:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(self.plan.stopped)
        accepted = len(load.batches()) - accepted_before
        if self.clickhouse:
            self.clickhouse.resume()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.say(f"accepted {accepted} batches while the engine was stopped")
        if accepted == 0:
            raise AssertionError("collecting stood still while the engine was stopped")

    def stop_serve_politely(self):
        began = time.monotonic()
        code = self.server.stop()
        took = time.monotonic() - began
        if code != 0 or took > 10:
            raise AssertionError(f"SIGTERM: code {code} after {took:.1f} s\n"
                                 + self.server.log_tail())
        self.server.start()

    # ---- what must hold ----

    def check(self, batches):
        metrics = self.server.drain(self.plan.drain)
        sent = {event_id for batch in batches for event_id in batch.ids}
        rows = self.server.sql(
            "SELECT id, count() FROM events WHERE app = 'shop' GROUP BY id", timeout=120)
        stored = {event_id: int(count) for event_id, count in rows}
        lost = sent - stored.keys()
        doubled = [event_id for event_id, count in stored.items() if count != 1]
        strange = stored.keys() - sent
        self.say(f"{len(sent)} events accepted; {len(lost)} lost, {len(doubled)} doubled, "
                 f"{len(strange)} unknown; {metrics.get('minipulse_load_duplicates_total', 0):.0f} "
                 "duplicates dropped since the last start")
        if lost or doubled or strange:
            raise AssertionError(
                f"lost {sorted(lost)[:5]}, doubled {doubled[:5]}, unknown {sorted(strange)[:5]}")
        self.check_trend(batches)

    def check_trend(self, batches):
        expected = expected_trend(batches)
        first, last = min(expected), max(expected)
        answer = self.server.trend(self.app, **{"from": iso(first), "to": iso(last), "by": "day"})
        if answer.status != 200:
            raise AssertionError(f"trend: {answer}")
        rows = {row["cycle"]: row for row in answer.json()["rows"]}
        for day, figures in sorted(expected.items()):
            for name, value in figures.items():
                found = rows[iso(day)][name]
                is_same = (found == value if value is None or isinstance(value, int)
                           else abs(found - value) < 0.0005 + 1e-9 * value)
                if not is_same:
                    raise AssertionError(f"trend, {iso(day)}: {name} is {found}, not {value}")
        self.say(f"trend of {len(expected)} days as computed by hand")

    # ---- rounds ----

    def kill_round(self):
        load = Load(self.server, self.app["write_key"], self.seed).start()
        self.kill_serve()
        self.kill_engine()
        self.stop_engine(load)
        self.stop_serve_politely()
        self.kill_serve_while_engine_is_down()
        load.finish(60)
        if load.faults:
            raise AssertionError("; ".join(load.faults))
        self.say(f"answers: {dict(load.statuses)}")
        self.check(load.batches())

    def kill_serve_while_engine_is_down(self):
        if self.clickhouse:
            self.clickhouse.kill()
            self.wait_a_moment()
            self.server.kill9()
            self.server.start()
            self.wait_a_moment()
            self.clickhouse.start()
        else:
            self.server.kill9()
            self.server.start()
            self.wait_a_moment()

    def disk_round(self):
        """The disk is full: 503 with Retry-After; then there is room: accepted, no restart."""
        load = Load(self.server, self.app["write_key"], self.seed + 1, clients=2, pause_s=0)
        client = load.clients[0]
        self.server.wait_ready()
        ballast = os.path.join(self.server.folder, "ballast")
        fill(ballast)
        for _ in range(FILL_REQUESTS_MAX):
            if load.statuses[503]:
                break
            client.made += 1
            batch = client.pending or make_batch(client.chance, f"full-{client.made}", load.now_ms)
            client.pending = None if client.send(batch) else batch
            if client.pending is None:
                client.accepted.append(batch)
        if not load.statuses[503]:
            raise AssertionError(f"no 503 on a full disk: {dict(load.statuses)}")
        self.say(f"full disk after {len(client.accepted)} batches: 503")
        time.sleep(self.plan.between[1])
        pid = self.server.process.pid
        os.remove(ballast)
        load.start()
        time.sleep(DISK_LOAD_SECONDS)
        load.finish(60)
        if load.faults:
            raise AssertionError("; ".join(load.faults))
        if self.server.process.pid != pid or self.server.process.poll() is not None:
            raise AssertionError("serve did not live through the full disk")
        self.say(f"answers: {dict(load.statuses)}")
        self.check(load.batches())


def iso(day):
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()


def fill(path):
    """A file that takes all room there is."""
    with open(path, "wb", buffering=0) as file:
        block = bytes(1 << 20)
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[:len(block) // 2]


@contextlib.contextmanager
def small_disk(folder):
    """A tmpfs of DISK_BYTES; None where it cannot be mounted."""
    os.makedirs(folder, exist_ok=True)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder],
        capture_output=True, check=False).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=False)


def run_kills(kind, folder, seed, is_long):
    with Torture(kind, folder, seed, is_long) as torture:
        torture.kill_round()


def run_disk(kind, folder, seed, is_long):
    """False when no small disk could be made."""
    with small_disk(os.path.join(folder, "disk")) as disk:
        if disk is None:
            return False
        with Torture(kind, disk, seed, is_long) as torture:
            torture.disk_round()
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--engine", choices=["embedded", "clickhouse"], action="append")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and data")
    options = parser.parse_args()
    print(f"torture: seed {options.seed}", flush=True)
    failed = 0
    for kind in options.engine or ["embedded", "clickhouse"]:
        for name, round_of in (("kills", run_kills), ("full disk", run_disk)):
            folder = tempfile.mkdtemp(prefix="minipulse-torture-")
            try:
                if round_of(kind, folder, options.seed, options.long) is False:
                    print(f"torture {kind}, {name}: skipped, no tmpfs can be mounted here")
                else:
                    print(f"torture {kind}, {name}: passed")
            except (AssertionError, RuntimeError) as error:
                failed += 1
                print(f"torture {kind}, {name}: FAILED (seed {options.seed}): {error}")
            if not options.keep:
                shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
