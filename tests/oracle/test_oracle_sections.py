"""The oracle's sections against numbers worked out by hand."""

import datetime

import pytest

import oracle_cycles
import oracle_reports
import scenes
from hand import Hand

MON, TUE, WED, THU, FRI, SAT, SUN = (f"2026-11-{day}" for day in range(23, 30))


# ---- Source, frequency, duration, depth -----------------------------------------------------

def test_source_counts_opens_and_users_by_group_and_by_scene():
    # 1007 and 1008 are group 3, 1005 is 2, 1000 is in none and 4711 not known: 10; bob tells none.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), scene=1007)
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), scene=1008)
            .visit("bob", f"{TUE} 10:00:00", scene=1007)
            .visit("bob", f"{TUE} 11:00:00", scene=1005)
            .visit("bob", f"{TUE} 12:00:00", scene=1000)
            .visit("bob", f"{TUE} 13:00:00", scene=4711)
            .visit("bob", f"{TUE} 14:00:00")
            .visit("bob", f"{WED} 14:00:00", scene=1007))
    found = hand.oracle().source(MON, TUE)
    assert found["groups"] == {3: {"opens": 3, "users": 2}, 2: {"opens": 1, "users": 1},
                               10: {"opens": 2, "users": 1}, 0: {"opens": 1, "users": 1}}
    assert found["scenes"] == {1007: {"opens": 2, "users": 2}, 1008: {"opens": 1, "users": 1},
                               1005: {"opens": 1, "users": 1}, 1000: {"opens": 1, "users": 1},
                               4711: {"opens": 1, "users": 1}, 0: {"opens": 1, "users": 1}}


def test_an_opens_scene_is_the_first_that_it_tells():
    hand = (Hand().add("ann", f"{MON} 10:00:00", "$launch")
            .add("ann", f"{MON} 10:00:01", "$show", scene=1007)
            .add("ann", f"{MON} 10:00:02", "$show", scene=1005))
    assert hand.oracle().source(MON, MON)["scenes"] == {1007: {"opens": 1, "users": 1}}


def test_no_scene_is_in_two_groups():
    every = [scene for group in scenes.GROUPS.values() for scene in group]
    assert len(every) == len(set(every))
    assert [scenes.group_of(each) for each in (0, 1001, 1162, 1163, 999)] == [0, 1, 11, 37, 10]


def test_frequency_counts_users_by_their_opens_in_the_range():
    # In the range ann opens twice, bob twice, cid once, dan not.
    hand = Hand()
    for user, days in (("ann", (MON, TUE)), ("bob", (TUE, TUE)), ("cid", (TUE, WED)),
                       ("dan", (WED,))):
        for hour, day in enumerate(days):
            hand.visit(user, f"{day} 1{hour}:00:00", ("home", 1))
    assert hand.oracle().frequency(MON, TUE) == {2: 2, 1: 1}


def test_duration_counts_opens_by_whole_seconds_of_dwell():
    # The edges of every bucket, and fractions, which are cut off.
    seconds = (0, 2.999, 3, 5.999, 6, 10.999, 11, 20.999, 21, 30.999, 31, 50.999, 51, 100.999, 101,
               5000)
    hand = Hand()
    for hour, dwell in enumerate(seconds):
        hand.visit("ann", f"{MON} {hour:02}:00:00", ("home", dwell))
    hand.visit("ann", f"{MON} 23:00:00")
    hand.visit("ann", f"{TUE} 10:00:00", ("home", 1))
    # Two at each edge; the open without a page is a third of 0 seconds.
    assert hand.oracle().duration(MON, MON) == {1: 3, 2: 2, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2, 8: 2}


def test_duration_adds_up_the_pages_of_an_open():
    # 2 + 2 + 1.5 = 5.5 s.
    hand = Hand().visit("ann", f"{MON} 10:00:00", ("home", 2), ("goods", 2), ("home", 1.5))
    assert hand.oracle().duration(MON, MON) == {2: 1}


def test_depth_counts_opens_by_distinct_pages():
    hand = Hand()
    for hour, count in enumerate((0, 1, 2, 3, 4, 5, 6, 10, 11, 20)):
        hand.visit("ann", f"{MON} {hour:02}:00:00", *[(f"page {n}", 1) for n in range(count)])
    hand.visit("ann", f"{MON} 20:00:00", ("home", 1), ("home", 1), ("home", 1))
    assert hand.oracle().depth(MON, MON) == {0: 1, 1: 2, 2: 1, 3: 1, 4: 1, 5: 1, 6: 2, 7: 2}


# ---- Retention ------------------------------------------------------------------------------

def coming(**days):
    """{user: days on which they come}"""
    hand = Hand()
    for user, those in days.items():
        for day in those:
            hand.visit(user, f"{day} 10:00:00", ("home", 1))
    return hand


