"""The public Sensors SDK from npm, unchanged, sends to `minipulse serve`; its events arrive whole and
the trend equals what one can work out by hand from what the script did."""

import base64
import datetime
import json
import os
import subprocess
import urllib.parse

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
NAMES = {"$MPLaunch": "$launch", "$MPShow": "$show", "$MPHide": "$hide", "$MPShare": "$share",
         "$MPViewScreen": "$page_view", "$MPPageLeave": "$page_leave", "$MPClick": "$click"}


def drive(server, app, mode):
    """Runs the script; the events as the SDK put them on the wire, decoded here."""
    done = subprocess.run(
        ["node", os.path.join(HERE, "sensors_drive.cjs"),
         f"{server.url}/sa?project={app['write_key']}", mode, "150"],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    told = json.loads(done.stdout)
    events = []
    for sent in told["requests"]:
        if sent["method"] == "POST":
            form = dict(urllib.parse.parse_qsl(sent["data"]))
            events += json.loads(base64.b64decode(form["data_list"]))
        else:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(sent["url"]).query))
            events.append(json.loads(base64.b64decode(query["data"])))
    return told, events


@pytest.mark.parametrize("mode", ["single", "batch"])
def test_the_sdks_events_arrive_whole_and_trend_is_what_a_hand_computes(server, mode):
    app = server.app("shop")
    told, sent = drive(server, app, mode)
    tracked = [event for event in sent if event["type"] == "track"]
    assert sorted(NAMES.get(e["event"], e["event"]) for e in tracked) == sorted(
        step["name"] for step in told["did"]), "the script's steps are what the SDK sent"
    server.drain()

    stored = server.sql("SELECT name, page, dwell_ms, scene, time_ms, user, element, query FROM events"
                        " WHERE app = 'shop' AND name != '$profile' ORDER BY time_ms, batch, seq")
    expected = []
    for event in sorted(tracked, key=lambda e: e["time"]):
        properties = event["properties"]
        dwell = properties.get("event_duration")
        expected.append([
            NAMES.get(event["event"], event["event"]), properties["$url_path"],
            str(-1 if dwell is None else round(dwell * 1000)), "1001", str(event["time"]),
            told["user"], properties.get("$element_id", ""), properties.get("$url_query", "")])
    assert sorted(stored) == sorted(expected)

    custom = server.sql("SELECT str_values[indexOf(str_names, 'sku')],"
                        " num_values[indexOf(num_names, 'price')],"
                        " str_values[indexOf(str_names, 'gift')],"
                        " str_values[indexOf(str_names, 'tags')], platform, brand, model"
                        " FROM events WHERE app = 'shop' AND name = 'AddToCart'")
    assert [row[:2] + row[2:3] + row[4:] for row in custom] == [
        ["tea-7", "39.9", "false", "2", "HUAWEI", "Mate 60"]]
    assert json.loads(custom[0][3]) == ["green", "spring"]

    days = sorted({datetime.datetime.fromtimestamp(e["time"] / 1000, SHANGHAI).date()
                   for e in tracked})
    answer = server.trend(app, **{"from": days[0], "to": days[-1], "by": "day"})
    assert answer.status == 200, answer
    row = answer.json()["rows"][0]
    dwell_s = sum(round(e["properties"]["event_duration"] * 1000) for e in tracked
                  if e["event"] == "$MPPageLeave") / 1000
    assert 4 * 0.15 <= dwell_s < 4 * 0.15 + 2, "two pages, two steps each"
    if len(days) == 1:
        hand = {"visit_total": 1, "visit_uv_new": 1, "session_cnt": 1, "visit_pv": 2,
                "visit_uv": 1, "visit_depth": 2.0}
        assert {name: row[name] for name in hand} == hand
        assert row["stay_time_uv"] == pytest.approx(dwell_s, abs=1e-9)
        assert row["stay_time_session"] == pytest.approx(dwell_s, abs=1e-9)


def test_a_body_sent_again_counts_once_and_a_wrong_key_is_refused(server):
    app = server.app("shop")
    _, sent = drive(server, app, "batch")
    for _ in range(2):
        data = base64.b64encode(json.dumps(sent).encode()).decode()
        body = urllib.parse.urlencode({"data_list": data})
        answer = server.request("POST", f"/sa?project={app['write_key']}", body)
        assert answer.status == 200 and answer.json()["accepted"] == len(sent)
    server.drain()
    assert server.sql("SELECT count() FROM events") == [[str(len(sent))]]
    refused = server.request("POST", "/sa?project=mpw_wrong", body)
    assert refused.status == 401 and refused.json()["field"] == "project"
    encrypted = server.request("POST", f"/sa?project={app['write_key']}", "payloads=x&ekey=y&pkv=1")
    assert encrypted.status == 400 and "encrypt" in encrypted.json()["detail"]
