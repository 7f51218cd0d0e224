"""Who may what: every route that the server has, asked as everybody."""

import os
import re
import sqlite3

import pytest

import people
from people import Browser, Script
from server import Server

# Who asks: a name, what one is on the app asked about, how. Columns of the table below.
OUT = ("nobody", "write_key", "revoked_token", "expired_session", "logged_out_session",
       "removed_user")
ANONYMOUS, STRANGER_TOKEN, STRANGER, TOKEN_V, TOKEN_A, TOKEN_O, V, A, O, ADMIN = range(10)
CALLERS = {
    **{name: ANONYMOUS for name in OUT},
    "other_apps_owner_token": STRANGER_TOKEN,
    "other_apps_owner": STRANGER,
    "viewer_token": TOKEN_V, "analyst_token": TOKEN_A, "owner_token": TOKEN_O,
    "viewer": V, "analyst": A, "owner": O, "administrator": ADMIN,
}

# Changes are asked for with a body that makes no sense, or about what is not there: who may is told
# so (400, or 404 about that thing); who may not never gets as far.
SEE = (401, 404, 404, 200, 200, 200, 200, 200, 200, 200)
SEE_WRONG = (401, 404, 404, 400, 400, 400, 400, 400, 400, 400)
OWN = (401, 404, 404, 403, 403, 200, 403, 403, 200, 200)
OWN_BODY = (401, 404, 404, 403, 403, 400, 403, 403, 400, 400)
OWN_THING = (401, 404, 404, 403, 403, "thing", 403, 403, "thing", "thing")
ADMIN_ONLY = (401,) + (403,) * 8 + (200,)
ADMIN_BODY = (401,) + (403,) * 8 + (400,)
ADMIN_THING = (401,) + (403,) * 8 + ("thing",)
USER = (401, 403, 200, 403, 403, 403, 200, 200, 200, 200)
USER_BODY = (401, 403, 400, 403, 403, 403, 400, 400, 400, 400)
ALL = (200,) * 10
ALL_BODY = (400,) * 10
KEY = NOTICE = (401,) * 10

EXPECTED = {
    "POST /v1/collect": KEY,  # none of them sends a write key as one
    "OPTIONS /v1/collect": (204,) * 10,
    "GET /v1/sdk/config": KEY,
    "POST /sa": KEY, "GET /sa": KEY, "OPTIONS /sa": (204,) * 10,
    "POST /sa.gif": KEY, "GET /sa.gif": KEY, "OPTIONS /sa.gif": (204,) * 10,
    "POST /v1/apps/{app}/payments": KEY,
    "POST /v1/wechatpay/{app}": NOTICE,
    "POST /v1/wechatpay/{app}/password-free": NOTICE,
    "GET /v1/catalogue": (401,) + (200,) * 9,
    **{f"GET /v1/apps/{{app}}/{report}": SEE for report in (
        "overview", "trend", "source", "frequency", "duration", "depth", "retention", "pages",
        "profile")},
    "GET /v1/apps/{app}/realtime": SEE,
    "GET /v1/apps/{app}/realtime/stream": SEE_WRONG,
    "GET /v1/setup": ALL,
    "POST /v1/setup": ALL_BODY,
    "POST /v1/join": ALL_BODY,
    "POST /v1/session": ALL_BODY,
    "GET /v1/session": USER,
    "DELETE /v1/session": (401, 403, 204, 403, 403, 403, 204, 204, 204, 204),
    "PUT /v1/me/password": USER_BODY,
    "POST /v1/me/apps": USER_BODY,
    "GET /v1/users": ADMIN_ONLY,
    "POST /v1/users": ADMIN_BODY,
    "PATCH /v1/users/{user}": ADMIN_BODY,
    "DELETE /v1/users/{user}": ADMIN_THING,
    "GET /v1/audit": ADMIN_ONLY,
    "GET /v1/apps": (401,) + (200,) * 9,
    "POST /v1/apps": (401, 403, 400, 403, 403, 403, 403, 403, 400, 400),
    "GET /v1/apps/{app}": SEE,
    "PATCH /v1/apps/{app}": OWN_BODY,
    "POST /v1/apps/{app}/write-key": OWN,
    "GET /v1/apps/{app}/members": OWN,
    "PUT /v1/apps/{app}/members/{user}": OWN_BODY,
    "DELETE /v1/apps/{app}/members/{user}": OWN_THING,
    "GET /v1/apps/{app}/invitations": OWN,
    "POST /v1/apps/{app}/invitations": OWN_BODY,
    "DELETE /v1/apps/{app}/invitations/{id}": OWN_THING,
    "GET /v1/apps/{app}/tokens": OWN,
    "POST /v1/apps/{app}/tokens": OWN_BODY,
    "DELETE /v1/apps/{app}/tokens/{id}": OWN_THING,
    "GET /v1/apps/{app}/audit": OWN,
    # In Weixin's manner: 200, and what is wrong in the body.
    "GET /cgi-bin/token": ALL, "POST /cgi-bin/stable_token": ALL, "POST /datacube/{call}": ALL,
    "* /cgi-bin/*": ALL, "* /datacube/*": ALL,
    "GET /healthz": ALL, "GET /readyz": ALL, "GET /metrics": ALL, "GET /": ALL,
    "GET /log-in": ALL, "GET /set-up": ALL, "GET /join": ALL, "GET /account": ALL,
    "GET /server/{page}": ALL, "GET /apps/{app}/{page}": ALL, "GET /favicon.svg": ALL,
    "GET /assets/{file}": ("thing",) * 10,
    "GET /v1/openapi.yaml": ALL,
}