def test_new_users_are_retained_on_exactly_that_day():
    # New on Monday: ann and bob. ann comes on Tuesday and on the 7th, 14th and 30th day, bob on
    # the third. cid is new on Tuesday.
    hand = coming(ann=(MON, TUE, "2026-11-30", "2026-12-07", "2026-12-23"), bob=(MON, THU),
                  cid=(TUE, WED))
    monday, tuesday, wednesday = hand.oracle().retention("new", MON, WED)
    assert monday["counts"] == {0: 2, 1: 1, 2: 0, 3: 1, 4: 0, 5: 0, 6: 0, 7: 1, 14: 1, 30: 1}
    assert monday["ratios"][0] == 1 and monday["ratios"][3] == 0.5 and monday["ratios"][2] == 0
    assert tuesday["counts"][0] == 1 and tuesday["counts"][1] == 1
    assert wednesday["counts"][0] == 0 and wednesday["ratios"][0] is None


def test_active_users_are_retained_whether_new_or_not():
    # Active on Tuesday: ann and cid; of these on Wednesday cid, on Thursday ann.
    hand = coming(ann=(MON, TUE, THU), bob=(MON, WED), cid=(TUE, WED))
    tuesday = hand.oracle().retention("active", TUE, TUE)[0]
    assert [tuesday["counts"][n] for n in (0, 1, 2, 3)] == [2, 1, 1, 0]
    assert [tuesday["ratios"][n] for n in (0, 1, 2, 3)] == [1, 0.5, 0.5, 0]


def test_retention_by_week_and_month_asks_for_whole_cycles():
    # ann: weeks of 21 and 28 December (the latter ends in January) and of 11 January.
    hand = coming(ann=("2026-12-27", "2027-01-03", "2027-01-11"), bob=("2026-12-21",))
    week = hand.oracle().retention("new", "2026-12-23", "2026-12-23", "week")[0]
    assert week["cycle"] == "2026-12-21/2026-12-27"
    assert [week["counts"][n] for n in range(5)] == [2, 1, 0, 1, 0]
    month = hand.oracle().retention("new", "2026-12-01", "2026-12-31", "month", offsets=(0, 1, 2))
    assert [row["counts"] for row in month] == [{0: 2, 1: 1, 2: 0}]


def test_retention_in_a_cycle_that_has_not_begun_is_not_known():
    rows = coming(ann=(MON, TUE)).oracle(today=TUE).retention("new", MON, FRI, offsets=(0, 1, 2))
    assert [row["cycle"] for row in rows] == [MON, TUE]
    assert rows[0]["counts"] == {0: 1, 1: 1, 2: None} and rows[0]["ratios"][2] is None


# ---- Pages ----------------------------------------------------------------------------------

def test_pages_have_their_eight_figures():
    # ann: home 2 s, goods 3 s, home 4 s. bob: goods 6 s, twice shared. Opens begin at home and
    # goods, end at home and goods.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 2), ("goods", 3), ("home", 4))
            .visit("bob", f"{MON} 10:00:00", ("goods", 6))
            .add("bob", f"{MON} 10:00:01", "$share", page="goods", open_id="open 2")
            .add("bob", f"{MON} 10:00:02", "$share", page="goods", open_id="open 2"))
    assert hand.oracle().pages(MON, MON) == {
        "home": {"page_visit_pv": 2, "page_visit_uv": 1, "page_staytime_pv": 3,
                 "entrypage_pv": 1, "exitpage_pv": 1, "exit_rate": 0.5,
                 "page_share_pv": 0, "page_share_uv": 0},
        "goods": {"page_visit_pv": 2, "page_visit_uv": 2, "page_staytime_pv": 4.5,
                  "entrypage_pv": 1, "exitpage_pv": 1, "exit_rate": 0.5,
                  "page_share_pv": 2, "page_share_uv": 1}}


def test_visitors_of_a_page_over_a_range_count_once():
    hand = coming(ann=(MON, TUE), bob=(TUE,), cid=(WED,))
    home = hand.oracle().pages(MON, TUE)["home"]
    assert (home["page_visit_pv"], home["page_visit_uv"]) == (3, 2)


def test_a_page_across_midnight_counts_each_figure_on_its_own_day():
    # home seen on Monday and left on Tuesday after 20 s, then goods, the exit, for 5 s.
    oracle = Hand().visit("ann", f"{MON} 23:59:50", ("home", 20), ("goods", 5)).oracle()
    assert oracle.pages(MON, MON)["home"]["entrypage_pv"] == 1
    assert oracle.pages(MON, MON)["home"]["page_staytime_pv"] == 0
    tuesday = oracle.pages(TUE, TUE)
    assert tuesday["home"]["page_visit_pv"] == 0
    assert tuesday["home"]["page_staytime_pv"] is None and tuesday["home"]["exit_rate"] is None
    assert (tuesday["goods"]["exitpage_pv"], tuesday["goods"]["page_staytime_pv"]) == (1, 5)
    both = oracle.pages(MON, TUE)
    assert both["home"]["page_staytime_pv"] == 20 and both["home"]["exitpage_pv"] == 0


