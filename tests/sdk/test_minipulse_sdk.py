"""Minipulse's own SDK against `minipulse serve`: whatever goes wrong on the way, every event counts
exactly once; and the sample shop's script gives the indicators that a hand computes."""

import json
import os
import subprocess
import time

import pytest

import sdk_build

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT_SECONDS_MAX = 240


@pytest.fixture(scope="module", autouse=True)
def built():
    sdk_build.build()


def days_around():
    days = [time.strftime("%Y-%m-%d", time.gmtime(time.time() + offset * 86400))
            for offset in (-8, 1)]
    return {"from": days[0], "to": days[1], "by": "day"}


def play(server, app, seed):
    """Runs the story, restarting the server when it asks; what it says that it did."""
    process = subprocess.Popen(
        ["node", os.path.join(HERE, "chaos_drive.mjs"), server.url, app["write_key"], str(seed)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + SCRIPT_SECONDS_MAX
    try:
        for number, line in enumerate(process.stdout):
            assert time.monotonic() < deadline
            if line != "restart\n":
                assert process.wait(10) == 0
                return json.loads(line)
            if number % 2:
                server.stop()
            else:
                server.kill9()
            server.start()
            server.wait_ready()
            process.stdin.write("\n")
            process.stdin.flush()
    finally:
        process.kill()
        process.wait()
    raise AssertionError("the script ended without a word")


def counted(server, what, name):
    """{value of what: how many rows} of the events of that name."""
    rows = server.sql(f"SELECT {what} AS what, count() FROM events WHERE name = '{name}'"
                      " GROUP BY what")
    return {value: int(count) for value, count in rows}


@pytest.mark.parametrize("engine_kind, seed", [("embedded", 1), ("clickhouse", 2)])
def test_after_every_trouble_each_event_counts_exactly_once(tmp_path, seed, engine_kind, request):
    store = request.getfixturevalue("shared_clickhouse") if engine_kind == "clickhouse" else None
    # A port that stays, as an address in an app does.
    with sdk_build.server_on_a_port(tmp_path, store, f"chaos_{seed}") as server:
        app = server.app("shop")
        server.start()
        server.wait_ready()
        done = play(server, app, seed)
        server.drain()
        assert done["kills"] > 3 and min(done["faults"].values()) > 3, done["faults"]
        assert done["left"] == [] and done["requestsAtOnce"] == 1
        assert counted(server, "str_values[indexOf(str_names, 'id')]", "did") == dict.fromkeys(
            done["custom"], 1)
        assert counted(server, "order_id", "$pay") == dict.fromkeys(done["orders"], 1)
        assert counted(server, "name", "$launch") == {"$launch": done["launches"]}
        assert counted(server, "name", "$page_view") == {"$page_view": done["views"]}
        assert server.sql("SELECT uniqExact(user) FROM events") == [["1"]]
        rows = server.trend(app, **days_around()).json()["rows"]
        assert sum(row["visit_pv"] for row in rows) == done["views"]
