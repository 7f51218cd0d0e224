"""The life of `minipulse serve`: starting, its engine, stopping."""

import json
import os
import signal
import time

import pytest

from server import Server


def now_ms():
    return int(time.time() * 1000)


def page_view(number):
    return {"id": f"event-{number}", "name": "$page_view", "time": now_ms(),
            "page": "pages/index"}


@pytest.fixture
def embedded(tmp_path):
    with Server(tmp_path) as server:
        yield server.start()


def wait_until(true, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_serve_tells_pid_port_and_address_and_takes_the_file_away_at_the_end(embedded):
    path = os.path.join(embedded.data_dir, "serve.json")
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    assert told == {"pid": embedded.process.pid, "port": embedded.port, "address": embedded.url}
    assert embedded.stop() == 0
    assert not os.path.exists(path)


def test_an_app_added_while_serve_runs_may_send_within_two_seconds(embedded):
    app = embedded.app("late")
    assert wait_until(
        lambda: embedded.collect(app, [page_view(1)], user="u").status == 200, 2)


def test_events_are_taken_before_the_engine_is_there(tmp_path):
    with Server(tmp_path, engine_library="/nowhere/libchdb.so") as server:
        app = server.app()
        server.start()
        assert server.collect(app, [page_view(1)], user="u").status == 200
        ready = server.request("GET", "/readyz")
        assert ready.status == 503 and "engine" in ready.json()["reason"]
        assert server.request("GET", "/healthz").status == 200
        assert server.stop() == 0
        del server.settings["engine_library"]
        server.start()
        server.drain()
        assert server.sql("SELECT count() FROM events") == [["1"]]


def test_a_killed_engine_comes_back_and_the_collector_stays(embedded):
    app = embedded.app()
    embedded.wait_ready()
    for number in range(3):
        engine = embedded.engine_pid()
        os.kill(engine, signal.SIGKILL)
        assert embedded.collect(app, [page_view(number)], user="u").status == 200
        assert wait_until(lambda: embedded.engine_pid() not in (None, engine), 10)
        embedded.wait_ready()
    embedded.drain()
    assert embedded.sql("SELECT count() FROM events") == [["3"]]
    assert embedded.metrics()["minipulse_engine_starts_total"] == 4
    assert embedded.process.poll() is None


def test_the_engine_never_outlives_a_killed_serve(embedded):
    embedded.wait_ready()
    engine = embedded.engine_pid()
    embedded.kill9()

    def is_gone():
        try:
            with open(f"/proc/{engine}/stat", encoding="utf-8") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    assert wait_until(is_gone, 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_serve_and_engine_within_ten_seconds(embedded, number):
    embedded.wait_ready()
    engine = embedded.engine_pid()
    embedded.process.send_signal(number)
    assert embedded.process.wait(10) == 0
    assert not os.path.exists(f"/proc/{engine}")
    embedded.process = None


def test_serve_stops_within_ten_seconds_while_the_engine_hangs(embedded):
    app = embedded.app()
    embedded.wait_ready()
    os.kill(embedded.engine_pid(), signal.SIGSTOP)
    assert embedded.collect(app, [page_view(1)], user="u").status == 200
    time.sleep(0.5)  # the loader is in its insert by now
    began = time.monotonic()
    embedded.process.terminate()
    assert embedded.process.wait(12) in (0, 4)
    assert time.monotonic() - began < 10
    embedded.process = None
    embedded.start()
    embedded.drain()
    assert embedded.sql("SELECT count(), uniqExact(id) FROM events") == [["1", "1"]]


def test_a_second_signal_exits_at_once_and_loses_nothing(embedded):
    app = embedded.app()
    embedded.wait_ready()
    os.kill(embedded.engine_pid(), signal.SIGSTOP)
    assert embedded.collect(app, [page_view(1)], user="u").status == 200
    time.sleep(0.5)
    embedded.process.terminate()
    time.sleep(0.5)
    began = time.monotonic()
    embedded.process.terminate()
    assert embedded.process.wait(5) in (0, 128 + signal.SIGTERM)
    assert time.monotonic() - began < 1
    embedded.process = None
    embedded.start()
    embedded.drain()
    assert embedded.sql("SELECT count(), uniqExact(id) FROM events") == [["1", "1"]]


def test_a_second_serve_on_the_same_data_is_refused(embedded):
    second = embedded.run("serve")
    assert second.returncode == 1
    assert "another minipulse serve" in second.stderr
    assert embedded.request("GET", "/healthz").status == 200


def test_a_taken_port_is_an_error_that_names_it(embedded, tmp_path):
    other = Server(tmp_path / "other", listen=f"127.0.0.1:{embedded.port}")
    done = other.run("serve")
    assert done.returncode == 1
    assert str(embedded.port) in done.stderr


def test_sql_reads_and_writes_only_when_told_to(server):
    assert server.sql("SELECT 1, 'two'") == [["1", "two"]]
    assert server.sql("SELECT '{not:Bound}' /* {here:Int64} */") == [["{not:Bound}"]]
    assert server.run("sql", "DROP TABLE events").returncode == 1
    assert server.run("sql", stdin="SELECT 1;\nSELECT 2;\n").stdout == "1\n2\n"
    broken = server.run("sql", "SELECT (1")
    assert broken.returncode == 1 and "Syntax error" in broken.stderr
    assert server.run("sql", "--write", "CREATE TABLE extra (a UInt8) ENGINE = Memory"
                      ).returncode == 0
    assert server.run("sql", "SHOW TABLES FORMAT TabSeparated").stdout.count("extra") == 1


def test_rebuild_of_an_unknown_app_is_an_error(server):
    done = server.run("rebuild", "nobody")
    assert done.returncode == 1 and "nobody" in done.stderr


def test_doctor_knows_a_running_serve_from_one_that_was_killed(embedded):
    embedded.wait_ready()
    embedded.settings["listen"] = f"127.0.0.1:{embedded.port}"
    running = embedded.run("doctor").stdout
    assert "`minipulse serve` answers" in running and "engine   answers" in running
    embedded.kill9()
    killed = embedded.run("doctor").stdout
    assert "is free" in killed and "engine   does not answer" in killed
