"""People and tokens over HTTP: set-up, log-in, members, what is kept and what is told."""

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import time

import pytest

import people
from people import PASSWORD, Browser, Script
from server import Server

NOWHERE = {"store_url": "http://127.0.0.1:9"}  # accounts need no engine


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("accounts") / "serve", trusted_proxies="127.0.0.1",
                **NOWHERE) as server:
        server.app("shop")
        people.add_user(server, "boss", "--admin")
        people.add_user(server, "li")
        people.command(server, "user", "grant", "li", "shop", "owner")
        server.start()
        yield server


@pytest.fixture
def boss(world):
    return Browser(world).log_in("boss")


@pytest.fixture
def li(world):
    return Browser(world).log_in("li")


def problem(answer, status, field):
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json().get("field") == field, answer
    assert answer.json()["detail"]


def database_bytes(server):
    kept = b""
    for ending in ("", "-wal"):
        path = os.path.join(server.data_dir, "minipulse.db" + ending)
        if os.path.exists(path):
            with open(path, "rb") as file:
                kept += file.read()
    return kept


# ---- the first user ----

def code_of(server):
    return re.findall(r"mps_[\w-]{43}", server.log_tail(100000))[-1]


def test_a_fresh_server_is_set_up_once_and_only_with_the_code_that_it_printed_last(tmp_path):
    with Server(tmp_path / "serve", **NOWHERE) as server:
        server.start()
        first = code_of(server)
        server.stop()
        server.start()
        anybody = Browser(server)
        assert anybody.ask("GET", "/v1/setup").json() == {"is_needed": True}
        for code in ("", "mps_", first, "' OR 1=1 --"):
            problem(anybody.begin("/v1/setup", code=code, name="boss", password=PASSWORD),
                    401, "code")
        code = code_of(server)
        assert code != first
        problem(anybody.begin("/v1/setup", code=code, name="Boss!", password=PASSWORD),
                400, "name")
        problem(anybody.begin("/v1/setup", code=code, name="boss", password="short"),
                400, "password")
        answer = anybody.begin("/v1/setup", code=code, name="boss", password=PASSWORD)
        assert answer.status == 201
        assert answer.json()["is_admin"] is True
        assert anybody.ask("GET", "/v1/users").status == 200
        late = Browser(server).begin("/v1/setup", code=code, name="other", password=PASSWORD)
        assert late.status == 409
        assert anybody.ask("GET", "/v1/setup").json() == {"is_needed": False}
        server.stop()
        printed = server.log_tail(100000).count("mps_")
        server.start()
        assert server.log_tail(100000).count("mps_") == printed
        assert anybody.ask("GET", "/v1/session").json()["user"] == "boss"  # survives a restart


# ---- the cookie ----

def cookie_of(answer):
    parts = answer.headers["Set-Cookie"].split("; ")
    return parts[0].split("=")[0], set(parts[1:])


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(world):
    name, flags = cookie_of(Browser(world).begin("/v1/session", name="li", password=PASSWORD))
    assert name == "minipulse_session"
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= flags
    assert "Secure" not in flags
    age = next(int(flag[8:]) for flag in flags if flag.startswith("Max-Age="))
    assert 168 * 3600 - 60 < age <= 168 * 3600


def test_behind_a_proxy_that_speaks_tls_the_cookie_is_secure_and_bound_to_the_host(world):
    browser = Browser(world)
    tls = {"X-Forwarded-Proto": "https"}
    answer = browser.ask("POST", "/v1/session", {"name": "li", "password": PASSWORD}, **tls)
    name, flags = cookie_of(answer)
    assert name == "__Host-minipulse_session"
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= flags
    browser.cookie = answer.headers["Set-Cookie"].split(";")[0]
    assert browser.ask("GET", "/v1/session", **tls).status == 200
    # A cookie that a neighbour could have planted is not looked at there.
    browser.cookie = browser.cookie.replace("__Host-", "")
    assert browser.ask("GET", "/v1/session", **tls).status == 401


