"""docs/openapi.yaml and the server say the same: routes and who may call them, parameters, answers;
and every example in it is an answer of this test.

MINIPULSE_UPDATE_EXAMPLES=1 writes the examples anew. Their days are counted from Monday, 2 November
2026, whenever the test runs."""

import datetime
import json
import os
import re
import subprocess
import urllib.parse

import pytest

import people
from oracle_cycles import ONE_DAY
from server import ROOT, Server

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(ROOT, "docs", "openapi.yaml")
FIRST_DAY = datetime.date(2026, 11, 2)
DAYS = 14
REPORTS = ("overview", "trend", "source", "frequency", "duration", "depth", "retention", "pages",
           "profile")
# Of each parameter something that is right; the rest have one in the file.
RIGHT = {"from": "2026-10-01", "to": "2026-10-02", "compare": "2026-09-01/2026-09-02",
         "search": "a", "before": "5"}
MARK = "example: # from a test: "


def check(answers):
    done = subprocess.run(["node", os.path.join(HERE, "openapi_check.mjs")],
                          input=json.dumps({"answers": answers}), capture_output=True, text=True,
                          check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told():
    found = check([])
    assert not found["errors"]
    return found["operations"]


# ---- A small history ----------------------------------------------------------------------------

def monday():
    """The Monday from which days are counted: the whole history lies before today."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return today - (today.weekday() + 7 * 3) * ONE_DAY


def upload(server, app, day, user, scene, pages, paid=0, shared=False):
    """An open at noon that looks at pages, 8 s each."""
    noon = datetime.datetime.combine(day, datetime.time(4), datetime.timezone.utc)
    start = int(noon.timestamp() * 1000)
    events = [{"name": "$launch", "scene": scene, "time": start}]
    for number, page in enumerate(pages):
        shown = start + number * 8000
        events.append({"name": "$page_view", "page": page, "time": shown})
        events.append({"name": "$page_leave", "page": page, "time": shown + 8000,
                       "dwell_ms": 8000})
    if shared:
        events.append({"name": "$share", "page": pages[-1], "time": start + 3000})
    if paid:
        events.append({"name": "$pay", "time": start + 5000, "amount_fen": paid,
                       "order_id": f"{user}-{day}"})
    for number, event in enumerate(events):
        event["id"] = f"{user}-{day}-{number}"
    answer = server.collect(app, events, user=user, open={"id": f"{user}-{day}", "start": start},
                            context={"platform": "ios" if user < "o3" else "android",
                                     "model": "iPhone 15" if user < "o3" else "Mate 60",
                                     "app_version": "2.1"})
    assert answer.json() == {"accepted": len(events), "rejected": 0, "errors": []}
    return answer


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("openapi") / "serve", late_hours=24 * 60) as server:
        app = server.app("shop")
        people.add_user(server, "boss", "--admin")
        server.start()
        server.wait_ready()
        first = monday()
        for number in range(DAYS):
            day = first + number * ONE_DAY
            for user in range(1, 6):
                if number % user == 0:
                    server.last_collect = upload(
                        server, app, day, f"o{user}", (1001, 1007, 1011, 1089)[user % 4],
                        ["pages/index", "pages/list", "pages/goods"][:1 + (number + user) % 3],
                        paid=990 * user if number % 4 == 1 else 0, shared=user == 2)
        server.drain()
        server.apps = {"shop": app}
        yield server


def span():
    return {"from": str(monday()), "to": str(monday() + (DAYS - 1) * ONE_DAY)}


def ask(server, report, **parameters):
    query = urllib.parse.urlencode(parameters)
    return server.request("GET", f"/v1/apps/shop/{report}?{query}", headers={
        "Authorization": f"Bearer {server.apps['shop']['token']}"})


# ---- Examples -----------------------------------------------------------------------------------

def example_of(server, name):
    """What the example of an operation shows: few rows, and days as the file counts them."""
    if name == "collect":
        answer = server.last_collect.json()
    else:
        parameters = {"to": span()["to"], "from": str(monday() + (DAYS - 2) * ONE_DAY)}
        answer = ask(server, name, **parameters).json()
    for part in ("rows", "figures"):
        if part in answer:
            answer[part] = answer[part][:4]
    shift = FIRST_DAY - monday()
    text = re.sub(r"\d{4}-\d{2}-\d{2}(?!T)", lambda found: str(
        datetime.date.fromisoformat(found[0]) + shift), json.dumps(answer, ensure_ascii=False))
    return {**json.loads(text), **{name: moment for name, moment in (
        ("now", "2026-11-24T01:02:03.004Z"), ("complete_until", "2026-11-21T01:02:03.004Z"))
        if name in answer}}


def write_examples(server):
    with open(FILE, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for at, line in enumerate(lines):
        if MARK in line:
            indent = " " * (len(line) - len(line.lstrip()) + 2)
            lines[at + 1] = indent + json.dumps(example_of(server, line.split(MARK)[1]),
                                                ensure_ascii=False)
    with open(FILE, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def test_every_example_is_what_the_server_answers(world):
    if os.environ.get("MINIPULSE_UPDATE_EXAMPLES"):
        write_examples(world)
    examples = {each["id"]: each["example"] for each in check([])["operations"]
                if each.get("example") is not None}
    assert set(examples) == {*REPORTS, "collect"}
    for name, example in examples.items():
        assert example == example_of(world, name), f"{name}: MINIPULSE_UPDATE_EXAMPLES=1"


# ---- The file and the server ---------------------------------------------------------------------

def test_the_file_has_every_route_and_who_may(world, told):
    lines = people.command(world, "routes").splitlines()
    # OpenAPI has no word for any method or any path.
    routes = {" ".join(line.split()[:2]): " ".join(line.split()[2:]) for line in lines
              if not line.startswith("*")}
    assert {each["route"]: each["who"] for each in told} == routes


def test_the_server_gives_the_file(world):
    answer = world.request("GET", "/v1/openapi.yaml")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/yaml"
    with open(FILE, "rb") as file:
        assert answer.body == file.read()


def value_of(parameter):
    schema = parameter["schema"]
    items = schema.get("items", schema)
    if parameter["name"] in RIGHT:
        return RIGHT[parameter["name"]]
    return str(items.get("enum", [items.get("minimum", "x")])[-1])


def test_the_parameters_are_those_that_a_report_takes(world, told):
    every = {parameter["name"]: parameter for each in told if each["id"] in REPORTS
             for parameter in each["parameters"]}
    for each in told:
        if each["id"] not in REPORTS:
            continue
        takes = {parameter["name"]: parameter for parameter in each["parameters"]}
        for name, parameter in every.items():
            if name == "format" and name in takes:
                continue  # csv is asked for elsewhere
            answer = ask(world, each["id"], **{name: value_of(parameter)})
            assert answer.status == (200 if name in takes else 400), (each["id"], name, answer)
        for name, parameter in takes.items():
            schema = parameter["schema"]
            if "enum" in schema:
                assert ask(world, each["id"], **{name: "other"}).status == 400, name
            if "maximum" in schema:
                beyond = ask(world, each["id"], **{name: schema["maximum"] + 1})
                assert beyond.status == 400, name
            if "maxItems" in schema:
                many = ",".join([value_of(parameter)] * (schema["maxItems"] + 1))
                assert ask(world, each["id"], **{name: many}).status == 400, name


def test_answers_fit_the_schemas(world, told):
    answers = [["collect", "200", world.last_collect.json()]]
    boss = people.Browser(world)
    for query in (f"?app={world.apps['shop']['write_key']}", "?app=mpw_no", "?key=x"):
        answer = world.request("GET", "/v1/sdk/config" + query)
        answers.append(["sdkConfig", str(answer.status), answer.json()])
    for report in REPORTS:
        for more in ({}, {"by": "week"}, {"users": "active", "by": "month"},
                     {"compare": "2026-09-01/2026-09-02"}, {"visitor": "new"}, {"to": "x"}):
            answer = ask(world, report, **{**span(), **more})
            answers.append([report, str(answer.status), answer.json()])
        answers.append([report, "404", world.request(
            "GET", f"/v1/apps/nobody/{report}", headers={
                "Authorization": f"Bearer {world.apps['shop']['token']}"}).json()])
        answers.append([report, "401", world.request("GET", f"/v1/apps/shop/{report}").json()])
    for more in ({}, {"step": "60", "compare": "yesterday,last_week"}, {"step": "7"}):
        answer = ask(world, "realtime", **more)
        answers.append(["realtime", str(answer.status), answer.json()])
    answers += accounts(boss.log_in("boss"))
    by_route = {each["route"]: each for each in told}
    for name, route in (("catalogue", "/v1/catalogue"), ("apps", "/v1/apps"),
                        ("app", "/v1/apps/shop"), ("users", "/v1/users"), ("audit", "/v1/audit"),
                        ("members", "/v1/apps/shop/members"), ("tokens", "/v1/apps/shop/tokens"),
                        ("invitations", "/v1/apps/shop/invitations"), ("session", "/v1/session"),
                        ("weixinToken", "/cgi-bin/token"),
                        ("appAudit", "/v1/apps/shop/audit"), ("setupState", "/v1/setup")):
        assert by_route[f"GET {route.replace('shop', '{app}')}"]["id"] == name
        answers.append([name, "200", boss.ask("GET", route).json()])
    assert check(answers)["errors"] == []


def accounts(boss):
    """Answers of changes."""
    found = []
    for name, method, path, body in (
            ("addUser", "POST", "/v1/users", {"name": "li", "password": people.PASSWORD}),
            ("addUser", "POST", "/v1/users", {"name": "li", "password": people.PASSWORD}),
            ("addUser", "POST", "/v1/users", {"name": "li"}),
            ("addApp", "POST", "/v1/apps", {"id": "tea"}),
            ("changeApp", "PATCH", "/v1/apps/tea", {"name": "Tea"}),
            ("changeApp", "PATCH", "/v1/apps/tea", {"weixin_appid": "wx1"}),
            ("rotateWriteKey", "POST", "/v1/apps/tea/write-key", None),
            ("invite", "POST", "/v1/apps/tea/invitations", {"role": "viewer"}),
            ("addToken", "POST", "/v1/apps/tea/tokens", {"label": "x", "role": "viewer"}),
            ("removeUser", "DELETE", "/v1/users/nobody", None)):
        answer = boss.ask(method, path, body)
        found.append([name, str(answer.status), answer.json()])
    return found
