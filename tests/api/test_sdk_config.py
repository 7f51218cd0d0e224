"""What the SDK is told: `GET /v1/sdk/config` and `minipulse app sdk`."""

import json

import pytest

from server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # It needs no store.
    folder = tmp_path_factory.mktemp("sdk") / "serve"
    with Server(folder, store_url="http://127.0.0.1:1") as running:
        running.shop = running.app("shop", "--open-timeout-ms", "600000")
        yield running.start()


def ask(server, key=None, **headers):
    return server.request("GET", f"/v1/sdk/config?app={key or server.shop['write_key']}",
                          headers={name.replace("_", "-"): value
                                   for name, value in headers.items()})


def change(server, *flags):
    """The answer once serve has noticed."""
    before = ask(server).body
    done = server.run("app", "sdk", "shop", "--json", *flags)
    assert done.returncode == 0, done.stderr
    server.app("other" + str(len(before) + sum(map(len, flags))))  # waits as long as serve needs
    return json.loads(done.stdout)["sdk"], ask(server)


def test_everything_is_collected_unless_said_otherwise(server):
    answer = ask(server)
    assert answer.status == 200
    assert answer.json() == {"enabled": True, "sampling": {}, "open_timeout_ms": 600000}
    assert answer.headers.get_all("Cache-Control") == ["public, max-age=300"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_what_did_not_change_is_not_sent_again_and_a_change_is(server):
    tag = ask(server).headers["ETag"]
    same = ask(server, If_None_Match=tag)
    assert (same.status, same.body) == (304, b"")
    assert same.headers["ETag"] == tag and same.headers["Cache-Control"] == "public, max-age=300"
    told, _ = change(server, "--keep=click=10,custom=0")
    assert told == {"enabled": True, "sampling": {"click": 0.1, "custom": 0}}
    other = ask(server, If_None_Match=tag)
    assert other.status == 200 and other.json()["sampling"] == {"click": 0.1, "custom": 0}
    assert other.headers["ETag"] != tag


def test_an_owner_turns_collecting_off_and_on_and_the_rest_stays(server):
    change(server, "--keep=page=50")
    told, answer = change(server, "--collect=off")
    assert told["enabled"] is False and answer.json()["enabled"] is False
    assert answer.json()["sampling"]["page"] == 0.5
    told, answer = change(server, "--collect=on", "--keep=all")
    assert answer.json() == {"enabled": True, "sampling": {}, "open_timeout_ms": 600000}


def test_the_switch_survives_another_change_of_the_app(server):
    change(server, "--keep=error=25")
    server.run("app", "rotate-key", "shop")
    listed = json.loads(server.run("app", "list", "--json").stdout)
    assert [app["sdk"] for app in listed if app["id"] == "shop"] == [
        {"enabled": True, "sampling": {"error": 0.25}}]


@pytest.mark.parametrize("flags", [
    ("--collect=maybe",), ("--keep=click",), ("--keep=click=101",), ("--keep=$pay=1",),
    ("--keep=",), ("--keep=click=1,",)])
def test_what_makes_no_sense_is_refused_and_changes_nothing(server, flags):
    before = server.run("app", "list", "--json").stdout
    done = server.run("app", "sdk", "shop", *flags)
    assert done.returncode in (1, 2) and done.stderr
    assert server.run("app", "list", "--json").stdout == before


def test_who_has_no_write_key_learns_nothing(server):
    assert ask(server, "mpw_wrong").status == 401
    assert server.request("GET", "/v1/sdk/config").status == 401
    refused = server.request("GET", "/v1/sdk/config?apps=x")
    assert refused.status == 400 and refused.json()["field"] == "apps"
