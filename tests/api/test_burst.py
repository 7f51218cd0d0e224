"""A burst of events is taken first and loaded right after it."""

import time

import pytest

from server import Server

EVENTS_PER_REQUEST = 20
BURST_SECONDS = 1


def burst(server, app):
    """Sends events one request after the other for a while; how many."""
    sent = 0
    deadline = time.monotonic() + BURST_SECONDS
    while time.monotonic() < deadline:
        events = [{"id": f"{sent + number}", "name": "tap", "user": f"u{number}",
                   "time": int(time.time() * 1000)} for number in range(EVENTS_PER_REQUEST)]
        assert server.collect(app, events).status == 200
        sent += EVENTS_PER_REQUEST
    return sent


@pytest.mark.parametrize("burst_ms, rests", [(10000, True), (0, False)])
def test_loading_rests_while_a_burst_comes_and_only_where_it_may(tmp_path, burst_ms, rests):
    with Server(tmp_path, batch_events_max=200, burst_ms=burst_ms) as server:
        app = server.app("shop")
        server.start()
        server.wait_ready()
        sent = burst(server, app)
        metrics = server.drain()
        assert metrics["minipulse_load_events_total"] == sent
        assert (metrics["minipulse_load_rest_seconds_total"] > 0) == rests
