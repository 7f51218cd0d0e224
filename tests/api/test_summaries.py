"""Summaries in a running serve: reports go on without the engine, and say how far they are."""

import datetime
import os
import signal
import time

import pytest

from server import Server

OPENS = 12
REPORTS = ("overview", "trend", "source", "frequency", "duration", "depth", "retention", "pages",
           "profile")


def events(first, count):
    now_ms = int(time.time() * 1000)
    return [{"id": f"{number}", "name": "$page_view", "time": now_ms, "page": f"page {number % 3}",
             "user": f"user {number % 7}"} for number in range(first, first + count)]


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "serve") as running:
        running.start()
        running.wait_ready()
        yield running


def today():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).date()


def ask(server, app, name, **parameters):
    query = "&".join(f"{key}={value}" for key, value in {"from": today(), "to": today(),
                                                         **parameters}.items())
    return server.request("GET", f"/v1/apps/{app['id']}/{name}?{query}", timeout=20,
                          headers={"Authorization": f"Bearer {app['token']}"})


def figures(answer):
    """A document without the moment at which it was asked."""
    assert answer.status == 200, answer
    return {name: value for name, value in answer.json().items()
            if name not in ("now", "complete_until")}


def test_reports_without_filters_go_on_while_the_engine_hangs(server):
    app = server.app()
    server.collect(app, events(0, OPENS))
    metrics = server.drain()
    assert metrics["minipulse_summary_days_total"] >= 1
    assert metrics["minipulse_summary_failures_total"] == 0
    before = {name: figures(ask(server, app, name)) for name in REPORTS}
    filtered = figures(ask(server, app, "trend", platform="unknown"))
    assert before["trend"]["rows"] == filtered["rows"]
    assert before["trend"]["rows"][0]["visit_pv"] == OPENS
    engine = server.engine_pid()
    os.kill(engine, signal.SIGSTOP)
    try:
        assert {name: figures(ask(server, app, name)) for name in REPORTS} == before
    finally:
        os.kill(engine, signal.SIGCONT)


def test_summaries_follow_events_and_outlive_a_restart(server):
    app = server.app()
    for count in (OPENS, 5, 1):
        server.collect(app, events(1000 * count, count))
        server.drain()
    wanted = OPENS + 5 + 1
    assert figures(ask(server, app, "trend"))["rows"][0]["visit_pv"] == wanted
    assert server.stop() == 0
    server.start()
    server.wait_ready()
    metrics = server.drain()
    assert metrics["minipulse_summary_days_total"] == 0  # nothing had changed
    assert figures(ask(server, app, "trend"))["rows"][0]["visit_pv"] == wanted