def test_over_our_own_tls_the_cookie_is_secure(tmp_path):
    if not shutil.which("openssl"):
        pytest.fail("openssl is not installed")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
                    "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
                   check=True, capture_output=True)
    with Server(tmp_path / "serve", tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem",
                **NOWHERE) as server:
        people.add_user(server, "li")
        server.start()
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        connection = http.client.HTTPSConnection("localhost", server.port, context=context)
        connection.request("POST", "/v1/session", json.dumps({"name": "li", "password": PASSWORD}),
                           {"Content-Type": "application/json"})
        cookie = connection.getresponse().headers["Set-Cookie"]
        connection.close()
        assert cookie.startswith("__Host-minipulse_session=") and "; Secure" in cookie


def test_log_out_ends_the_session_and_takes_the_cookie_away(li):
    answer = li.ask("DELETE", "/v1/session")
    assert answer.status == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert li.ask("GET", "/v1/session").status == 401


# ---- logging in ----

def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(world):
    answers = [Browser(world).begin("/v1/session", name=name, password="wrong password")
               for name in ("boss", "nobody-of-that-name")]
    assert answers[0].status == answers[1].status == 401
    assert answers[0].body == answers[1].body
    assert "Set-Cookie" not in answers[0].headers


def try_as(server, name, address, password="wrong password"):
    return Script(server, None).ask("POST", "/v1/session", {"name": name, "password": password},
                                    **{"X-Forwarded-For": address})


def tries_until_slowed(attempts):
    """How many came through before a 429; time pays some back meanwhile."""
    for count, answer in enumerate(attempts):
        if answer.status == 429:
            return count
        assert answer.status == 401, answer
    raise AssertionError("never slowed")


def test_guessing_at_an_account_is_slowed_wherever_it_comes_from(world):
    people.add_user(world, "guessed")
    tries = tries_until_slowed(try_as(world, "guessed", f"198.51.100.{i}") for i in range(100))
    assert 10 <= tries < 30
    answer = try_as(world, "guessed", "198.51.100.200", PASSWORD)
    problem(answer, 429, None)
    assert 1 <= int(answer.headers["Retry-After"]) <= 15
    Browser(world).log_in("li")  # others are not kept out


def test_guessing_from_an_address_is_slowed_whoever_is_tried(world):
    tries = tries_until_slowed(try_as(world, f"user{i}", "203.0.113.5") for i in range(200))
    assert 30 <= tries < 90
    assert try_as(world, "li", "203.0.113.6", PASSWORD).status == 200


@pytest.mark.parametrize("body, field", [
    (b"", None), (b"{", None), (b"[]", "body"), (b"null", "body"), (b'{"name": "li"}', "password"),
    (b'{"name": 1, "password": "x"}', "name"), (b'{"name": "li\\u0000", "password": "x"}', "name"),
    (b'{"name": "", "password": "x"}', "name"),
    (b'{"name": "li", "password": "x", "name": "boss"}', "name"),
    (b'{"name": "li", "password": "x", "is_admin": true}', "is_admin"),
    (json.dumps({"name": "a" * 65, "password": "x"}).encode(), "name"),
    (json.dumps({"name": "li", "password": "x" * 257}).encode(), "password"),
    (b'{"name": "li", "password": "\xff"}', None),
    (b'[' * 1000, None),
], ids=lambda value: str(value)[:30])
def test_a_body_that_makes_no_sense_is_refused_by_name(world, body, field):
    answer = Script(world, None).ask("POST", "/v1/session", body)
    assert answer.status == 400, answer
    assert field is None or answer.json()["field"] == field


def test_a_body_that_another_site_could_make_a_browser_send_is_refused(world):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = Script(world, None).ask("POST", "/v1/session",
                                         {"name": "li", "password": PASSWORD},
                                         **{"Content-Type": kind})
        problem(answer, 400, "Content-Type")
    assert Script(world, None).ask("POST", "/v1/session", "x" * 20000).status == 413


def test_a_new_password_ends_the_other_sessions_and_not_this_one(world):
    people.add_user(world, "changing")
    own, other = (Browser(world).log_in("changing") for _ in range(2))
    fresh = "quite another password"
    problem(own.ask("PUT", "/v1/me/password", {"current": "wrong one", "password": fresh}),
            401, "current")
    problem(own.ask("PUT", "/v1/me/password", {"current": PASSWORD, "password": "short"}),
            400, "password")
    assert own.ask("PUT", "/v1/me/password",
                   {"current": PASSWORD, "password": fresh}).status == 204
    assert own.ask("GET", "/v1/session").status == 200
    assert other.ask("GET", "/v1/session").status == 401
    assert Browser(world).begin("/v1/session", name="changing", password=PASSWORD).status == 401
    Browser(world).log_in("changing", fresh)


