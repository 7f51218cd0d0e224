"""What uploads mean, worked out by hand: times, platforms, paths, opens."""

import oracle_wire

NOON = 1_795_000_000_000
HOUR_MS = 3600 * 1000


def upload(*events, received_ms=NOON, region=None, **body):
    return {"app": "shop", "received_ms": received_ms, "region": region,
            "body": {"v": 1, "user": "ann", "events": list(events), **body}}


def event(time_ms, **fields):
    return {"id": "1", "name": "$page_view", "time": time_ms, "page": "home", **fields}


def times(sent, *client_times, **settings):
    events = oracle_wire.flat([upload(*[event(each) for each in client_times], sent=sent)],
                              **settings)
    return [each["time_ms"] for each in events]


def test_times_are_moved_by_the_clients_error_unless_it_is_latency():
    assert times(NOON - 2000, NOON - 5000) == [NOON - 5000]
    assert times(NOON - 2001, NOON - 5000) == [NOON - 2999]
    assert times(NOON + 2000, NOON - 5000) == [NOON - 5000]
    assert times(NOON + HOUR_MS, NOON + HOUR_MS - 7) == [NOON - 7]
    assert times(None, NOON - 5000) == [NOON - 5000]


def test_times_too_far_ahead_or_back_become_the_time_of_receipt():
    assert times(NOON, NOON + 600_000, NOON + 600_001) == [NOON + 600_000, NOON]
    late_ms = 72 * HOUR_MS
    assert times(NOON, NOON - late_ms, NOON - late_ms - 1) == [NOON - late_ms, NOON]
    assert times(NOON, NOON - HOUR_MS - 1, late_ms=HOUR_MS) == [NOON]


def test_an_open_does_not_begin_after_what_happened_in_it():
    opened = {"id": "A", "start": NOON - 1000}
    first, second = oracle_wire.flat([upload(event(NOON - 2000), event(NOON, open={
        "id": "B", "start": NOON - 60_000}), open=opened)])
    assert (first["open_id"], first["open_start_ms"]) == ("A", NOON - 2000)
    assert (second["open_id"], second["open_start_ms"]) == ("B", NOON - 60_000)


def test_an_opens_start_is_moved_as_its_events_are():
    moved, = oracle_wire.flat([upload(event(HOUR_MS), sent=HOUR_MS,
                                      open={"id": "A", "start": HOUR_MS - 10})])
    assert (moved["time_ms"], moved["open_start_ms"]) == (NOON, NOON - 10)


def test_who_and_where_and_with_what():
    context = {"platform": "android", "model": "Mate", "app_version": "1.0"}
    mine, other = oracle_wire.flat([upload(
        event(NOON, page="/goods?id=7"), event(NOON, id="2", user="bob"), context=context,
        region=("中国", "广东", "深圳"))])
    assert {name: mine[name] for name in ("user", "page", "platform", "model", "app_version",
                                          "country", "province", "city", "key")} \
        == {"user": "ann", "page": "goods", "platform": 2, "model": "Mate", "app_version": "1.0",
            "country": "中国", "province": "广东", "city": "深圳", "key": "shop 1"}
    assert other["user"] == "bob"
    bare, = oracle_wire.flat([upload(event(NOON, page="//a/b/"))])
    assert {name: bare[name] for name in ("app", "id", "name", "page", "platform", "model",
                                          "app_version", "country", "province", "city")} \
        == {"app": "shop", "id": "1", "name": "$page_view", "page": "a/b/", "platform": 0,
            "model": "", "app_version": "", "country": "", "province": "", "city": ""}
    platforms = [oracle_wire.flat([upload(event(NOON), context={"platform": each})])[0]["platform"]
                 for each in ("ios", "android", "ohos", None)]
    assert platforms == [1, 2, 3, 0]


def test_what_an_event_tells_is_told_and_nothing_else():
    fields = {"dwell_ms": 0, "scene": 1007, "amount_fen": 5, "password_free": False,
              "props": {"age": 7}}
    told, = oracle_wire.flat([upload(event(NOON, **fields))])
    assert {name: told[name] for name in fields} == fields
    silent, = oracle_wire.flat([upload(event(NOON))])
    assert not set(fields) & set(silent) and "open_id" not in silent


def test_settled_uploads_mean_the_same_at_any_time_of_receipt():
    wrong = [upload(event(NOON + HOUR_MS - 50), sent=NOON + HOUR_MS,
                    open={"id": "A", "start": NOON + HOUR_MS - 100}),
             upload(event(NOON + HOUR_MS, id="2"), sent=NOON)]
    settled = oracle_wire.settled(wrong)
    moved = [{**each, "received_ms": NOON + HOUR_MS} for each in settled]
    assert all("sent" not in each["body"] and "open" not in each["body"] for each in settled)
    assert oracle_wire.flat(moved) == oracle_wire.flat(wrong)


def test_records_are_what_the_journal_would_hold():
    record, = oracle_wire.records([upload(event(NOON), event(NOON, id="2", user="bob"),
                                          context={"platform": "ios"})])
    assert record["context"]["platform"] == 1 and record["context"]["received_ms"] == NOON
    assert record["context"]["user"] == "ann"
    assert [each["user"] for each in record["events"]] == ["ann", "bob"]
    assert "platform" not in record["events"][0]
