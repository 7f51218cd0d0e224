"""Payments and refunds posted by the app's own server: what is taken, told and counted."""

import json
import time

import pytest


def now_ms():
    return int(time.time() * 1000)


def payment(order_id, **more):
    return {"order_id": order_id, "user": "u1", "amount_fen": 1990, "time": now_ms(), **more}


def refund(refund_id, **more):
    return {"refund_id": refund_id, "order_id": "o1", "amount_fen": 990, "time": now_ms(), **more}


def post(server, app, body, key=None):
    body = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return server.request("POST", f"/v1/apps/{app['id']}/payments", body,
                          {"X-Minipulse-Key": app["write_key"] if key is None else key,
                           "Content-Type": "application/json"})


def kept(server, app, columns="name, order_id, amount_fen, user"):
    server.drain()
    return server.sql(f"SELECT {columns} FROM events WHERE app = '{app['id']}' "
                      "ORDER BY name, order_id, amount_fen")


def test_one_payment_and_a_list_are_acknowledged_with_their_number(shared, shop):
    answer = post(shared, shop, payment("one"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"accepted": 1, "rejected": 0, "errors": []}
    answer = post(shared, shop, [payment("two"), refund("three")])
    assert answer.json() == {"accepted": 2, "rejected": 0, "errors": []}


def test_a_wrong_payment_of_a_list_does_not_cost_the_right_ones(shared, shop):
    answer = post(shared, shop, [payment("a"), payment("b", amount_fen=1.5), payment("c")])
    assert answer.status == 200
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (2, 1)
    assert told["errors"] == [{"index": 1, "field": "payments[1].amount_fen",
                               "reason": "must be a whole number from 0 to 100000000000"}]


def test_one_wrong_payment_alone_is_400_and_names_the_field(shared, shop):
    answer = post(shared, shop, payment("a", user=None))
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["field"] == "user"


@pytest.mark.parametrize("key", ["", "wrong", "mpw_" + "x" * 32])
def test_without_the_apps_write_key_nothing_is_taken(shared, shop, key):
    answer = post(shared, shop, payment("a"), key)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"]
    unknown = post(shared, {"id": "nobody"}, payment("a"), key)
    assert (unknown.status, unknown.body) == (answer.status, answer.body)


def test_a_token_and_another_apps_write_key_do_not_write(shared, shop):
    other = shared.app("another")
    for key in (shop["token"], other["write_key"]):
        assert post(shared, shop, payment("a"), key).status == 401


def test_limits_are_500_payments_and_1_mib(shared, shop):
    assert post(shared, shop, [payment(f"o{i}") for i in range(500)]).status == 200
    assert post(shared, shop, [payment(f"o{i}") for i in range(501)]).status == 413
    assert post(shared, shop, b" " * ((1 << 20) + 1)).status == 413


def test_a_repeat_is_200_and_an_order_counts_once_whoever_tells_of_it(server):
    """The SDK's event, the server's post and its repeats, in both orders; the first one holds."""
    app = server.app("once")
    sdk = {"id": "e1", "name": "$pay", "time": now_ms(), "order_id": "o1", "amount_fen": 1}
    assert post(server, app, payment("o1")).status == 200
    answer = server.collect(app, [sdk, {**sdk, "id": "e2", "order_id": "o2"}], user="sdk")
    assert answer.status == 200
    for body in (payment("o1"), [payment("o2"), payment("o2"), payment("o3")],
                 payment("o1", amount_fen=7), refund("r1"), [refund("r1"), refund("r2")]):
        answer = post(server, app, body)
        assert answer.status == 200 and answer.json()["rejected"] == 0
    server.drain()
    assert post(server, app, payment("o3")).status == 200
    assert kept(server, app) == [
        ["$pay", "o1", "1990", "u1"], ["$pay", "o2", "1", "sdk"], ["$pay", "o3", "1990", "u1"],
        ["$refund", "o1", "990", ""], ["$refund", "o1", "990", ""]]


def test_an_order_counts_once_across_a_restart_and_per_app(server):
    first, second = server.app("first"), server.app("second")
    assert post(server, first, payment("o1")).status == 200
    server.drain()
    server.kill9()
    server.start()
    server.wait_ready()
    assert post(server, first, payment("o1")).status == 200
    assert post(server, second, payment("o1")).status == 200
    assert len(kept(server, first)) == 1
    assert len(kept(server, second)) == 1


def test_payments_reach_the_rollups_and_make_nobody_a_visitor(server):
    app = server.app("rolled")
    body = [payment("o1", password_free=True), payment("o2"), payment("o3", user="u2"),
            refund("r1"), refund("r2", user="u2")]
    assert post(server, app, body).json()["accepted"] == 5
    server.drain()
    assert server.sql(
        "SELECT sum(pay_cnt), sum(pay_fen), sum(refund_cnt), sum(refund_fen), sum(visit_pv), "
        "sum(opens) FROM user_days FINAL WHERE app = 'rolled'") == [
            ["2", "3980", "2", "1980", "0", "0"]]
    assert server.sql("SELECT user FROM users WHERE app = 'rolled' ORDER BY user") == [
        ["u1"], ["u2"]]
    assert kept(server, app, "DISTINCT sdk, country, platform") == [["payments", "", "0"]]