# ---- users, members, invitations ----

def test_an_administrator_makes_changes_and_removes_users(world, boss):
    path = "/v1/users/made"
    assert boss.ask("POST", "/v1/users", {"name": "made", "password": PASSWORD}).json() == {
        "name": "made", "is_admin": False}
    problem(boss.ask("POST", "/v1/users", {"name": "made", "password": PASSWORD}), 409, "name")
    made = Browser(world).log_in("made")
    assert boss.ask("PATCH", path, {"is_admin": True}).status == 204
    assert made.ask("GET", "/v1/users").status == 200  # in force at once
    assert boss.ask("PATCH", path, {"password": "a third password"}).status == 204
    assert made.ask("GET", "/v1/session").status == 401
    listed = {user["name"]: user for user in boss.ask("GET", "/v1/users").json()["users"]}
    assert listed["made"]["is_admin"] is True and listed["made"]["logged_in"]
    assert not any("argon2" in json.dumps(user) for user in listed.values())
    problem(boss.ask("PATCH", path, {}), 400, "body")
    assert boss.ask("DELETE", path).status == 204
    problem(boss.ask("DELETE", path), 404, "user")


def test_the_last_administrator_cannot_go(boss):
    problem(boss.ask("DELETE", "/v1/users/boss"), 400, "user")
    problem(boss.ask("PATCH", "/v1/users/boss", {"is_admin": False}), 400, "is_admin")


def test_an_invitation_makes_one_member(world, li):
    made = li.ask("POST", "/v1/apps/shop/invitations", {"role": "analyst"}).json()
    assert li.ask("GET", "/v1/apps/shop/invitations").json()["invitations"][-1]["id"] == made["id"]
    assert "code" not in li.ask("GET", "/v1/apps/shop/invitations").body.decode()
    guest = Browser(world)
    problem(guest.begin("/v1/join", code=made["code"], name="boss", password=PASSWORD),
            409, "name")
    answer = guest.begin("/v1/join", code=made["code"], name="guest", password=PASSWORD)
    assert answer.status == 201
    assert [(app["id"], app["role"]) for app in answer.json()["apps"]] == [("shop", "analyst")]
    problem(Browser(world).begin("/v1/join", code=made["code"], name="two", password=PASSWORD),
            401, "code")
    again = li.ask("POST", "/v1/apps/shop/invitations", {"role": "owner"}).json()
    assert guest.ask("POST", "/v1/me/apps", {"code": again["code"]}).status == 204
    assert guest.ask("GET", "/v1/apps/shop").json()["role"] == "owner"
    third = li.ask("POST", "/v1/apps/shop/invitations", {"role": "owner"}).json()
    assert li.ask("DELETE", f"/v1/apps/shop/invitations/{third['id']}").status == 204
    problem(guest.ask("POST", "/v1/me/apps", {"code": third["code"]}), 401, "code")


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(world, li):
    people.add_user(world, "wang")
    people.command(world, "user", "grant", "wang", "shop", "owner")
    wang = Browser(world).log_in("wang")
    assert wang.ask("GET", "/v1/apps/shop/members").status == 200
    assert li.ask("PUT", "/v1/apps/shop/members/wang", {"role": "viewer"}).status == 204
    assert wang.ask("GET", "/v1/apps/shop/members").status == 403
    assert li.ask("DELETE", "/v1/apps/shop/members/wang").status == 204
    assert wang.ask("GET", "/v1/apps/shop").status == 404
    # An owner neither makes members of who did not ask, nor learns who has an account.
    answers = [li.ask("PUT", f"/v1/apps/shop/members/{name}", {"role": "viewer"})
               for name in ("wang", "nobody-of-that-name")]
    assert answers[0].status == 404 and answers[0].body == answers[1].body
    problem(li.ask("PUT", "/v1/apps/shop/members/li", {"role": "admin"}), 400, "role")


# ---- apps and tokens ----

