"""Events in, over HTTP: both wire formats, what is refused and how it is told."""

import base64
import gzip
import json
import time
import urllib.parse

import pytest

import raw
from server import Server


def event(**more):
    return {"id": f"{time.time_ns()}", "name": "$page_view", "time": int(time.time() * 1000),
            "page": "pages/index", **more}


def sensors_event(user="u1", name="$MPViewScreen"):
    return {"distinct_id": user, "type": "track", "event": name,
            "time": int(time.time() * 1000), "properties": {"$url_path": "pages/index"},
            "lib": {"$lib": "MiniProgram"}}


def packed(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


def problem(answer):
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status and body["title"]
    return body


def test_events_are_acknowledged_with_their_number(shared, shop):
    answer = shared.collect(shop, [event(), event()], user="u1")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"accepted": 2, "rejected": 0, "errors": []}


def test_a_bad_event_is_named_by_its_index_and_does_not_cost_the_good_ones(shared, shop):
    answer = shared.collect(shop, [event(), {"id": "no-name"}, event()], user="u1")
    assert answer.status == 200
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (2, 1)
    assert told["errors"][0]["index"] == 1
    assert "name" in told["errors"][0]["field"]
    assert told["errors"][0]["reason"]


def test_when_every_event_is_bad_the_answer_is_still_a_report(shared, shop):
    answer = shared.collect(shop, [{}] * 50, user="u1")
    assert answer.status == 200
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (0, 50)
    assert 0 < len(told["errors"]) < 50


def test_text_of_a_bad_event_comes_back_as_valid_json(shared, shop):
    body = b'{"v":1,"user":"u1","events":[{"name":"a\\u0000\\"\\\\\\u2028</script>","time":"x"}]}'
    answer = shared.request("POST", "/v1/collect", body, {"X-Minipulse-Key": shop["write_key"]})
    assert answer.status == 200
    assert answer.json()["rejected"] == 1


@pytest.mark.parametrize("key", [None, "", "wrong", "mpw_" + "x" * 32])
def test_without_the_write_key_nothing_is_taken(shared, shop, key):
    headers = {} if key is None else {"X-Minipulse-Key": key}
    answer = shared.request("POST", "/v1/collect", json.dumps({"v": 1, "events": [event()]}),
                            headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"]
    problem(answer)


def test_a_token_does_not_write(shared, shop):
    answer = shared.collect({"write_key": shop["token"]}, [event()], user="u1")
    assert answer.status == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"v":1}', b'{"v":1,"events":7}',
                                  b'{"v":99,"events":[]}', b"\xff\xfe", b"{}" * 1000])
def test_a_body_that_is_no_batch_is_400_with_a_reason(shared, shop, body):
    answer = shared.request("POST", "/v1/collect", body, {"X-Minipulse-Key": shop["write_key"]})
    assert answer.status == 400
    assert problem(answer)["detail"]


def test_gzip_is_taken_and_other_codings_are_refused(shared, shop):
    body = gzip.compress(json.dumps({"v": 1, "user": "u1", "events": [event()]}).encode())
    headers = {"X-Minipulse-Key": shop["write_key"], "Content-Encoding": "gzip"}
    answer = shared.request("POST", "/v1/collect", body, headers)
    assert answer.json()["accepted"] == 1
    headers["Content-Encoding"] = "br"
    assert shared.request("POST", "/v1/collect", body, headers).status == 400
    headers["Content-Encoding"] = "gzip"
    assert shared.request("POST", "/v1/collect", body[:-9], headers).status == 400


def test_a_body_over_the_limit_is_413(shared, shop):
    body = b" " * ((1 << 20) + 1)
    answer = shared.request("POST", "/v1/collect", body, {"X-Minipulse-Key": shop["write_key"]})
    assert answer.status == 413
    problem(answer)
    bomb = gzip.compress(b" " * (64 << 20))
    answer = shared.request("POST", "/v1/collect", bomb,
                            {"X-Minipulse-Key": shop["write_key"], "Content-Encoding": "gzip"})
    assert answer.status == 413


@pytest.mark.parametrize("path", ["/sa", "/sa.gif"])
def test_sensors_single_events_come_in_the_url(shared, shop, path):
    query = urllib.parse.urlencode({"project": shop["write_key"], "data": packed(sensors_event())})
    answer = shared.request("GET", f"{path}?{query}")
    assert answer.status == 200
    assert answer.json()["accepted"] == 1


def test_sensors_batches_come_in_a_form(shared, shop):
    form = urllib.parse.urlencode({"data_list": packed([sensors_event(), sensors_event("u2")])})
    answer = shared.request("POST", f"/sa?project={shop['write_key']}", form,
                            {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.json() == {"accepted": 2, "rejected": 0, "errors": []}


def test_sensors_events_for_an_unknown_project_are_refused(shared, shop):
    query = urllib.parse.urlencode({"project": "nobody", "data": packed(sensors_event())})
    assert shared.request("GET", f"/sa?{query}").status == 401
    assert shared.request("GET", f"/sa?project={shop['write_key']}").status == 400


@pytest.mark.parametrize("path", ["/v1/collect", "/sa", "/sa.gif"])
def test_a_browsers_preflight_is_answered(shared, path):
    answer = shared.request("OPTIONS", path)
    assert answer.status == 204
    assert answer.body == b""
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Minipulse-Key" in answer.headers["Access-Control-Allow-Headers"]


def test_another_method_is_405_and_another_path_404_as_problems(shared):
    answer = shared.request("GET", "/v1/collect")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST, OPTIONS"
    problem(answer)
    answer = shared.request("GET", "/v1/nothing")
    assert answer.status == 404
    problem(answer)


def test_of_several_forwarded_for_fields_the_clients_own_does_not_win(shared):
    """A proxy that adds a field of its own leaves the client's before it."""
    app = shared.app("proxied")
    body = json.dumps({"v": 1, "user": "u1", "events": [event()]})
    lines = ["POST /v1/collect HTTP/1.1", "Host: a", f"X-Minipulse-Key: {app['write_key']}",
             "X-Forwarded-For: 8.8.8.8", "X-Forwarded-For: 114.114.114.114",
             f"Content-Length: {len(body)}", "Connection: close", "", body]
    received, _ = raw.talk(shared.port, "\r\n".join(lines).encode())
    assert raw.statuses(received) == [200]
    shared.drain()
    assert shared.sql("SELECT country, province FROM events WHERE app = 'proxied'") == [
        ["中国", "江苏"]]


def test_a_full_journal_is_503_with_retry_after(tmp_path):
    """The store cannot be reached, so that nothing leaves the journal."""
    filler = "x" * 1000
    with Server(tmp_path / "serve", store_url="http://127.0.0.1:9", journal_max_bytes="16M",
                journal_segment_bytes="1M") as server:
        app = server.app("shop")
        server.start()
        answer = None
        for _ in range(600):
            noise = base64.b64encode(os_random(60000)).decode()
            answer = server.collect(app, [event(filler=filler, noise=noise[i:i + 800])
                                          for i in range(0, 80000, 800)], user="u1")
            if answer.status != 200:
                break
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        problem(answer)
        ready = server.request("GET", "/readyz")
        assert ready.status == 503
        assert ready.json()["journal"] is False
        assert server.metrics()['minipulse_collect_refused_total{reason="full"}'] >= 1


def os_random(count):
    with open("/dev/urandom", "rb") as source:
        return source.read(count)
