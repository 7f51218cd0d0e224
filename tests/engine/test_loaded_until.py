"""Until when the loader says that reports have all that was received."""

import time

from load_tool import LoadTool

HOUR_MS = 3600 * 1000


def records(received_ms, count):
    return [{"context": {"app": "shop", "user": f"user {i}", "received_ms": received_ms + i},
             "events": [{"key": f"{received_ms} {i}", "name": "$page_view",
                         "time_ms": received_ms + i, "page": "p"}]} for i in range(count)]


def test_it_never_goes_past_the_oldest_record_that_is_not_in_reports(clickhouse, tmp_path):
    place = {"url": clickhouse.url, "user": clickhouse.user, "password": clickhouse.password,
             "database": "loaded"}
    first_ms = int(time.time() * 1000) - 3 * HOUR_MS
    with LoadTool(tmp_path / "data", place, batch_events=50, rollup_wait_ms=0) as tool:
        tool.ask(do="app", id="shop", zone="UTC", open_timeout_ms=1800000)
        tool.start()
        tool.append(records(first_ms, 200))
        tool.drain()
        assert tool.stats()["loaded_until_ms"] > first_ms + 2 * HOUR_MS
        clickhouse.pause()
        tool.append(records(first_ms + HOUR_MS, 400))
        for _ in range(30):
            # The reader hands over two batches at most; the others wait in the journal.
            assert tool.stats()["loaded_until_ms"] <= first_ms + HOUR_MS
            time.sleep(0.02)
        tool.kill()
        clickhouse.resume()
        tool.open()
        tool.start()
        assert tool.stats()["loaded_until_ms"] <= first_ms + HOUR_MS
        deadline = time.monotonic() + 60
        while tool.stats()["loaded_until_ms"] <= first_ms + 2 * HOUR_MS:
            assert time.monotonic() < deadline
        # Nobody waited for it: what it says is so already.
        assert clickhouse.rows("SELECT sum(visit_pv) FROM loaded.user_days FINAL") == [["600"]]
