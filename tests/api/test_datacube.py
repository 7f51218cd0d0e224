"""Weixin's server API answered compatibly: tokens, each call field for field, each error."""

import datetime
import json
import os
import random
import signal
import time

import pytest

import datacube
from datacube import APPID, CALLS, SECRET, digits, like
from oracle_cycles import ONE_DAY

GRANT = f"/cgi-bin/token?grant_type=client_credential&appid={APPID}&secret={SECRET}"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    seed = random.randrange(1 << 32)
    with datacube.serve(tmp_path_factory.mktemp("datacube") / "serve") as server:
        server.start()
        server.wait_ready()
        yield datacube.Told(server, seed)


def ask(server, path, body=None, method="POST"):
    """What was answered, as JSON; its status is 200, whatever it says."""
    text = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
    answer = server.request(method, path, text, {"Content-Type": "application/json"})
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def stable(**more):
    return {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **more}


@pytest.fixture(scope="module")
def token(told):
    return ask(told.server, GRANT, method="GET")["access_token"]


def call(told, token, name, begin, end):
    return ask(told.server, f"/datacube/{name}?access_token={token}",
               {"begin_date": digits(begin), "end_date": digits(end)})


def error(answer, code, message):
    assert answer == {"errcode": code, "errmsg": message}


# ---- calls ----

@pytest.mark.parametrize("name", [name for name in CALLS if "portrait" not in name])
def test_a_call_answers_field_for_field_what_the_oracle_computes(told, token, name):
    by = CALLS[name]
    answers = []
    for begin, end in told.cycles(by, {"day": 40, "week": 9, "month": 2}[by]):
        answers.append(call(told, token, name, begin, end))
        assert like(answers[-1]) == like(told.wanted(name, begin, end)), (begin, end)
    assert len({str(answer).partition("ref_date")[2][20:] for answer in answers}) > 1


@pytest.mark.parametrize("days", [1, 7, 30])
def test_a_portrait_is_of_one_seven_or_thirty_days(told, token, days):
    for back in (0, 5, 20, 33):
        end = told.yesterday - back * ONE_DAY
        begin = end - (days - 1) * ONE_DAY
        found = call(told, token, "getweanalysisappiduserportrait", begin, end)
        wanted = told.wanted("getweanalysisappiduserportrait", begin, end)
        assert like(found) == like(wanted), (begin, end)


def test_figures_are_the_same_as_those_of_our_own_report(told, token):
    day = told.yesterday - 10 * ONE_DAY
    own = told.server.trend(told.app, **{"from": day, "to": day}).json()["rows"][0]
    row = call(told, token, "getweanalysisappiddailyvisittrend", day, day)["list"][0]
    assert row.pop("ref_date") == digits(day)
    assert row == {name: own[name] or 0 for name in row}


# ---- tokens ----

def test_a_new_token_leaves_the_former_valid_and_the_stable_one_stays_the_same(told):
    server, day = told.server, told.yesterday
    first, second = (ask(server, GRANT, method="GET") for _ in range(2))
    assert first.keys() == {"access_token", "expires_in"} and first["expires_in"] == 7200
    assert first["access_token"] != second["access_token"]
    kept = ask(server, "/cgi-bin/stable_token", stable())
    assert kept["access_token"] == ask(server, "/cgi-bin/stable_token", stable(
        force_refresh=False))["access_token"]
    assert 7100 < kept["expires_in"] <= 7200
    name = "getweanalysisappiddailysummarytrend"
    for given in (first, second, kept):
        assert "list" in call(told, given["access_token"], name, day, day)
    forced = ask(server, "/cgi-bin/stable_token", stable(force_refresh=True))["access_token"]
    assert forced != kept["access_token"]
    assert "list" in call(told, forced, name, day, day)
    error(call(told, kept["access_token"], name, day, day), 42001, "access_token expired")


def test_a_token_is_given_only_for_the_right_appid_and_secret(told):
    server = told.server

    def grant(**changed):
        asked = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **changed}
        query = "&".join(f"{key}={value}" for key, value in asked.items() if value is not None)
        told_stable = ask(server, "/cgi-bin/stable_token", {
            key: value for key, value in asked.items() if value is not None})
        told_plain = ask(server, f"/cgi-bin/token?{query}", method="GET")
        assert told_stable == told_plain
        return told_plain

    error(grant(appid="wx0"), 40013, "invalid appid")
    error(grant(appid=None), 41002, "appid missing")
    error(grant(secret="0" * 32), 40125, "invalid appsecret")
    error(grant(secret="%27%20OR%201%3D1"), 40125, "invalid appsecret")
    error(grant(secret=None), 41004, "appsecret missing")
    error(grant(grant_type="password"), 40002, "invalid grant_type")
    error(grant(grant_type=None), 40002, "invalid grant_type")
    error(ask(server, GRANT, "", method="POST"), 43001, "require GET method")
    error(ask(server, "/cgi-bin/stable_token", method="GET"), 43002, "require POST method")
    error(ask(server, "/cgi-bin/stable_token", ""), 44002, "empty post data")
    error(ask(server, "/cgi-bin/stable_token", "{"), 47001, "data format error")


