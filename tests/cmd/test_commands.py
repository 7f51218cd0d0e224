"""The subcommands that need no running server."""

import json
import os
import re
import socket
import stat

import pytest

from server import Server

COMMANDS = ("serve", "app", "user", "token", "demo", "import", "export", "sql", "rebuild", "doctor",
            "config", "routes", "version", "engine", "wechatpay")


@pytest.fixture
def place(tmp_path):
    return Server(tmp_path)


def test_help_lists_every_command_and_each_command_has_its_own(place):
    listed = place.run("--help").stdout
    for command in COMMANDS:
        assert f"  {command} " in listed
        own = place.run(command, "--help")
        assert own.returncode == 0
        assert own.stdout.startswith(f"Usage: minipulse {command}")
        assert "--data-dir" in own.stdout


def test_a_wrong_command_or_flag_exits_2_and_names_what_is_wrong(place):
    assert place.run().returncode == 2
    unknown = place.run("sreve")
    assert unknown.returncode == 2 and "sreve" in unknown.stderr
    flag = place.run("serve", "--lisen=1")
    assert flag.returncode == 2 and "--listen" in flag.stderr
    value = place.run("serve", "--http-threads=none")
    assert value.returncode == 2 and "http_threads" in value.stderr


def test_version_is_one_line(place):
    for word in ("version", "--version"):
        assert place.run(word).stdout.startswith("minipulse ")


def test_config_shows_what_is_in_force_and_hides_secrets(place):
    place.settings.update(http_threads="3", store_password="do-not-show")
    shown = place.run("config").stdout
    assert "http_threads = 3" in shown
    assert "do-not-show" not in shown
    assert place.run("config", "--markdown").stdout.startswith("# Settings")


def test_app_add_list_and_rotate_key_keep_the_registry(place):
    app = place.app("shop", "--name", "花店", "--zone", "Asia/Urumqi")
    assert app["id"] == "shop" and app["name"] == "花店" and app["zone"] == "Asia/Urumqi"
    assert app["write_key"].startswith("mpw_") and app["token"].startswith("mpt_")
    turned = json.loads(place.run("app", "rotate-key", "shop", "--json").stdout)
    assert turned["write_key"] != app["write_key"]
    assert turned["previous_write_key"] == app["write_key"]
    assert "token" not in turned
    made_up = json.loads(place.run("app", "add", "--json").stdout)
    listed = json.loads(place.run("app", "list", "--json").stdout)
    assert {entry["id"] for entry in listed} == {"shop", made_up["id"]}
    assert "花店" in place.run("app", "list").stdout


def test_app_weixin_gives_an_app_the_appid_and_secret_that_its_sdk_shows(place):
    place.run("app", "add", "shop")
    made = json.loads(place.run("app", "weixin", "shop", "--json").stdout)
    assert re.fullmatch("wx[0-9a-f]{16}", made["weixin_appid"])
    assert re.fullmatch("[0-9a-f]{32}", made["weixin_secret"])
    given = place.run("app", "weixin", "shop", "--appid", "wx1", "--secret-file", "-", "--json",
                      stdin="00" * 16 + "\n")
    assert json.loads(given.stdout)["weixin_appid"] == "wx1"
    assert "weixin_secret" not in json.loads(given.stdout)
    again = json.loads(place.run("app", "weixin", "shop", "--new-secret", "--json").stdout)
    assert again["weixin_appid"] == "wx1" and again["weixin_secret"] != made["weixin_secret"]
    assert json.loads(place.run("app", "list", "--json").stdout)[0]["weixin_appid"] == "wx1"
    for wrong in (("nobody",), ("shop", "--appid", "w x"), ("shop", "--secret-file", "/nowhere")):
        assert place.run("app", "weixin", *wrong).returncode != 0
    assert place.run("app", "weixin", "shop", "--secret-file", "-", stdin="\n").returncode == 2
    off = json.loads(place.run("app", "weixin", "shop", "--off", "--json").stdout)
    assert off["weixin_appid"] == ""


@pytest.mark.parametrize("arguments", [
    ("app",), ("app", "add", "No Capitals"), ("app", "add", "shop"), ("app", "rotate-key"),
    ("app", "rotate-key", "nobody"), ("app", "add", "x", "--zone", "Mars/Base"),
    ("app", "add", "x", "--open-timeout-ms", "soon"), ("app", "remove", "shop"),
])
def test_app_refuses_what_makes_no_sense_and_changes_nothing(place, arguments):
    place.app("shop")
    before = place.run("app", "list", "--json").stdout
    done = place.run(*arguments)
    assert done.returncode in (1, 2) and done.stderr
    assert place.run("app", "list", "--json").stdout == before


def test_the_registry_is_readable_by_its_owner_only(place):
    place.app("shop")
    mode = os.stat(os.path.join(place.data_dir, "apps.json")).st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(os.stat(place.data_dir).st_mode) == 0o700


def test_doctor_finds_a_healthy_place_healthy(place):
    place.app("shop")
    done = place.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "BAD" not in done.stdout


def test_doctor_names_a_taken_port_a_missing_library_and_an_unwritable_folder(place):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        place.settings.update(listen=f"127.0.0.1:{other.getsockname()[1]}",
                              engine_library="/nowhere/libchdb.so")
        done = place.run("doctor")
    assert done.returncode == 1
    assert any(line.startswith("BAD") and " port " in line for line in done.stdout.splitlines())
    assert any(line.startswith("BAD") and " engine " in line for line in done.stdout.splitlines())
    place.data_dir = "/proc/nothing"
    assert "BAD   disk" in place.run("doctor").stdout


def test_sql_without_a_server_exits_3(place):
    place.app("shop")
    assert place.run("sql", "SELECT 1").returncode == 3
