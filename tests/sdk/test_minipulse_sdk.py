"""Minipulse's own SDK against `minipulse serve`: whatever goes wrong on the way, every event counts
exactly once; and the sample shop's script gives the indicators that a hand computes."""

import json
import os
import subprocess
import time

import pytest

import sdk_build

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT_SECONDS_MAX = 240


@pytest.fixture(scope="module", autouse=True)
def built():
    sdk_build.build()


def days_around():
    days = [time.strftime("%Y-%m-%d", time.gmtime(time.time() + offset * 86400))
            for offset in (-8, 1)]
    return {"from": days[0], "to": days[1], "by": "day"}


def play(server, app, seed):
    """Runs the story, restarting the server when it asks; what it says that it did."""
    process = subprocess.Popen(
        ["node", os.path.join(HERE, "chaos_drive.mjs"), server.url, app["write_key"], str(seed)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + SCRIPT_SECONDS_MAX
    try:
        for number, line in enumerate(process.stdout):
            assert time.monotonic() < deadline
            if line != "restart\n":
                assert process.wait(10) == 0
                return json.loads(line)
            if number % 2:
                server.stop()
            else:
                server.kill9()
            server.start()
            server.wait_ready()
            process.stdin.write("\n")
            process.stdin.flush()
    finally:
        process.kill()
        process.wait()
    raise AssertionError("the script ended without a word")


def counted(server, what, name):
    """{value of what: how many rows} of the events of that name."""
    rows = server.sql(f"SELECT {what} AS what, count() FROM events WHERE name = '{name}'"
                      " GROUP BY what")
    return {value: int(count) for value, count in rows}


@pytest.mark.parametrize("engine_kind, seed", [("embedded", 1), ("clickhouse", 2)])
def test_after_every_trouble_each_event_counts_exactly_once(tmp_path, seed, engine_kind, request):
    store = request.getfixturevalue("shared_clickhouse") if engine_kind == "clickhouse" else None
    # A port that stays, as an address in an app does.
    with sdk_build.server_on_a_port(tmp_path, store, f"chaos_{seed}") as server:
        app = server.app("shop")
        server.start()
        server.wait_ready()
        done = play(server, app, seed)
        server.drain()
        assert done["kills"] > 3 and min(done["faults"].values()) > 3, done["faults"]
        assert done["warnings"] == []
        assert done["left"] == [] and done["requestsAtOnce"] == 1
        assert counted(server, "str_values[indexOf(str_names, 'id')]", "did") == dict.fromkeys(
            done["custom"], 1)
        assert counted(server, "order_id", "$pay") == dict.fromkeys(done["orders"], 1)
        assert counted(server, "name", "$launch") == {"$launch": done["launches"]}
        assert counted(server, "name", "$page_view") == {"$page_view": done["views"]}
        assert server.sql("SELECT uniqExact(user) FROM events") == [["1"]]
        rows = server.trend(app, **days_around()).json()["rows"]
        assert sum(row["visit_pv"] for row in rows) == done["views"]


# ---- The sample shop -----------------------------------------------------------------------------

def shop(server, app, *shopper):
    """A shopper's way through examples/shop; what the script says that was done."""
    done = subprocess.run(
        ["node", os.path.join(HERE, "shop_drive.cjs"), server.url, app["write_key"], *shopper],
        capture_output=True, text=True, timeout=SCRIPT_SECONDS_MAX, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    told = json.loads(done.stdout)
    assert told["warnings"] == [] and told["waiting"] == []
    return told


def noon_zone():
    """A zone in which the story is nowhere near midnight, so that it is one day's."""
    hours = 12 - time.gmtime().tm_hour
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """A server to which two shoppers went; the second came by the card that the first shared."""
    with sdk_build.server_on_a_port(tmp_path_factory.mktemp("shop"), None, "shop") as server:
        server.shop = server.app("shop", "--zone", noon_zone())
        server.start()
        server.wait_ready()
        first = shop(server, server.shop, "li")
        server.told = [first, shop(server, server.shop, "wang", first["share"])]
        server.drain()
        server.day = server.sql("SELECT DISTINCT day FROM events")
        assert len(server.day) == 1
        yield server


def report(server, name, **parameters):
    query = "&".join(f"{key}={value}" for key, value in {
        "from": server.day[0][0], "to": server.day[0][0], **parameters}.items())
    answer = server.request("GET", f"/v1/apps/shop/{name}?{query}", headers={
        "Authorization": f"Bearer {server.shop['token']}"})
    assert answer.status == 200, answer
    return answer.json()


def together(told, key):
    """The lists of both shoppers, one behind the other."""
    return [item for each in told for item in each[key]]


def test_every_event_of_the_shop_is_in_the_store_with_its_fields(visited):
    views = together(visited.told, "views")
    assert visited.sql("SELECT name, count() FROM events GROUP BY name ORDER BY name") == sorted(
        [name, str(count)] for name, count in {
            "$launch": 2, "$show": 2, "$hide": 2, "$page_view": len(views),
            "$page_leave": len(views), "$click": len(together(visited.told, "clicks")),
            "$interact": 2, "$pull_down": 1, "$share": 2, "$pay_attempt": 2, "$pay": 2,
            "$identify": 2, "$profile": 2, "add_to_cart": 2}.items())
    assert sorted(visited.sql("SELECT element, page FROM events WHERE name = '$click'")) == sorted(
        [click["element"], click["page"]] for click in together(visited.told, "clicks"))
    assert visited.sql("SELECT DISTINCT num_values[indexOf(num_names, 'price_fen')],"
                       " str_values[indexOf(str_names, 'sku')], page"
                       " FROM events WHERE name = 'add_to_cart'") == [
        ["12900", "2", "pages/detail/detail"]]
    assert visited.sql("SELECT DISTINCT brand, model, platform, os_version, app_version, sdk,"
                       " client_version, library_version, network, screen_width, language"
                       " FROM events") == [
        ["HUAWEI", "Mate 60 Pro", "2", "14", "2.3.1", "minipulse/0.1.0", "8.0.50", "3.4.0",
         "wifi", "412", "zh_CN"]]
    assert visited.sql("SELECT count() FROM events WHERE bitAnd(flags, 7) != 0") == [["0"]]
    text = visited.sql("SELECT count() FROM events WHERE arrayExists(x -> x LIKE '%secret%',"
                       " str_values)")
    assert text == [["0"]]


def test_one_sees_who_came_by_whose_share(visited):
    shared = "str_values[indexOf(str_names, 'share_id')]"
    came = "str_values[indexOf(str_names, 'from_share')]"
    first, second = visited.told
    assert first["share"] != second["share"]
    # Who logs in at the launch was never a guest.
    assert visited.sql("SELECT DISTINCT user FROM events ORDER BY user") == [
        ["openid-of-li"], ["openid-of-wang"]]
    sharer = visited.sql(f"SELECT user FROM events WHERE name = '$share' AND {shared} ="
                         f" '{first['share']}'")
    comer = visited.sql(f"SELECT user FROM events WHERE name = '$launch' AND {came} ="
                        f" '{first['share']}'")
    assert (sharer, comer) == ([["openid-of-li"]], [["openid-of-wang"]])


def test_the_indicators_are_what_the_shoppers_did(visited):
    told = visited.told
    views, stay = together(told, "views"), sum(sum(each["stay"].values()) for each in told) / 1000
    row = report(visited, "trend", by="day")["rows"][0]
    wanted = {
        "visit_total": 2, "visit_uv_new": 2, "session_cnt": 2, "visit_pv": len(views),
        "visit_uv": 2, "visit_depth": sum(len(set(each["views"])) for each in told) / 2,
        "share_pv": 2, "share_uv": 2, "pay_cnt": 2, "pay_uv": 2, "pay_uv_first": 2,
        "pay_amount": 258.0, "pay_amount_per_order": 129.0, "refund_cnt": 0, "add_total": 0}
    assert {name: row[name] for name in wanted} == wanted
    assert row["stay_time_uv"] == pytest.approx(stay / 2, abs=1e-6)
    assert row["stay_time_session"] == pytest.approx(stay / 2, abs=1e-6)


def test_pages_sources_and_profiles_are_what_the_shoppers_did(visited):
    told = visited.told
    views = together(told, "views")
    pages = {row["page"]: row for row in report(visited, "pages")["rows"]}
    assert set(pages) == set(views)
    for page, row in pages.items():
        stay = sum(each["stay"].get(page, 0) for each in told) / 1000
        assert row["page_visit_pv"] == views.count(page)
        assert row["page_visit_uv"] == sum(page in each["views"] for each in told)
        assert row["entrypage_pv"] == sum(each["entry"] == page for each in told)
        assert row["exitpage_pv"] == sum(each["exit"] == page for each in told)
        assert row["page_share_pv"] == (2 if page == "pages/detail/detail" else 0)
        assert row["page_staytime_pv"] == pytest.approx(stay / views.count(page), abs=1e-6)
    scenes = {row["scene"]: row["session_cnt"] for row in report(visited, "source")["rows"]
              if row["scene"] is not None}
    assert scenes == {1011: 1, 1007: 1}
    depth = [row for row in report(visited, "depth")["rows"] if row["session_cnt"]]
    assert [(row["from"], row["session_cnt"]) for row in depth] == [(5, 2)]
