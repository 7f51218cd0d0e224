"""A burst of events is taken first and loaded right after it."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import pytest

from server import Server

CLIENTS = 32
BURST_SECONDS = 2
SPIN = "import os\nos.nice(19)\nwhile True: pass"


@contextlib.contextmanager
def no_idle_processor():
    spinners = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def burst(server, app, lags):
    """Many clients send one request after the other for a while; the statuses of their answers. lags
    gets what the server says of loading meanwhile."""
    statuses = []
    deadline = time.monotonic() + BURST_SECONDS

    def send(client):
        number = 0
        while time.monotonic() < deadline:
            number += 1
            event = {"id": f"{client}-{number}", "name": "tap", "user": f"u{client}",
                     "time": int(time.time() * 1000)}
            statuses.append(server.collect(app, [event]).status)

    clients = [threading.Thread(target=send, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    while time.monotonic() < deadline:
        lags.append(server.metrics()["minipulse_load_lag_seconds"])
    for client in clients:
        client.join()
    return statuses


@pytest.mark.parametrize("burst_ms, rests", [(10000, True), (0, False)])
def test_loading_rests_while_a_burst_comes_and_only_where_it_may(tmp_path, burst_ms, rests):
    # The delay makes requests of slow clients share commits as those of a real burst do.
    with Server(tmp_path, journal_commit_delay_us=20000, batch_events_max=100,
                burst_ms=burst_ms) as server:
        app = server.app("shop")
        server.start()
        server.wait_ready()
        lags = []
        with no_idle_processor():
            statuses = burst(server, app, lags)
        assert set(statuses) == {200}
        metrics = server.drain()
        assert metrics["minipulse_load_events_total"] == len(statuses)
        assert metrics["minipulse_load_lag_seconds"] == 0
        assert not rests or sorted(lags)[len(lags) // 2] > 0.1
        assert (metrics["minipulse_load_rest_seconds_total"] > 0.1) == rests