def test_a_token_is_of_one_app_and_survives_a_restart_of_the_server(tmp_path):
    with datacube.serve(tmp_path / "serve", store_url="http://127.0.0.1:9") as server:
        for app in ("shop", "tea"):
            server.app(app)
        server.run("app", "weixin", "shop", "--appid", APPID, "--secret-file", "-", stdin=SECRET)
        server.start()
        given = ask(server, GRANT, method="GET")["access_token"]
        kept = ask(server, "/cgi-bin/stable_token", stable())["access_token"]
        server.stop()
        server.start()
        assert ask(server, "/cgi-bin/stable_token", stable())["access_token"] == kept
        # It is known, but nothing was loaded: the store cannot be reached.
        day = {"begin_date": "20260101", "end_date": "20260101"}
        for token in (given, kept):
            error(ask(server, "/datacube/getweanalysisappidvisitpage?access_token=" + token, day),
                  61503, "data not ready")
        server.run("app", "weixin", "shop", "--new-secret")
        error(ask(server, "/datacube/getweanalysisappidvisitpage?access_token=" + given, day),
              40014, "invalid access_token")


# ---- errors ----

def test_what_is_wrong_with_a_call_is_told_in_weixins_codes(told, token):
    server = told.server
    path = "/datacube/getweanalysisappidvisitpage"
    day = {"begin_date": digits(told.yesterday), "end_date": digits(told.yesterday)}
    error(ask(server, path, day), 41001, "access_token missing")
    error(ask(server, path + "?access_token=", day), 41001, "access_token missing")
    error(ask(server, path + "?access_token=" + token[:-1], day), 40014, "invalid access_token")
    error(ask(server, path + "?access_token=" + told.app["token"], day), 40014,
          "invalid access_token")
    path += "?access_token=" + token
    error(ask(server, path, method="GET"), 43002, "require POST method")
    error(ask(server, path, day, method="PUT"), 43002, "require POST method")
    error(ask(server, path), 44002, "empty post data")
    error(ask(server, path, " \n"), 44002, "empty post data")
    for text in ("begin_date=20260101", "[]", "1", '"x"', '{"begin_date": ', "\xff"):
        error(ask(server, path, text.encode("latin-1")), 47001, "data format error")


@pytest.mark.parametrize("wrong", ["2026-01-01", "2026011", "202601011", "20260230", "20261301",
                                   "", "yyyymmdd", "2026\u0000101", None, [], {}, True, 2026, 1e9])
def test_a_date_that_is_none_is_61500(told, token, wrong):
    path = f"/datacube/getweanalysisappiddailyvisittrend?access_token={token}"
    good = digits(told.yesterday)
    for body in ({"begin_date": wrong, "end_date": good}, {"begin_date": good, "end_date": wrong},
                 {"begin_date": good}, {"end_date": good}, {}):
        error(ask(told.server, path, body), 61500, "date format error")


def test_dates_may_be_numbers(told, token):
    day = int(digits(told.yesterday))
    path = f"/datacube/getweanalysisappiddailyvisittrend?access_token={token}"
    assert "list" in ask(told.server, path, {"begin_date": day, "end_date": day})


def test_a_range_that_the_call_does_not_take_is_61501(told, token):
    monday, sunday = told.cycles("week", 3)[-1]
    first, last = told.cycles("month", 2)[-1]
    wrong = {"daily": [(monday, sunday), (sunday, monday)],
             "weekly": [(monday, monday), (monday + ONE_DAY, sunday + ONE_DAY),
                        (monday, sunday + 7 * ONE_DAY), (sunday, monday)],
             "monthly": [(first, first), (first, last - ONE_DAY), (first + ONE_DAY, last),
                         (last, first)]}
    wrong["visit"] = wrong["daily"]
    wrong["user"] = [(monday, monday + ONE_DAY), (monday, monday + 28 * ONE_DAY), (sunday, monday)]
    for name in CALLS:
        kind = next(kind for kind in wrong if name.startswith("getweanalysisappid" + kind))
        for begin, end in wrong[kind]:
            error(call(told, token, name, begin, end), 61501, "date range error")
    error(call(told, token, "getweanalysisappidvisitpage", datetime.date(1969, 12, 31),
               datetime.date(1969, 12, 31)), 61501, "date range error")


def test_today_and_later_are_not_ready(told, token):
    today = told.today()
    for day in (today, today + ONE_DAY):
        error(call(told, token, "getweanalysisappiddailyvisittrend", day, day), 61503,
              "data not ready")
    month = today.replace(day=1), (today.replace(day=1) + 31 * ONE_DAY).replace(day=1) - ONE_DAY
    error(call(told, token, "getweanalysisappidmonthlyvisittrend", *month), 61503,
          "data not ready")


@pytest.mark.parametrize("path", ["/datacube/", "/datacube/getusersummary", "/datacube/a/b",
                                  "/cgi-bin/", "/cgi-bin/ticket/getticket?access_token=x",
                                  "/cgi-bin/message/custom/send",
                                  "/datacube/getweanalysisappidvisitpage/x"])
def test_what_is_not_answered_is_unauthorised(told, path):
    for method in ("GET", "POST"):
        error(ask(told.server, path, method=method), 48001, "api unauthorized")


def test_while_the_engine_does_not_answer_the_system_is_busy(tmp_path):
    with datacube.serve(tmp_path / "serve", query_timeout_ms="1000") as server:
        server.app("shop", "--zone", "UTC")
        server.run("app", "weixin", "shop", "--appid", APPID, "--secret-file", "-", stdin=SECRET)
        server.start()
        server.wait_ready()
        token = ask(server, GRANT, method="GET")["access_token"]
        day = digits(datetime.datetime.now(datetime.timezone.utc).date() - ONE_DAY)
        path = f"/datacube/getweanalysisappidvisitpage?access_token={token}"
        body = {"begin_date": day, "end_date": day}
        deadline = time.monotonic() + 30
        while ask(server, path, body).get("errcode") == 61503:  # its journal is not read yet
            assert time.monotonic() < deadline
            time.sleep(0.05)
        pid = server.engine_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            error(ask(server, path, body), -1, "system error")
        finally:
            os.kill(pid, signal.SIGCONT)
