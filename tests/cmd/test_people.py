"""`minipulse user` and `minipulse token`, beside a running serve and without one."""

import json
import os
import pty
import stat
import subprocess
import time

import pytest

import people
from people import PASSWORD, Browser
from server import Server, program


@pytest.fixture
def place(tmp_path):
    with Server(tmp_path, store_url="http://127.0.0.1:9") as server:
        yield server


def users(place):
    return {user["name"]: user for user in
            json.loads(people.command(place, "user", "list", "--json"))}


def test_users_are_added_listed_and_removed(place):
    people.add_user(place, "boss", "--admin")
    people.add_user(place, "li")
    assert {name: user["is_admin"] for name, user in users(place).items()} == {
        "boss": True, "li": False}
    assert "never" in people.command(place, "user", "list")
    people.command(place, "user", "remove", "li")
    assert set(users(place)) == {"boss"}


def test_a_running_serve_goes_by_what_the_command_changes_at_once(place):
    place.app("shop")
    people.add_user(place, "boss", "--admin")
    place.start()
    people.add_user(place, "li")
    li = Browser(place).log_in("li")
    assert li.ask("GET", "/v1/apps/shop").status == 404
    people.command(place, "user", "grant", "li", "shop", "analyst")
    assert li.ask("GET", "/v1/apps/shop").json()["role"] == "analyst"
    people.command(place, "user", "grant", "li", "shop", "none")
    assert li.ask("GET", "/v1/apps/shop").status == 404
    people.command(place, "user", "passwd", "li", stdin="a lost one replaced\n")
    assert li.ask("GET", "/v1/session").status == 401
    Browser(place).log_in("li", "a lost one replaced")


def test_the_password_is_not_echoed_where_it_is_typed(place):
    leader, follower = pty.openpty()
    with subprocess.Popen([program(), "user", "add", "li"], stdin=follower, stdout=follower,
                          stderr=follower, env=place.environment(), cwd=place.folder,
                          start_new_session=True) as process:
        os.close(follower)
        shown = b""
        for prompt in (b"Password:", b"again:"):
            while prompt not in shown:
                shown += os.read(leader, 1000)
            time.sleep(0.2)  # the prompt stands before the echo is off
            os.write(leader, PASSWORD.encode() + b"\n")
        assert process.wait(20) == 0
    os.set_blocking(leader, False)
    try:
        shown += os.read(leader, 1000)
    except OSError:
        pass
    os.close(leader)
    assert PASSWORD.encode() not in shown
    assert set(users(place)) == {"li"}


def test_tokens_are_made_listed_without_their_secret_and_revoked(place):
    place.app("shop")
    made = people.add_token(place, "shop", "analyst")
    assert made["token"].startswith("mpt_") and made["role"] == "analyst"
    listed = people.command(place, "token", "list", "shop", "--json")
    assert [token["role"] for token in json.loads(listed)] == ["viewer", "analyst"]
    assert made["token"] not in listed
    assert made["token"] not in people.command(place, "token", "list", "shop")
    people.command(place, "token", "revoke", "shop", str(made["id"]))
    assert len(json.loads(people.command(place, "token", "list", "shop", "--json"))) == 1
    assert "mpt_" in people.command(place, "token", "add", "shop")


@pytest.mark.parametrize("arguments", [
    ("user",), ("user", "add"), ("user", "add", "No Capitals"), ("user", "add", "boss"),
    ("user", "remove", "boss"), ("user", "remove", "nobody"), ("user", "passwd", "nobody"),
    ("user", "grant", "boss", "shop"), ("user", "grant", "boss", "shop", "king"),
    ("user", "grant", "boss", "nowhere", "owner"), ("user", "grant", "nobody", "shop", "owner"),
    ("token",), ("token", "add"), ("token", "add", "nowhere"), ("token", "list"),
    ("token", "add", "shop", "--role", "king"), ("token", "add", "shop", "--label", "a\nb"),
    ("token", "revoke", "shop"), ("token", "revoke", "shop", "x"),
    ("token", "revoke", "shop", "99"),
])
def test_what_makes_no_sense_is_refused_and_changes_nothing(place, arguments):
    place.app("shop")
    people.add_user(place, "boss", "--admin")
    before = users(place), people.command(place, "token", "list", "shop")
    done = place.run(*arguments, stdin=PASSWORD + "\n")
    assert done.returncode in (1, 2) and done.stderr
    assert (users(place), people.command(place, "token", "list", "shop")) == before


@pytest.mark.parametrize("stdin", ["", "short\n", "x" * 257 + "\n", "x" * 5000])
def test_a_password_of_a_wrong_length_is_refused(place, stdin):
    done = place.run("user", "add", "li", stdin=stdin)
    assert done.returncode == 2 and "password" in done.stderr
    assert not users(place)


def test_the_database_is_readable_by_its_owner_only_and_doctor_looks(place):
    place.app("shop")
    people.add_user(place, "boss", "--admin")
    path = os.path.join(place.data_dir, "minipulse.db")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert any(line.startswith("ok") and " accounts " in line
               for line in place.run("doctor").stdout.splitlines())
    os.chmod(path, 0o644)
    done = place.run("doctor")
    assert done.returncode == 1
    assert any(line.startswith("BAD") and "minipulse.db" in line
               for line in done.stdout.splitlines())


def test_a_damaged_database_keeps_serve_from_starting_and_is_left_as_it_is(place):
    people.add_user(place, "boss", "--admin")
    path = os.path.join(place.data_dir, "minipulse.db")
    with open(path, "wb") as file:
        file.write(b"this is no database" * 1000)
    with pytest.raises(RuntimeError, match="minipulse.db"):
        place.start()
    place.process = None
    with open(path, "rb") as file:
        assert file.read() == b"this is no database" * 1000
