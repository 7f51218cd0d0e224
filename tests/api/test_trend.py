"""Asking for the trend: who may, how, and what happens when the engine does not answer."""

import csv
import datetime
import io
import os
import signal
import socket
import time

import pytest

from server import Server

DAYS_DEFAULT = 30
FIGURES = ["visit_total", "visit_uv_new", "session_cnt", "visit_pv", "visit_uv", "stay_time_uv",
           "stay_time_session", "visit_depth"]


def today():
    """In the default zone, which has no summer time."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).date()


def problem(answer, status, field):
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["field"] == field
    assert answer.json()["detail"]


def test_without_parameters_it_is_the_last_thirty_days_up_to_yesterday(shared, shop):
    answer = shared.trend(shop)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    yesterday = today() - datetime.timedelta(days=1)
    assert told["to"] == str(yesterday)
    assert told["from"] == str(yesterday - datetime.timedelta(days=DAYS_DEFAULT - 1))
    assert told["by"] == "day" and len(told["rows"]) == DAYS_DEFAULT
    assert set(FIGURES) <= set(told["rows"][0])


def test_what_was_collected_is_counted(shared):
    app = shared.app("counted", "--zone", "Asia/Shanghai")
    now = int(time.time() * 1000)
    for user in ("a", "b"):
        events = [{"id": f"{user}{i}", "name": "$page_view", "time": now - 1000 + i,
                   "page": f"pages/{i}"} for i in range(3)]
        assert shared.collect(app, events, user=user).json()["accepted"] == 3
    shared.drain()
    day = str((datetime.datetime.fromtimestamp(now / 1000 - 1, datetime.timezone.utc)
               + datetime.timedelta(hours=8)).date())
    row = shared.trend(app, **{"from": day, "to": day}).json()["rows"][0]
    assert {name: row[name] for name in FIGURES[:5]} == {
        "visit_total": 2, "visit_uv_new": 2, "session_cnt": 2, "visit_pv": 6, "visit_uv": 2}
    assert row["visit_depth"] == 3


def test_csv_has_the_rows_under_their_names(shared, shop):
    answer = shared.trend(shop, by="month", format="csv", **{"from": "2026-01-01",
                                                             "to": "2026-03-01"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [row["cycle"] for row in rows] == ["2026-01", "2026-02", "2026-03"]
    assert set(FIGURES) <= set(rows[0])


def test_from_today_without_to_asks_for_today(shared, shop):
    day = str(today())
    told = shared.trend(shop, **{"from": day}).json()
    assert (told["from"], told["to"]) == (day, day) or told["from"] == day


def test_a_wrong_parameter_is_named(shared, shop):
    problem(shared.trend(shop, **{"from": "yesterday"}), 400, "from")
    problem(shared.trend(shop, to="2026-02-30"), 400, "to")
    problem(shared.trend(shop, to=""), 400, "to")
    problem(shared.trend(shop, by="year"), 400, "by")
    problem(shared.trend(shop, format="xml"), 400, "format")
    problem(shared.trend(shop, **{"from": "2026-02-02", "to": "2026-02-01"}), 400, "to")
    problem(shared.trend(shop, fro="2026-02-02"), 400, "fro")
    problem(shared.request("GET", "/v1/apps/shop/trend?by=day&by=week",
                           headers={"Authorization": f"Bearer {shop['token']}"}), 400, "by")


def test_what_looks_like_sql_is_only_a_wrong_parameter(shared, shop):
    problem(shared.trend(shop, **{"from": "2026-01-01' OR 1=1 --"}), 400, "from")
    problem(shared.trend(shop, by="day; DROP TABLE events"), 400, "by")


@pytest.mark.parametrize("credential", [
    None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}",
    "Bearer {token}x", "Bearer {write_key}", "Bearer  {token}"])
def test_without_a_token_it_is_401(shared, shop, credential):
    headers = {} if credential is None else {"Authorization": credential.format(**shop)}
    answer = shared.request("GET", "/v1/apps/shop/trend", headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_app_that_does_not_exist_looks_like_one_of_others(shared, shop):
    other = shared.app("other")
    answers = [shared.request("GET", f"/v1/apps/{app}/trend",
                              headers={"Authorization": f"Bearer {other['token']}"})
               for app in ("shop", "nobody", "..", "%27", "shop%2f..", "a" * 5000)]
    for answer in answers:
        assert answer.status == 404
    assert answers[0].body == answers[1].body


def test_the_scheme_may_be_written_in_any_case(shared, shop):
    answer = shared.request("GET", "/v1/apps/shop/trend",
                            headers={"Authorization": f"bearer {shop['token']}"})
    assert answer.status == 200


class Frozen:
    """The engine process stands still for a while."""

    def __init__(self, server):
        self.pid = server.engine_pid()

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


def test_a_report_that_takes_too_long_ends_at_its_deadline(tmp_path):
    with Server(tmp_path / "serve", query_timeout_ms="1000") as server:
        app = server.app("shop")
        server.start()
        server.wait_ready()
        assert server.trend(app).status == 200
        with Frozen(server):
            begun = time.monotonic()
            answer = server.trend(app)
            assert answer.status in (503, 504), answer
            assert time.monotonic() - begun < 5
            assert "inside" not in answer.json() and "engine.sock" not in answer.body.decode()
            assert server.request("GET", "/healthz").status == 200
            assert server.collect(app, [{"id": "1", "name": "x", "time": int(time.time() * 1000)}],
                                  user="u").status == 200
        server.wait_ready()
        assert server.trend(app).status == 200


def test_a_report_whose_client_has_gone_is_cancelled(tmp_path):
    with Server(tmp_path / "serve", query_timeout_ms="30000") as server:
        app = server.app("shop")
        server.start()
        server.wait_ready()
        metric = 'minipulse_http_requests_total{method="GET",path="/v1/apps/{app}/trend",' \
                 'status="499"}'
        with Frozen(server):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(b"GET /v1/apps/shop/trend HTTP/1.1\r\nHost: a\r\n"
                                   b"Authorization: Bearer " + app["token"].encode()
                                   + b"\r\n\r\n")
                time.sleep(0.3)
            begun = time.monotonic()
            while server.metrics().get(metric) != 1:
                assert time.monotonic() - begun < 8
                time.sleep(0.05)