def test_an_owner_makes_an_app_renames_it_and_rotates_its_write_key(world, li):
    made = li.ask("POST", "/v1/apps", {"id": "second", "name": "二店", "zone": "Asia/Urumqi"})
    assert made.status == 201
    app = made.json()
    assert (app["name"], app["zone"], app["role"]) == ("二店", "Asia/Urumqi", "owner")
    problem(li.ask("POST", "/v1/apps", {"id": "second"}), 409, "id")
    problem(li.ask("POST", "/v1/apps", {"id": "No/Path"}), 400, "id")
    problem(li.ask("POST", "/v1/apps", {"zone": "Mars/Base"}), 400, "zone")
    problem(li.ask("POST", "/v1/apps", {"name": ""}), 400, "name")
    problem(li.ask("POST", "/v1/apps", {"name": "n" * 193}), 400, "name")
    assert li.ask("PATCH", "/v1/apps/second", {"name": "三店"}).json()["name"] == "三店"
    problem(li.ask("PATCH", "/v1/apps/second", {"name": "n" * 193}), 400, "name")
    turned = li.ask("POST", "/v1/apps/second/write-key").json()
    assert turned["previous_write_key"] == app["write_key"] != turned["write_key"]
    event = {"id": "1", "name": "x", "time": int(time.time() * 1000)}
    for key in (app["write_key"], turned["write_key"]):
        assert world.collect({"write_key": key}, [event], user="u").status == 200
    assert li.ask("GET", "/v1/apps/second").json() == turned
    plain = Browser(world)
    people.add_user(world, "plain")
    assert plain.log_in("plain").ask("POST", "/v1/apps", {"id": "third"}).status == 403


def test_an_owner_sets_appid_and_secret_and_only_a_secret_made_here_is_told_once(world, li):
    path, secret = "/v1/apps/shop", "0123456789abcdef0123456789ABCDEF"
    problem(li.ask("PATCH", path, {}), 400, "body")
    problem(li.ask("PATCH", path, {"weixin_secret": secret}), 400, "weixin_appid")
    problem(li.ask("PATCH", path, {"weixin_appid": "wx 1"}), 400, "weixin_appid")
    problem(li.ask("PATCH", path, {"weixin_appid": 1}), 400, "weixin_appid")
    problem(li.ask("PATCH", path, {"weixin_appid": "wx1", "weixin_secret": "x"}), 400,
            "weixin_secret")
    problem(li.ask("PATCH", path, {"weixin_appid": None, "weixin_secret": secret}), 400,
            "weixin_secret")
    made = li.ask("PATCH", path, {"weixin_appid": "wx1"}).json()
    assert made["weixin_appid"] == "wx1" and re.fullmatch("[0-9a-f]{32}", made["weixin_secret"])
    given = li.ask("PATCH", path, {"weixin_secret": secret, "name": "Tea"}).json()
    assert given["name"] == "Tea" and "weixin_secret" not in given
    renewed = li.ask("PATCH", path, {"weixin_secret": ""}).json()["weixin_secret"]
    assert renewed not in (secret, made["weixin_secret"])
    told = li.ask("GET", path).body.decode() + li.ask("GET", path + "/audit").body.decode()
    kept = database_bytes(world)
    assert '"wx1"' in told and "app.weixin" in told
    for text in (made["weixin_secret"], secret, renewed):
        assert text not in told and text.encode() not in kept
    assert li.ask("PATCH", path, {"weixin_appid": None}).json()["weixin_appid"] == ""
    assert "weixin_appid" not in Script(world, people.add_token(world, "shop", "viewer")["token"]
                                        ).ask("GET", path).json()


def test_a_token_is_shown_once_and_only_its_hash_is_kept(world, li):
    made = li.ask("POST", "/v1/apps/shop/tokens", {"label": "CI 服务器", "role": "viewer"}).json()
    script = Script(world, made["token"])
    assert script.ask("GET", "/v1/apps/shop").status == 200
    listed = li.ask("GET", "/v1/apps/shop/tokens")
    entry = next(token for token in listed.json()["tokens"] if token["id"] == made["id"])
    assert entry["label"] == "CI 服务器" and entry["created_by"] == "user li" and entry["used"]
    secret = made["token"][4:]
    for where in (listed.body.decode(), li.ask("GET", "/v1/apps/shop/audit").body.decode(),
                  people.command(world, "token", "list", "shop"), world.log_tail(1000000)):
        assert secret not in where
    kept = database_bytes(world)
    assert "CI 服务器".encode() in kept and secret.encode() not in kept
    assert PASSWORD.encode() not in kept
    assert li.cookie.split("=")[1].encode() not in kept
    assert li.ask("DELETE", f"/v1/apps/shop/tokens/{made['id']}").status == 204
    assert script.ask("GET", "/v1/apps/shop").status == 401
    problem(li.ask("DELETE", f"/v1/apps/shop/tokens/{made['id']}"), 404, "id")
    problem(li.ask("DELETE", "/v1/apps/shop/tokens/x"), 404, "id")
    problem(li.ask("POST", "/v1/apps/shop/tokens", {"label": "", "role": "viewer"}), 400, "label")
    problem(li.ask("POST", "/v1/apps/shop/tokens", {"label": "a"}), 400, "role")