def routes(server):
    """{"METHOD path": who} as the program itself lists them."""
    lines = people.command(server, "routes").splitlines()
    return {" ".join(line.split()[:2]): " ".join(line.split()[2:]) for line in lines}


def sql(server, statement, *values):
    with sqlite3.connect(os.path.join(server.data_dir, "minipulse.db"), timeout=10) as database:
        return database.execute(statement, values).fetchall()


def member(server, name, app, role):
    people.add_user(server, name)
    if role:
        people.command(server, "user", "grant", name, app, role)


@pytest.fixture(scope="module", params=["clickhouse"])
def world(request, tmp_path_factory, shared_clickhouse):
    """A server with two apps and everybody. Not on the embedded engine: so the builds with
    sanitizers are asked as well."""
    del request
    with Server(tmp_path_factory.mktemp("access") / "serve", shared_clickhouse,
                database="test_access") as server:
        server.apps = {name: server.app(name) for name in ("shop", "other")}
        people.add_user(server, "boss", "--admin")
        for role in ("viewer", "analyst", "owner"):
            member(server, role, "shop", role)
        member(server, "stranger", "other", "owner")
        member(server, "gone", "shop", "owner")
        server.start()
        server.wait_ready()
        yield server


def session(server, name):
    return Browser(server).log_in(name)


def removed(server):
    browser = session(server, "gone")
    people.command(server, "user", "remove", "gone")
    people.add_user(server, "gone")  # the name again, not the same user
    people.command(server, "user", "grant", "gone", "shop", "owner")
    return browser


def expired(server):
    browser = session(server, "owner")
    assert browser.ask("GET", "/v1/session").status == 200
    sql(server, "UPDATE sessions SET expires_ms = 1 WHERE created_ms = "
                "(SELECT max(created_ms) FROM sessions)")
    return browser


def logged_out(server):
    browser = session(server, "owner")
    assert browser.ask("DELETE", "/v1/session").status == 204
    return browser


def revoked(server):
    made = people.add_token(server, "shop", "owner")
    people.command(server, "token", "revoke", "shop", str(made["id"]))
    return Script(server, made["token"])


@pytest.fixture(scope="module")
def callers(world):
    """By name, a function that gives whoever it is."""
    tokens = {role: people.add_token(world, "shop", role)["token"]
              for role in ("viewer", "analyst", "owner")}
    other = people.add_token(world, "other", "owner")["token"]
    kept = {
        "nobody": Script(world, None),
        "write_key": Script(world, world.apps["shop"]["write_key"]),
        "revoked_token": revoked(world),
        "logged_out_session": logged_out(world),
        "removed_user": removed(world),
        "other_apps_owner_token": Script(world, other),
        "other_apps_owner": session(world, "stranger"),
        **{f"{role}_token": Script(world, token) for role, token in tokens.items()},
        **{role: session(world, role) for role in ("viewer", "analyst", "owner")},
        "administrator": session(world, "boss"),
        "expired_session": expired(world),  # last: a log-in takes such sessions away
    }
    assert set(kept) == set(CALLERS)
    return kept


def ask(caller, route, app):
    method, path = route.split(" ")
    path = path.format(app=app, user="no-such-user", id=999999, call="x", page="users",
                       file="none.js")
    if path.endswith("/stream"):
        path += "?step=0"  # who may would be told for ever
    has_body = method in ("POST", "PUT", "PATCH") and not path.endswith("/write-key")
    return caller.ask(method, path, {"makes": "no sense"} if has_body else None)