def test_a_view_without_a_path_is_of_the_page_without_a_name():
    oracle = Hand().visit("ann", f"{MON} 10:00:00", ("", 2), ("home", 1)).oracle()
    assert {page: (row["page_visit_pv"], row["entrypage_pv"], row["page_staytime_pv"])
            for page, row in oracle.pages(MON, MON).items()} == {"": (1, 1, 2), "home": (1, 0, 1)}


def test_a_share_without_a_page_is_no_pages_share():
    oracle = Hand().add("ann", f"{MON} 10:00:00", "$share").oracle()
    assert oracle.pages(MON, MON) == {}
    assert oracle.trend(MON, MON)[0]["share_pv"] == 1


# ---- Overview -------------------------------------------------------------------------------

def test_the_overview_compares_yesterday_with_three_days():
    # Views: Sunday 4, Saturday 2, the Sunday before 1, 29 October 8.
    hand = Hand()
    for day, views in ((SUN, 4), (SAT, 2), ("2026-11-22", 1), ("2026-10-29", 8)):
        hand.visit("ann", f"{day} 10:00:00", *[("home", 1)] * views)
    overview = hand.oracle().overview(SUN, MON, SUN, compare=("2026-11-16", "2026-11-22"))
    assert {name: row["visit_pv"] for name, row in overview["days"].items()} \
        == {"yesterday": 4, "day_before": 2, "week_ago": 1, "month_ago": 8}
    assert {name: row["visit_pv"] for name, row in overview["changes"].items()} \
        == {"day_before": 1, "week_ago": 3, "month_ago": -0.5}
    assert overview["changes"]["day_before"]["pay_cnt"] is None
    assert overview["changes"]["day_before"]["pay_amount_per_user"] is None
    assert overview["changes"]["day_before"]["stay_time_uv"] == 1
    assert [row["visit_pv"] for row in overview["trend"]] == [0, 0, 0, 0, 0, 2, 4]
    assert [row["cycle"] for row in overview["compare"]][0] == "2026-11-16"
    assert len(overview["compare"]) == 7


def test_top_pages_are_the_first_by_number_then_by_name_with_their_part_of_all():
    # Visits: b 4, a 2, c 2, d 1 of 9. Entries: a 2, b 1 of 3.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("b", 1), ("b", 1), ("b", 1), ("b", 1))
            .visit("ann", f"{MON} 11:00:00", ("a", 1), ("c", 1), ("c", 1))
            .visit("ann", f"{MON} 12:00:00", ("a", 1), ("d", 1)))
    overview = hand.oracle().overview(MON, MON, MON, limit=3)
    assert overview["visited_pages"] == [("b", 4, 4 / 9), ("a", 2, 2 / 9), ("c", 2, 2 / 9)]
    assert overview["entry_pages"] == [("a", 2, pytest.approx(2 / 3)),
                                       ("b", 1, pytest.approx(1 / 3))]


@pytest.mark.parametrize("day, ago", [
    ("2026-03-31", "2026-02-28"), ("2028-03-30", "2028-02-29"), ("2026-01-01", "2025-12-01"),
    ("2026-12-31", "2026-11-30"), ("2026-11-15", "2026-10-15")])
def test_a_month_ago_is_the_same_day_or_the_months_last(day, ago):
    assert str(oracle_cycles.month_ago(datetime.date.fromisoformat(day))) == ago


def test_figures_of_a_range_take_as_many_days_before_it():
    # Tuesday to Thursday against Saturday to Monday: ann and dan are retained, bob came earlier.
    hand = coming(ann=(MON, THU), bob=("2026-11-20", TUE), cid=(WED, THU),
                  dan=("2026-11-21", TUE))
    row = hand.oracle().figures(TUE, THU)
    assert (row["visit_uv"], row["visit_uv_new"], row["visit_uv_retained"],
            row["visit_uv_returned"]) == (4, 1, 2, 1)


def test_apps_have_nothing_to_do_with_each_other():
    # Both have an event with the same id, of a user with the same name.
    mine, other = Hand(), Hand("America/New_York")
    mine.visit("ann", f"{MON} 10:00:00", ("home", 1))
    other.visit("ann", f"{MON} 22:00:00", ("goods", 1), ("home", 1))
    events = mine.events + [{**event, "app": "tea"} for event in other.events]
    apps = {"shop": ("Asia/Shanghai", 1000), "tea": ("America/New_York", 1000)}
    found = {app: its.trend(MON, MON)[0]["visit_pv"]
             for app, its in oracle_reports.oracles(events, apps).items()}
    assert found == {"shop": 1, "tea": 2}
    with pytest.raises(AssertionError):
        oracle_reports.Oracle(events)