def test_a_token_that_the_command_line_revokes_is_refused_by_the_running_server(world):
    made = people.add_token(world, "shop", "viewer")
    script = Script(world, made["token"])
    assert script.ask("GET", "/v1/apps").status == 200
    people.command(world, "token", "revoke", "shop", str(made["id"]))
    assert script.ask("GET", "/v1/apps").status == 401


# ---- the audit log ----

def test_the_audit_log_tells_who_did_what_from_where(world, boss, li):
    made = li.ask("POST", "/v1/apps/shop/tokens", {"label": "audited", "role": "viewer"},
                  **{"X-Forwarded-For": "203.0.113.77, 192.0.2.8"}).json()
    li.ask("DELETE", f"/v1/apps/shop/tokens/{made['id']}")
    try_as(world, "boss", "203.0.113.78")
    entries = boss.ask("GET", "/v1/audit?limit=3").json()["entries"]
    assert [entry["action"] for entry in entries] == ["session.refused", "token.revoke",
                                                      "token.add"]
    refused, removed, added = entries
    assert (refused["kind"], refused["target"], refused["address"]) == (
        "nobody", "boss", "203.0.113.78")
    assert (added["kind"], added["name"], added["app"]) == ("user", "li", "shop")
    assert added["address"] == "192.0.2.8"  # what a client writes there itself is not believed
    assert removed["address"] == "127.0.0.1"
    assert "audited" in added["target"] and added["time"].endswith("Z")
    of_shop = li.ask("GET", "/v1/apps/shop/audit?limit=500").json()["entries"]
    assert {entry["app"] for entry in of_shop} == {"shop"}


def test_the_audit_log_comes_in_pages(boss):
    whole = [entry["id"] for entry in boss.ask("GET", "/v1/audit?limit=500").json()["entries"]]
    paged, before = [], ""
    for _ in range(len(whole) + 1):
        page = boss.ask("GET", f"/v1/audit?limit=7{before}").json()
        paged += [entry["id"] for entry in page["entries"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert paged == whole
    problem(boss.ask("GET", "/v1/audit?limit=0"), 400, "limit")
    problem(boss.ask("GET", "/v1/audit?before=x"), 400, "before")
    problem(boss.ask("GET", "/v1/audit?from=1"), 400, "from")


# ---- life ----

def test_sessions_tokens_and_roles_survive_a_restart_and_a_kill(tmp_path):
    with Server(tmp_path / "serve", **NOWHERE) as server:
        app = server.app("shop")
        people.add_user(server, "li")
        people.command(server, "user", "grant", "li", "shop", "analyst")
        server.start()
        browser = Browser(server).log_in("li")
        script = Script(server, app["token"])
        for end in (server.stop, server.kill9):
            end()
            server.start()
            assert browser.ask("GET", "/v1/apps/shop").json()["role"] == "analyst"
            assert script.ask("GET", "/v1/apps/shop").json()["role"] == "viewer"


def test_a_session_ends_after_session_hours(tmp_path):
    with Server(tmp_path / "serve", session_hours="1", **NOWHERE) as server:
        people.add_user(server, "li")
        server.start()
        answer = Browser(server).begin("/v1/session", name="li", password=PASSWORD)
        assert re.search(r"Max-Age=35\d\d|Max-Age=3600", answer.headers["Set-Cookie"])


def test_many_at_once_are_served_or_told_to_come_again(world):
    import concurrent.futures
    people.add_user(world, "busy")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: Browser(world).begin("/v1/session", name="busy",
                                                               password=PASSWORD), range(16)))
    statuses = {answer.status for answer in answers}
    assert 200 in statuses and statuses <= {200, 503, 429}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status != 200)
    Browser(world).log_in("busy")