def test_the_table_here_has_every_route_of_the_server_and_no_other(world):
    assert set(EXPECTED) == set(routes(world))


@pytest.mark.parametrize("route", EXPECTED)
def test_a_route_answers_everybody_as_the_table_says(world, callers, route):
    for name, column in CALLERS.items():
        caller = callers[name]
        if route == "DELETE /v1/session" and isinstance(caller, Browser) and column >= STRANGER:
            user = caller.ask("GET", "/v1/session").json()["user"]
            caller = session(world, user)  # it ends with this
        answer = ask(caller, route, "shop")
        wanted = EXPECTED[route][column]
        if wanted == "thing":
            assert answer.status == 404, (name, answer)
            assert answer.json()["field"] in ("user", "id", "file"), (name, answer)
        else:
            assert answer.status == wanted, (name, answer)
        if wanted == 404:
            assert answer.json()["field"] == "app", (name, answer)
        if "/wechatpay/" in route:
            assert answer.json()["code"] == "FAIL", (name, answer)  # as WeChat Pay asks for
        elif "/cgi-bin/" in route or "/datacube/" in route:
            assert answer.json()["errcode"] != 0, (name, answer)
        elif answer.status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"


# The page about an app is the same for all; what it asks is not.
@pytest.mark.parametrize("route", [
    route for route in EXPECTED if "{app}" in route and "/v1/" in route])
def test_an_app_that_is_hidden_and_one_that_does_not_exist_answer_alike(callers, route):
    for name, column in CALLERS.items():
        missing = ask(callers[name], route, "nowhere")
        unknown = column == ANONYMOUS or EXPECTED[route] == KEY
        assert missing.status == (401 if unknown else 404), (name, missing)
        if unknown or column in (STRANGER, STRANGER_TOKEN):
            hidden = ask(callers[name], route, "shop")
            assert (hidden.status, hidden.body) == (missing.status, missing.body), name


CHANGES = [route for route in EXPECTED
           if not route.startswith(("GET", "OPTIONS"))
           and EXPECTED[route] not in (KEY, ALL_BODY, ALL)]


@pytest.mark.parametrize("route", CHANGES)
def test_a_change_by_cookie_without_the_sessions_csrf_token_is_refused(world, callers, route):
    right = callers["administrator"]
    for csrf in (None, "", "x", right.csrf[:-1], right.csrf + "x", callers["owner"].csrf):
        forger = Browser(world)
        forger.cookie, forger.csrf = right.cookie, csrf
        answer = ask(forger, route, "shop")
        assert answer.status == 403, (csrf, answer)
        assert answer.json()["field"] == "X-CSRF-Token"
    assert right.ask("GET", "/v1/session").status == 200


def test_what_a_role_sees_of_apps_is_its_own(callers):
    def listed(name):
        return {app["id"]: app["role"] for app in
                callers[name].ask("GET", "/v1/apps").json()["apps"]}

    assert listed("viewer") == listed("viewer_token") == {"shop": "viewer"}
    assert listed("owner") == {"shop": "owner"}
    assert listed("other_apps_owner") == listed("other_apps_owner_token") == {"other": "owner"}
    assert listed("administrator") == {"shop": "owner", "other": "owner"}


def test_only_owners_see_the_write_key(callers):
    for name, column in CALLERS.items():
        answer = callers[name].ask("GET", "/v1/apps/shop")
        assert ("mpw_" in answer.body.decode()) == (column in (TOKEN_O, O, ADMIN)), name


def test_a_token_goes_before_a_cookie_and_a_wrong_one_is_not_forgiven_for_it(world, callers):
    owner = callers["owner"]
    bearer = {"Authorization": callers["viewer_token"].headers("GET")["Authorization"]}
    assert owner.ask("GET", "/v1/apps/shop/members", **bearer).status == 403
    assert owner.ask("GET", "/v1/apps/shop/members",
                     Authorization="Bearer wrong").status == 401


def test_the_documentation_lists_every_route(world):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(root, "docs", "api.md"), encoding="utf-8") as file:
        rows = [line for line in file if line.startswith("| `")]
    for route in routes(world):
        method, path = route.split(" ")
        assert any(re.search(rf"`{re.escape(method)}(?!\w)", row)
                   and re.search(rf"[ `]{re.escape(path)}`", row) for row in rows), route