def test_cycles_that_have_not_begun_are_left_out():
    oracle = coming(ann=(MON,)).oracle(today=WED)
    assert [row["cycle"] for row in oracle.trend(TUE, FRI)] == [TUE, WED]
    assert len(oracle.trend(MON, "2026-12-06", "week")) == 1


# ---- Profile --------------------------------------------------------------------------------

def test_a_profile_shows_the_last_known_of_the_range_and_the_unknown():
    # ann: iOS on Monday, Android on Tuesday; bob: never known; cid is new on Wednesday only.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1, model="iPhone")
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), platform=2, model="Mate")
            .visit("ann", f"{WED} 10:00:00", ("home", 1))
            .visit("bob", f"{TUE} 10:00:00", ("home", 1))
            .visit("cid", f"{WED} 10:00:00", ("home", 1), platform=3, model="Mate"))
    oracle = hand.oracle()
    assert oracle.profile("active", "platform", MON, MON) == {1: 1}
    assert oracle.profile("active", "platform", MON, WED) == {2: 1, 0: 1, 3: 1}
    assert oracle.profile("active", "model", MON, WED) == {"Mate": 2, "": 1}
    assert oracle.profile("new", "platform", TUE, WED) == {0: 1, 3: 1}
    assert oracle.profile("new", "model", MON, MON) == {"iPhone": 1}


def test_a_users_region_is_the_last_as_a_whole():
    guangdong = {"country": "中国", "province": "广东", "city": "深圳"}
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), **guangdong)
            .visit("ann", f"{MON} 12:00:00", ("home", 1), country="中国", province="北京")
            .visit("bob", f"{MON} 10:00:00", ("home", 1), **guangdong)
            .visit("bob", f"{TUE} 10:00:00", ("home", 1), country="日本")
            .visit("cid", f"{MON} 10:00:00", ("home", 1), **guangdong)
            .visit("cid", f"{TUE} 10:00:00", ("home", 1))
            .visit("dan", f"{TUE} 10:00:00", ("home", 1)))
    oracle = hand.oracle()
    # ann is in Beijing, of which no city is known; bob in Japan from Tuesday; cid tells no more,
    # dan nothing at all.
    assert oracle.profile("active", "province", MON, MON) == {"北京": 1, "广东": 2}
    assert oracle.profile("active", "city", MON, MON) == {"": 1, "深圳": 2}
    assert oracle.profile("active", "province", MON, TUE) == {"北京": 1, "": 2, "广东": 1}
    assert oracle.profile("active", "city", MON, TUE) == {"": 3, "深圳": 1}


def test_gender_and_age_are_the_latest_of_all_history():
    profiles = (("ann", {"gender": "male", "age": 17}), ("ann", {"gender": "Female"}),
                ("bob", {"gender": 1, "age": 17.9}), ("bob", {"gender": "?", "age": "18"}),
                ("cid", {"gender": "女", "age": 50}), ("cid", {"age": 18}),
                ("dan", {"gender": 3, "age": 151}), ("fay", {"gender": "male"}),
                ("fay", {"age": 30, "profile_type": "profile_set"}),
                ("fay", {"age": 60, "profile_type": "profile_unset"}),
                ("eve", {"age": 49, "gender": "男", "profile_type": "profile_set_once"}),
                ("eve", {"age": 1, "gender": 2, "profile_type": "profile_increment"}))
    hand = Hand()
    for second, (user, props) in enumerate(profiles):
        hand.add(user, f"{TUE} 10:00:{second:02}", "$profile", props=props)
    for user in ("ann", "bob", "cid", "dan", "eve", "fay"):
        hand.visit(user, f"{MON} 10:00:00", ("home", 1))
    oracle = hand.oracle()
    # Female: ann, cid. Male: bob, eve, fay. Unknown: dan.
    assert oracle.profile("active", "gender", MON, MON) == {2: 2, 1: 3, 0: 1}
    # Up to 17: ann, bob. 18–24: cid. 30–39: fay. 40–49: eve. Unknown: dan.
    assert oracle.profile("new", "age", MON, MON) == {1: 2, 2: 1, 4: 1, 5: 1, 0: 1}


@pytest.mark.parametrize("age, band", [(0, 1), (17, 1), (18, 2), (24, 2), (25, 3), (29, 3),
                                       (30, 4), (39, 4), (40, 5), (49, 5), (50, 6), (150, 6)])
def test_age_bands_have_these_edges(age, band):
    hand = coming(ann=(MON,)).add("ann", f"{MON} 09:00:00", "$profile", props={"age": age})
    assert hand.oracle().profile("active", "age", MON, MON) == {band: 1}
