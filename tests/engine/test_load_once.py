"""The loader alone, killed, cut off and damaged: every event is in the store once."""

import glob
import os
import shutil
import threading
import time

import pytest

import oracle
import rollups
from load_tool import LoadTool
from store_tool import StoreTool

# 2026-10-31 15:00 UTC: an hour before November in Shanghai.
START_MS = 1793458800000
DAY_MS = 86400000
USERS = 40


def records(count, first=0, app="shop", step_ms=20000):
    """Records of a view and a leave each, across the end of a month."""
    made = []
    for i in range(first, first + count):
        time_ms = START_MS + i * step_ms
        user = f"user {i * 7 % USERS}"
        events = [{"key": f"{app} {i} view", "name": "$page_view", "time_ms": time_ms,
                   "page": f"page {i % 5}"},
                  {"key": f"{app} {i} leave", "name": "$page_leave", "time_ms": time_ms + 900,
                   "page": f"page {i % 5}", "dwell_ms": 800}]
        made.append({"context": {"app": app, "user": user, "received_ms": time_ms},
                     "events": events})
    return made


def flat(made):
    return [{"app": record["context"]["app"], "user": record["context"]["user"], **event}
            for record in made for event in record["events"]]


def ask(store, sql):
    return store.run(sql + " FORMAT TabSeparated").ok().decode().strip()


def check(store, made):
    """Each event once, and rollups as the oracle has them."""
    events = flat(made)
    unique = len({event["key"] for event in events})
    assert ask(store, "SELECT count(), uniqExact(id), uniqExact(tuple(user_hash, time_ms, batch,"
                      " seq)) FROM events") == f"{unique}\t{unique}\t{unique}"
    days, firsts = rollups.read(store, rollups.read_users(store))
    wanted_days, wanted_firsts = oracle.rollups(events, {})
    assert not rollups.differences(days, wanted_days)
    assert not rollups.differences(firsts, wanted_firsts)


