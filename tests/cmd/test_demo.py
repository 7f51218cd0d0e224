"""`minipulse demo`: a shop's events through the journal and the loader, like any others."""

import json

import pytest

from server import Server

SMALL = ("--users", "150", "--days", "12")


@pytest.fixture
def place(tmp_path):
    with Server(tmp_path) as made:
        yield made


def load_all(place):
    place.start()
    place.wait_ready()
    place.drain()


def test_the_demo_shop_is_loaded_whole_and_a_second_run_adds_nothing_old(place):
    made = place.run("demo", *SMALL)
    assert made.returncode == 0, made.stderr
    assert "100 %" in made.stderr
    first = int(made.stdout.splitlines()[-1].split()[0])
    load_all(place)
    assert place.sql("SELECT count(), uniqExact(id) FROM events") == [[str(first), str(first)]]
    place.stop()
    again = int(place.run("demo", *SMALL).stdout.splitlines()[-1].split()[0])
    assert again >= first
    load_all(place)
    assert place.sql("SELECT count(), uniqExact(id) FROM events") == [[str(again), str(again)]]


def test_the_demo_shop_is_a_shop_on_each_of_its_days(place):
    assert place.run("demo", *SMALL).returncode == 0
    load_all(place)
    names = {row[0] for row in place.sql("SELECT DISTINCT name FROM events")}
    assert {"$launch", "$show", "$hide", "$page_view", "$page_leave", "$share", "$click", "$pay",
            "add_to_cart"} <= names
    days = place.sql("SELECT day, uniqExact(user) FROM events GROUP BY day ORDER BY day")
    assert len(days) >= 11  # the last one is today, perhaps only just begun
    assert all(int(users) > 0 for _, users in days)
    assert place.sql("SELECT count() FROM events WHERE name = '$pay' AND amount_fen <= 0") == \
        [["0"]]
    assert place.sql("SELECT uniqExact(user) <= 150 FROM events") == [["1"]]


def test_another_seed_is_another_shop_and_another_app_takes_it(place):
    for seed, app in (("1", "one"), ("2", "two")):
        assert place.run("demo", *SMALL, "--seed", seed, "--app", app).returncode == 0
    assert {app["id"] for app in json.loads(place.run("app", "list", "--json").stdout)} == \
        {"one", "two"}
    load_all(place)
    assert place.sql("SELECT count() > 0 FROM events WHERE app = 'one'") == [["1"]]
    assert place.sql("SELECT count() FROM events WHERE app = 'two' AND user IN "
                     "(SELECT user FROM events WHERE app = 'one')") == [["0"]]


def test_demo_beside_a_running_serve_says_what_to_do(place):
    place.start()
    refused = place.run("demo", *SMALL)
    assert refused.returncode == 1
    assert "serve --demo" in refused.stderr


@pytest.mark.parametrize("arguments", [("--users", "0"), ("--days", "x"), ("--seed", "-1")])
def test_demo_names_a_flag_that_makes_no_sense(place, arguments):
    done = place.run("demo", *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr
