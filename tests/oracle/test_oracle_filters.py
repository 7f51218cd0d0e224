"""What the oracle's filters keep: docs/indicators.md, "Filters and profiles"."""

import pytest

from hand import Hand

SUN0 = "2026-11-22"
MON, TUE, WED = (f"2026-11-{day}" for day in (23, 24, 25))
SEARCH, CHAT = 2, 3  # groups of scenes 1005 and 1007


def figures(hand, day, by="day", **filters):
    return hand.oracle().trend(day, day, by, filters)[0]


def of(row, *names):
    return tuple(row[name] for name in names)


# ---- A user's day ---------------------------------------------------------------------------

def test_a_users_day_has_the_last_value_that_it_tells():
    # ann's day is Android, for her last event with a platform; bob's is unknown.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1, app_version="1.0")
            .visit("ann", f"{MON} 11:00:00", ("home", 1), platform=2)
            .visit("ann", f"{MON} 12:00:00", ("home", 1))
            .visit("bob", f"{MON} 12:00:00", ("home", 1)))
    assert of(figures(hand, MON, platform=2), "visit_uv", "visit_pv", "session_cnt") == (1, 3, 3)
    assert of(figures(hand, MON, platform=1), "visit_uv", "visit_pv", "session_cnt") == (0, 0, 0)
    assert of(figures(hand, MON, platform=0), "visit_uv", "visit_pv") == (1, 1)
    assert of(figures(hand, MON, platform={0, 2}), "visit_uv", "visit_pv") == (2, 4)
    assert of(figures(hand, MON, app_version="1.0"), "visit_uv", "visit_pv") == (1, 3)
    assert of(figures(hand, MON, app_version=""), "visit_uv", "visit_pv") == (1, 1)


def test_filters_apply_together():
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1, province="广东")
            .visit("bob", f"{MON} 10:00:00", ("home", 1), platform=1, province="北京")
            .visit("cid", f"{MON} 10:00:00", ("home", 1), platform=2, province="广东"))
    assert figures(hand, MON, province="广东")["visit_uv"] == 2
    assert figures(hand, MON, province="广东", platform=1)["visit_uv"] == 1
    with pytest.raises(AssertionError):
        figures(hand, MON, colour="red")


def test_each_day_is_kept_by_its_own_value():
    # ann: iOS on Monday, Android on Tuesday. By week she is one visitor of each.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1)
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), ("home", 1), platform=2))
    assert of(figures(hand, MON, "week", platform=1), "visit_uv", "visit_pv") == (1, 1)
    assert of(figures(hand, MON, "week", platform=2), "visit_uv", "visit_pv") == (1, 2)


def test_new_are_the_days_of_a_first_visit_and_returning_all_others():
    # ann comes twice on her first day and once on the next; bob opens without a visit on Monday
    # and first visits on Tuesday.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1))
            .visit("ann", f"{MON} 12:00:00", ("home", 1))
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), ("home", 1))
            .visit("bob", f"{MON} 10:00:00").visit("bob", f"{TUE} 10:00:00", ("home", 1)))
    names = ("visit_uv", "visit_pv", "session_cnt", "visit_uv_new")
    assert of(figures(hand, MON, visitor="new"), *names) == (1, 2, 2, 1)
    assert of(figures(hand, MON, visitor="returning"), *names) == (0, 0, 1, 0)
    assert of(figures(hand, TUE, visitor="new"), *names) == (1, 1, 1, 1)
    assert of(figures(hand, TUE, visitor="returning"), *names) == (1, 2, 1, 0)
    # By week ann is a new visitor on Monday and a returning one on Tuesday.
    assert of(figures(hand, MON, "week", visitor="returning"), *names) == (1, 2, 2, 0)


# ---- What is asked of all days --------------------------------------------------------------

def test_new_and_total_are_those_whose_first_day_is_kept():
    # ann began on iOS, bob on Android and is on iOS since.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1)
            .visit("bob", f"{MON} 10:00:00", ("home", 1), platform=2)
            .visit("bob", f"{TUE} 10:00:00", ("home", 1), platform=1))
    assert of(figures(hand, MON, "week", platform=1), "visit_uv", "visit_uv_new", "visit_total") \
        == (2, 1, 1)
    assert of(figures(hand, TUE, platform=2), "visit_uv", "visit_uv_new", "visit_total") \
        == (0, 0, 1)


def test_retained_and_returned_were_there_before_on_whatever():
    # On Tuesday on iOS: ann, on Monday on Android; bob, on Sunday on Android.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=2)
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), platform=1)
            .visit("bob", f"{SUN0} 10:00:00", ("home", 1), platform=2)
            .visit("bob", f"{TUE} 10:00:00", ("home", 1), platform=1))
    assert of(figures(hand, TUE, platform=1), "visit_uv_retained", "visit_uv_returned") == (1, 1)
    assert of(figures(hand, TUE, platform=2), "visit_uv_retained", "visit_uv_returned") == (0, 0)


def test_payments_are_kept_by_day_and_the_first_one_is_the_first_ever():
    # ann pays on iOS on Monday, on Android on Tuesday; bob on Android twice on Tuesday.
    hand = (Hand().add("ann", f"{MON} 10:00:00", "$pay", amount_fen=1, platform=1)
            .add("ann", f"{TUE} 10:00:00", "$pay", amount_fen=10, platform=2)
            .add("bob", f"{TUE} 10:00:00", "$pay", amount_fen=100, platform=2)
            .add("bob", f"{TUE} 10:00:01", "$pay", amount_fen=1000, platform=2)
            .add("bob", f"{TUE} 10:00:02", "$refund", amount_fen=7))
    names = ("pay_cnt", "pay_amount", "pay_uv", "pay_uv_first", "pay_uv_repeat",
             "pay_amount_total", "refund_cnt", "refund_amount")
    assert of(figures(hand, TUE, platform=2), *names) == (3, 1110, 2, 1, 2, 1110, 1, 7)
    assert of(figures(hand, MON, "week", platform=1), *names) == (1, 1, 1, 1, 0, 1, 0, 0)
    assert of(figures(hand, TUE, platform=1), *names) == (0, 0, 0, 0, 0, 1, 0, 0)


def test_additions_are_kept_by_the_day_of_the_last_change():
    # ann adds on iOS and stays so; bob adds on iOS on Monday and removes on Android on Tuesday.
    hand = (Hand().add("ann", f"{MON} 10:00:00", "$add", platform=1)
            .add("bob", f"{MON} 10:00:00", "$add", platform=1)
            .add("bob", f"{TUE} 10:00:00", "$remove", platform=2)
            .add("ann", f"{TUE} 10:00:00", "$share", platform=2))
    names = ("add_total", "add_new", "add_removed", "share_pv")
    assert of(figures(hand, MON, platform=1), *names) == (2, 2, 0, 0)
    assert of(figures(hand, TUE, platform=1), *names) == (1, -1, 0, 0)
    assert of(figures(hand, TUE, platform=2), *names) == (0, 0, 1, 1)


def test_a_filter_chooses_the_cohort_and_not_who_comes_back():
    # New on Monday: ann on iOS, bob on Android. Both come back on Tuesday, ann on Android.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1)
            .visit("bob", f"{MON} 10:00:00", ("home", 1), platform=2)
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), platform=2)
            .visit("bob", f"{TUE} 10:00:00", ("home", 1), platform=2))
    for kind in ("new", "active"):
        row = hand.oracle().retention(kind, MON, MON, filters={"platform": 1})[0]
        assert (row["counts"][0], row["counts"][1]) == (1, 1)
    row = hand.oracle().retention("active", TUE, TUE, filters={"platform": 1})[0]
    assert row["counts"][0] == 0


# ---- Source group ---------------------------------------------------------------------------

def two_opens():
    """ann comes by chat (home, 2 s) and then by search (goods and cart, 3 s each), where she
    shares, pays and adds."""
    return (Hand().visit("ann", f"{MON} 10:00:00", ("home", 2), scene=1007)
            .visit("ann", f"{MON} 12:00:00", ("goods", 3), ("cart", 3), scene=1005)
            .add("ann", f"{MON} 12:00:07", "$share", page="cart", open_id="open 2")
            .add("ann", f"{MON} 12:00:07", "$pay", amount_fen=5, open_id="open 2")
            .add("ann", f"{MON} 12:00:07", "$add", open_id="open 2"))


def test_opens_and_their_visits_are_kept_by_their_own_source():
    names = ("session_cnt", "visit_pv", "visit_uv", "stay_time_uv", "visit_depth")
    assert of(figures(two_opens(), MON, source_group=SEARCH), *names) == (1, 2, 1, 6, 2)
    assert of(figures(two_opens(), MON, source_group=CHAT), *names) == (1, 1, 1, 2, 1)
    assert of(figures(two_opens(), MON, source_group={SEARCH, CHAT}), *names) == (2, 3, 1, 8, 1.5)
    assert of(figures(two_opens(), MON, source_group=1), *names) == (0, 0, 0, None, None)


def test_all_else_is_kept_by_the_source_of_the_days_first_open():
    names = ("share_pv", "pay_cnt", "add_total", "visit_uv_new", "visit_total", "pay_uv_first")
    assert of(figures(two_opens(), MON, source_group=CHAT), *names) == (1, 1, 1, 1, 1, 1)
    assert of(figures(two_opens(), MON, source_group=SEARCH), *names) == (0, 0, 0, 0, 0, 0)
    oracle = two_opens().oracle()
    assert set(oracle.pages(MON, MON, {"source_group": CHAT})) == {"home", "goods", "cart"}
    assert oracle.pages(MON, MON, {"source_group": SEARCH}) == {}


def test_the_sections_of_opens_ask_for_the_source_of_the_open():
    oracle, chat = two_opens().oracle(), {"source_group": CHAT}
    assert oracle.source(MON, MON, chat)["scenes"] == {1007: {"opens": 1, "users": 1}}
    assert oracle.frequency(MON, MON, chat) == {1: 1}
    assert oracle.duration(MON, MON, {"source_group": SEARCH}) == {3: 1}
    assert oracle.depth(MON, MON, {"source_group": SEARCH}) == {2: 1}


def test_by_source_an_opens_visits_count_on_the_day_it_began():
    # By chat from Monday 23:59:50: home for 20 s, goods for 5 s on Tuesday.
    hand = Hand().visit("ann", f"{MON} 23:59:50", ("home", 20), ("goods", 5), scene=1007)
    names = ("visit_pv", "visit_uv", "stay_time_uv")
    assert of(figures(hand, MON, source_group=CHAT), *names) == (2, 1, 25)
    assert of(figures(hand, TUE, source_group=CHAT), *names) == (0, 0, None)
    # No open began on Tuesday: its source is unknown, and so are its pages'.
    assert set(hand.oracle().pages(TUE, TUE, {"source_group": 0})) == {"home", "goods"}
    assert hand.oracle().pages(TUE, TUE, {"source_group": CHAT}) == {}


def test_by_source_an_active_user_has_seen_a_page_in_such_an_open():
    # ann sees a page by chat only; her open by search has none.
    hand = (Hand().visit("ann", f"{MON} 09:00:00", scene=1005)
            .visit("ann", f"{MON} 10:00:00", ("home", 1), scene=1007, platform=1))
    oracle = hand.oracle()
    assert oracle.profile("active", "platform", MON, MON, {"source_group": SEARCH}) == {}
    assert oracle.profile("active", "platform", MON, MON, {"source_group": CHAT}) == {1: 1}
    assert oracle.profile("new", "platform", MON, MON, {"source_group": SEARCH}) == {1: 1}
    assert oracle.profile("new", "platform", MON, MON, {"source_group": CHAT}) == {}
    for kind, group, cohort in (("active", CHAT, 1), ("active", SEARCH, 0), ("new", SEARCH, 1)):
        row = oracle.retention(kind, MON, MON, filters={"source_group": group})[0]
        assert row["counts"][0] == cohort, (kind, group)


# ---- Pages and profile ----------------------------------------------------------------------

def test_pages_are_kept_by_the_users_day():
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1)
            .visit("bob", f"{MON} 10:00:00", ("home", 3), platform=2)
            .add("bob", f"{MON} 10:00:01", "$share", page="home", open_id="open 2"))
    home = hand.oracle().pages(MON, MON, {"platform": 2})["home"]
    assert of(home, "page_visit_pv", "page_visit_uv", "page_staytime_pv", "entrypage_pv",
              "exitpage_pv", "page_share_uv") == (1, 1, 3, 1, 1, 1)
    home = hand.oracle().pages(MON, MON, {"platform": 1})["home"]
    assert of(home, "page_visit_pv", "entrypage_pv", "exitpage_pv", "page_share_pv") \
        == (1, 1, 1, 0)


def test_a_profile_looks_at_kept_days_only():
    # ann: iOS in Guangdong on Monday, Android in Beijing on Tuesday.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1, province="广东")
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), platform=2, province="北京"))
    oracle = hand.oracle()
    assert oracle.profile("active", "province", MON, TUE) == {"北京": 1}
    assert oracle.profile("active", "province", MON, TUE, {"platform": 1}) == {"广东": 1}
    assert oracle.profile("active", "platform", MON, TUE, {"visitor": "new"}) == {1: 1}
    assert oracle.profile("new", "province", MON, TUE, {"platform": 2}) == {}


def test_by_source_a_profile_looks_at_all_days_of_who_counts():
    # ann comes by chat on Monday on iOS and by search on Tuesday on Android.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), platform=1, scene=1007)
            .visit("ann", f"{TUE} 10:00:00", ("home", 1), platform=2, scene=1005))
    assert hand.oracle().profile("active", "platform", MON, TUE, {"source_group": CHAT}) == {2: 1}
