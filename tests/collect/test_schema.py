"""docs/collect.schema.json and the server agree on what a right upload is, and the example of
docs/collect.md is one."""

import json
import os
import re
import shlex
import subprocess

import pytest

from server import ROOT, Server

HERE = os.path.dirname(os.path.abspath(__file__))
TIME = 1794999999000


def event(**members):
    return {"id": "e1", "name": "Buy", "time": TIME, **members}


def without(name, **members):
    return {key: value for key, value in event(**members).items() if key != name}


def body(*events, **members):
    return {"v": 1, "user": "u", **members, "events": list(events)}


OPEN = {"id": "o", "start": TIME}
RIGHT = [
    body(event()),
    body(event(), event(id="e2", user="v")),
    {"v": 1, "events": [event(user="v")]},
    body(event(), sent=TIME, open=OPEN, new={"a": [1]}, context={
        "app_version": "1", "sdk": "s", "platform": "ios", "brand": "b", "model": "m",
        "os_version": "1", "client_version": "8", "library_version": "3", "screen_width": 392.7,
        "screen_height": 852, "language": "zh_CN", "network": "5g", "unknown": {"x": 1}}),
    body(event(), sent=None, user="u", context=None, open=None),
    body(event(page="/a?b", query="c", referrer="d", title="标题", dwell_ms=0, scene=65535,
               element="e", open=OPEN, order_id="o", amount_fen=1, password_free=True,
               props={"a": None, "b": {"c": [1, 2]}, "d": 1.5, "e": False}, more="kept")),
    body(event(name="$pay", order_id="o", amount_fen=0)),
    body(event(name="$refund", order_id="o", amount_fen=100000000000)),
    body(event(name="$page_view", page="/pages/a")),
    body(event(name="$identify", props={"previous_user": "x"})),
    body(*(event(id=name, name=name) for name in (
        "$favorite", "$pull_down", "$reach_bottom", "$interact", "$error", "$request",
        "$performance", "$pay_attempt"))),
    body(event(id="i" * 128, name="n" * 128, user="u" * 128)),
    body(event(title="t" * 8192, x="y" * 8192, time=0, dwell_ms=604800000)),
    body(*[event(id=str(i)) for i in range(1000)]),
    body(event(dwell_ms=None, scene=None, page=None, props=None, amount_fen=None)),
    body(event(amount_fen=5.0)),
]
WRONG = [
    [],
    {"v": 1, "user": "u"},
    {"user": "u", "events": [event()]},
    {"v": 1, "events": [event()]},
    body(),
    body(event(), v=2),
    body(event(), user=5),
    body(event(), user="u" * 129),
    body(event(), sent="now"),
    body(event(), sent=-1),
    body(event(), context=[]),
    body(event(), context={"brand": 5}),
    body(event(), context={"brand": "b" * 257}),
    body(event(), context={"screen_width": "wide"}),
    body(event(), context={"screen_width": 65536}),
    body(event(), open={"id": "o"}),
    body(event(), open={"id": "", "start": 1}),
    body(*[event(id=str(i)) for i in range(1001)]),
    body(5),
    body(without("id")), body(without("name")), body(without("time")),
    body(event(id="")), body(event(id=5)), body(event(id=None)), body(event(id="i" * 129)),
    body(event(name="")), body(event(name="n" * 129)), body(event(name="a\nb")),
    body(event(name="$nothing")), body(event(name=None)),
    body(event(time=-1)), body(event(time=1.5)), body(event(time="1")),
    body(event(time=253402300800000)),
    body(event(user={})),
    body(event(open="o")), body(event(open={"start": 1})), body(event(open={"id": "o"})),
    body(event(page=5)), body(event(page="p" * 9217)), body(event(query="q" * 8193)),
    body(event(title="a\0b")),
    body(event(dwell_ms=-1)), body(event(dwell_ms=604800001)), body(event(dwell_ms=0.5)),
    body(event(scene="1001")), body(event(scene=65536)),
    body(event(order_id="o" * 129)), body(event(amount_fen=-1)), body(event(amount_fen=1.5)),
    body(event(amount_fen=100000000001)), body(event(password_free=1)),
    body(event(props=[])), body(event(props={"": 1})), body(event(props={"a\tb": 1})),
    body(event(props={"p" * 129: 1})), body(event(props={"a": "x" * 8193})),
    body(event(name="$pay", amount_fen=1)), body(event(name="$refund", order_id="o")),
    body(event(name="$page_view")), body(event(name="$page_leave", page="/?x")),
]


@pytest.fixture(name="collector", scope="module")
def running_collector(tmp_path_factory):
    """A server that collects; whether its engine runs does not matter here."""
    with Server(tmp_path_factory.mktemp("serve")) as server:
        server.start()
        yield server, server.app("shop")


def schema_accepts(bodies):
    done = subprocess.run(["node", os.path.join(HERE, "schema_check.cjs")],
                          input=json.dumps(bodies), capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)


def server_accepts(collector, content):
    server, app = collector
    answer = server.request("POST", "/v1/collect", json.dumps(content),
                            {"X-Minipulse-Key": app["write_key"]})
    return answer.status == 200 and answer.json()["rejected"] == 0


def test_what_is_right_is_right_for_both(collector):
    assert schema_accepts(RIGHT) == [True] * len(RIGHT)
    for content in RIGHT:
        assert server_accepts(collector, content), content


def test_what_is_wrong_is_wrong_for_both(collector):
    verdicts = schema_accepts(WRONG)
    for content, verdict in zip(WRONG, verdicts):
        assert not verdict, f"the schema accepts {str(content)[:300]}"
        assert not server_accepts(collector, content), f"the server accepts {str(content)[:300]}"


def test_the_example_of_the_page_is_accepted(collector):
    server, app = collector
    with open(os.path.join(ROOT, "docs", "collect.md"), encoding="utf-8") as page:
        command = re.search(r"```\n(curl .*?)\n```", page.read(), re.S).group(1)
    words = shlex.split(command)
    content = json.loads(words[words.index("-d") + 1])
    assert words[words.index("-H") + 1].startswith("X-Minipulse-Key: ")
    assert schema_accepts([content]) == [True]
    answer = server.request("POST", "/v1/collect", json.dumps(content),
                            {"X-Minipulse-Key": app["write_key"]})
    assert answer.json() == {"accepted": 2, "rejected": 0, "errors": []}


def test_a_wrong_event_is_told_as_the_page_says(collector):
    server, app = collector
    wrong = body(event(), event(id="e2", amount_fen=19.9))
    answer = server.request("POST", "/v1/collect", json.dumps(wrong),
                            {"X-Minipulse-Key": app["write_key"]})
    assert answer.json() == {"accepted": 1, "rejected": 1, "errors": [
        {"index": 1, "field": "events[1].amount_fen",
         "reason": "must be a whole number from 0 to 100000000000"}]}