def wait_for(true, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_killed_at_any_moment_it_loads_each_event_once(store_place, tmp_path, rng):
    made = records(3000)
    tool = LoadTool(tmp_path / "data", store_place, batch_events=rng.choice((100, 400)),
                    rollup_wait_ms=rng.choice((0, 100)))
    with StoreTool(**store_place) as store:
        tool.open()
        tool.append(made[:2500])
        for round_ in range(8):
            tool.start()
            tool.send(do="append", records=made[2500 + 60 * round_:2560 + 60 * round_])
            time.sleep(rng.choice((0.001, 0.01, 0.05, 0.1, 0.3)) * rng.random() * 2)
            if rng.random() < 0.2:
                tool.receive()
            tool.kill()
            tool.open()
        # What a killed append did not make durable is sent again, as a client would.
        tool.append(made[2500:])
        tool.start()
        tool.drain()
        assert tool.stats()["last_error"] == ""
        check(store, made)
        tool.close()


def damage(path, where):
    """Flips a bit; where: 0 to 1 of what was written (behind it the file is zero)."""
    with open(path, "r+b") as file:
        used = len(file.read().rstrip(b"\0"))
        at = int((used - 1) * where)
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def killed_in_doubt(store, folder, place, made):
    """A loader killed between its intent and its first row; the batch has all of made."""
    tool = LoadTool(folder, place).open()
    for record in made:
        tool.append([record])  # a block each
    tool.start(batch_wait_ms=60000)
    store.run("RENAME TABLE events TO away").ok()
    # Draining ends the wait for more.
    wait_for(lambda: tool.try_ask(do="drain", timeout_ms=20)["retries"] > 0, "no insert failed")
    tool.kill()
    store.run("RENAME TABLE away TO events").ok()
    assert ask(store, "SELECT count() FROM events") == "0"


def test_a_batch_that_is_there_in_part_is_made_whole(store_place, tmp_path):
    made = records(20, step_ms=600000)
    with StoreTool(**store_place) as store:
        killed_in_doubt(store, tmp_path / "data", store_place, made)
        for i in range(3):
            store.run("INSERT INTO events (app, day, user_hash, time_ms, batch, seq, name, id)"
                      f" SELECT 'shop', toDate('2026-10-31'), 1, {i}, 1, 1, 'part', 'part {i}'"
                      ).ok()
        with LoadTool(tmp_path / "data", store_place) as tool:
            tool.start()
            tool.drain()
            assert "in the store in part" in tool.log()
        assert ask(store, "SELECT DISTINCT batch FROM events") == "1"
        assert ask(store, "SELECT uniqExact(toYYYYMM(day)) FROM events") == "2"
        check(store, made)


def lose_nothing(_):
    pass


def lose_a_block(folder):
    damage(glob.glob(folder + "/journal/*.seg")[0], 0.5)


def lose_the_end(folder):
    damage(glob.glob(folder + "/journal/*.seg")[0], 1)


def lose_all_segments(folder):
    for path in glob.glob(folder + "/journal/*.seg"):
        os.remove(path)


@pytest.mark.parametrize("lose", [lose_nothing, lose_a_block, lose_the_end, lose_all_segments])
def test_what_the_store_has_stays_whatever_the_journal_lost(store_place, tmp_path, lose):
    # Days so far apart that rollups of one do not remake the other's.
    made = records(6, first=1, step_ms=4 * DAY_MS)
    more = records(6, first=1, step_ms=4 * DAY_MS, app="other")
    loading, killed = tmp_path / "loading", tmp_path / "killed"
    with StoreTool(**store_place) as store:
        killed_in_doubt(store, loading, store_place, made)
        shutil.copytree(loading, killed)
        with LoadTool(loading, store_place) as tool:
            tool.start()
            tool.drain()
        # The other folder is now as if the kill had come right behind the insert.
        for table in ("user_days", "users"):
            store.run(f"TRUNCATE TABLE {table}").ok()
        lose(str(killed))
        with LoadTool(killed, store_place) as tool:
            tool.append(more)
            tool.start()
            tool.drain()
            assert tool.stats()["last_error"] == ""
        check(store, made + more)


def test_an_insert_that_failed_behind_its_commit_is_not_repeated(store_place, tmp_path):
    made = records(400)
    with LoadTool(tmp_path / "data", store_place) as tool, StoreTool(**store_place) as store:
        tool.start()
        # The view refuses November's rows when they are in events already.
        store.run("CREATE MATERIALIZED VIEW refusing ENGINE = Memory AS"
                  " SELECT intDiv(1, toYYYYMM(day) != 202611) AS x FROM events").ok()
        tool.append(made)
        wait_for(lambda: tool.stats()["retries"] > 0, "no insert failed")
        store.run("DROP TABLE refusing").ok()
        tool.drain()
        check(store, made)


def test_an_event_sent_again_is_dropped_also_after_a_restart(store_place, tmp_path):
    made = records(200)
    with StoreTool(**store_place) as store:
        with LoadTool(tmp_path / "data", store_place) as tool:
            tool.start()
            tool.append(made)
            tool.drain()
            tool.append(made[:50])
            tool.drain()
            assert tool.stats()["duplicates"] == 100
        with LoadTool(tmp_path / "data", store_place) as tool:
            tool.start()
            tool.append(made)
            tool.append(records(10, first=200))
            tool.drain()
            assert tool.stats()["duplicates"] == 400
            assert tool.stats()["events"] == 20
        check(store, records(210))


def test_an_app_made_while_a_batch_fills_has_days_of_its_own_zone(store_place, tmp_path):
    with LoadTool(tmp_path / "data", store_place) as tool:
        tool.start(batch_wait_ms=5000)
        tool.append(records(1))  # goes soon, so that the next waits
        wait_for(lambda: tool.stats()["batches"] == 1, "the first batch")
        tool.append(records(1, first=1))
        time.sleep(0.3)  # a batch has begun with it
        tool.ask(do="app", id="tea", zone="America/New_York", open_timeout_ms=600000)
        tool.append(records(1, app="tea", first=360))  # two hours later: November in Shanghai
        tool.drain()
        assert tool.stats()["batches"] == 2
    with StoreTool(**store_place) as store:
        days = ask(store, "SELECT DISTINCT app, day FROM events ORDER BY app")
        assert days.split("\n") == ["shop\t2026-10-31", "tea\t2026-10-31"], days


def test_rollups_behind_at_a_kill_are_made_after_the_restart(store_place, tmp_path):
    made = records(500)
    tool = LoadTool(tmp_path / "data", store_place, batch_events=100)
    with StoreTool(**store_place) as store:
        tool.open()
        store.run("RENAME TABLE user_days TO away").ok()
        assert tool.try_ask(do="start")["code"] == "engine"
        store.run("RENAME TABLE away TO user_days").ok()
        tool.start()
        store.run("RENAME TABLE user_days TO away").ok()
        tool.append(made)
        wait_for(lambda: tool.stats()["events"] == 1000, "not loaded")
        wait_for(lambda: "cannot roll up" in tool.log(), "no rollup failed")
        tool.append(records(10, first=500))
        wait_for(lambda: tool.stats()["events"] == 1020, "loading waits for rollups")
        tool.kill()
        store.run("RENAME TABLE away TO user_days").ok()
        tool.open()
        tool.start()
        tool.drain()
        check(store, records(510))
        tool.close()


def test_a_batch_is_stored_while_those_before_it_are_rolled_up(store_place, tmp_path):
    with StoreTool(**store_place) as store, LoadTool(tmp_path / "data", store_place) as tool:
        tool.start(batch_wait_ms=20)
        store.run("CREATE MATERIALIZED VIEW slow ENGINE = Memory AS"
                  " SELECT sleep(3) AS slept, version FROM user_days").ok()
        tool.append(records(50))
        wait_for(lambda: tool.stats()["events"] == 100, "not loaded")
        time.sleep(0.2)  # the roll-up has begun
        began = time.monotonic()
        tool.append(records(50, first=50))
        wait_for(lambda: ask(store, "SELECT count() FROM events") == "200", "not stored")
        assert time.monotonic() - began < 2.5
        assert ask(store, "SELECT count() FROM users") == "0"
        store.run("DROP TABLE slow").ok()
        tool.drain()
        check(store, records(100))


def test_a_new_data_directory_goes_on_with_higher_batches(store_place, tmp_path):
    with StoreTool(**store_place) as store:
        with LoadTool(tmp_path / "one", store_place, batch_events=20) as tool:
            tool.start()
            tool.append(records(100))
            tool.drain()
        greatest = int(ask(store, "SELECT max(batch) FROM events"))
        with LoadTool(tmp_path / "two", store_place) as tool:
            tool.start()
            tool.append(records(100, first=100))
            tool.drain()
        assert int(ask(store, "SELECT min(batch) FROM events WHERE id LIKE 'shop 1__ view'"
                              " AND batch > 0")) > greatest
        check(store, records(200))


def test_a_damaged_block_costs_its_events_and_no_others(store_place, tmp_path):
    made = records(60)
    with StoreTool(**store_place) as store:
        with LoadTool(tmp_path / "data", store_place) as tool:
            for record in made:
                tool.append([record])
        lose_a_block(str(tmp_path / "data"))
        with LoadTool(tmp_path / "data", store_place) as tool:
            tool.start()
            tool.drain()
            assert tool.stats()["corrupt_blocks"] == 1
            assert "is damaged" in tool.log()
            lost = 120 - tool.stats()["events"]
            assert 0 < lost <= 4
            more = records(10, first=60)
            tool.append(more)
            tool.drain()
            assert int(ask(store, "SELECT count() FROM events")) == 140 - lost
        # Again: the loader's place lies behind the damage now.
        with LoadTool(tmp_path / "data", store_place) as tool:
            tool.start()
            tool.append(records(10, first=70))
            tool.drain()
        assert ask(store, "SELECT count(), uniqExact(id) FROM events") \
            == f"{160 - lost}\t{160 - lost}"


def test_a_cursor_from_long_ago_repeats_nothing(store_place, tmp_path):
    """As when the data directory's cursor comes from a backup: its place was deleted since."""
    made = records(3000, step_ms=2000)
    place = {**store_place, "segment_bytes": 65536}
    cursor = tmp_path / "data" / "journal" / "load.cursor"
    with StoreTool(**store_place) as store:
        with LoadTool(tmp_path / "data", place, batch_events=500) as tool:
            tool.start()
            tool.append(made[:10])
            tool.drain()
            old = cursor.read_bytes()
            tool.append(made[10:])
            tool.drain()
        cursor.write_bytes(old)
        with LoadTool(tmp_path / "data", place) as tool:
            tool.start()
            tool.append(records(20, first=3000, step_ms=2000))
            tool.drain()
            assert "lost the loader's place" in tool.log()
            assert tool.stats()["duplicates"] > 0
        check(store, records(3020, step_ms=2000))


# ---- Only ClickHouse, whose server these tests kill and stop --------------------------------

@pytest.fixture
def server_place(clickhouse):
    return {"url": clickhouse.url, "user": clickhouse.user, "password": clickhouse.password,
            "database": "once"}


def test_loading_survives_the_servers_deaths_and_standstills(clickhouse, server_place, tmp_path,
                                                             rng):
    made = records(4000, step_ms=5000)
    with LoadTool(tmp_path / "data", server_place, batch_events=300, rollup_wait_ms=100) as tool:
        tool.start()
        ended = threading.Event()
        troubles = []

        def disturb():
            try:
                disturb_until_end()
            except RuntimeError as trouble:
                troubles.append(trouble)

        def disturb_until_end():
            while not ended.is_set():
                time.sleep(0.1 + 0.5 * rng.random())
                clickhouse.kill()
                time.sleep(0.3 * rng.random())
                clickhouse.start()
                time.sleep(0.1 + 0.5 * rng.random())
                clickhouse.pause()
                time.sleep(0.6 * rng.random())
                clickhouse.resume()

        disturber = threading.Thread(target=disturb)
        disturber.start()
        try:
            for i in range(0, len(made), 40):
                tool.append(made[i:i + 40])
                time.sleep(0.03)
        finally:
            ended.set()
            disturber.join()
        assert not troubles
        tool.drain()
        assert tool.stats()["retries"] > 0
        with StoreTool(**server_place) as store:
            check(store, made)


def test_collecting_goes_on_while_the_server_is_away(clickhouse, server_place, tmp_path):
    with LoadTool(tmp_path / "data", server_place) as tool:
        tool.start()
        tool.append(records(50))
        tool.drain()
        clickhouse.kill()
        tool.append(records(50, first=50))
        wait_for(lambda: tool.stats()["retries"] > 0, "no attempt")
        assert tool.stats()["last_error"] != ""
        assert tool.try_ask(do="drain", timeout_ms=100)["code"] == "timeout"
        tool.append(records(50, first=100))
        clickhouse.start()
        tool.drain()
        assert tool.stats()["last_error"] == ""
        with StoreTool(**server_place) as store:
            check(store, records(150))


def test_stopping_does_not_wait_for_a_server_that_is_away(clickhouse, server_place, tmp_path):
    with LoadTool(tmp_path / "data", server_place) as tool:
        tool.start()
        clickhouse.kill()
        tool.append(records(50))
        wait_for(lambda: tool.stats()["retries"] > 1, "no attempt")
        began = time.monotonic()
        tool.stop()
        assert time.monotonic() - began < 5
        clickhouse.start()
        tool.start()
        tool.drain()
        with StoreTool(**server_place) as store:
            check(store, records(50))
