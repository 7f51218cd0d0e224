"""The oracle's indicators against numbers worked out by hand."""

import pytest

from hand import Hand

MON, TUE, WED, THU, FRI, SAT, SUN = (f"2026-11-{day}" for day in range(23, 30))


def figures(hand, first, last=None, by="day", **filters):
    """The one row of a trend, or a tuple of rows."""
    rows = hand.oracle().trend(first, last or first, by, filters)
    return rows[0] if len(rows) == 1 else rows


def of(row, *names):
    return tuple(row[name] for name in names)


# ---- Access ---------------------------------------------------------------------------------

def test_visits_count_each_view_and_visitors_count_each_user_once():
    # ann: home, goods, home = 3 views in one open; bob: 1 view in each of two opens.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), ("goods", 1), ("home", 1))
            .visit("bob", f"{MON} 11:00:00", ("home", 1))
            .visit("bob", f"{MON} 12:00:00", ("home", 1)))
    assert of(figures(hand, MON), "visit_pv", "visit_uv", "session_cnt") == (5, 2, 3)


def test_an_open_without_a_page_counts_as_an_open_and_makes_no_visitor():
    hand = Hand().visit("ann", f"{MON} 10:00:00").visit("bob", f"{MON} 10:00:00", ("home", 1))
    # Depth: (0 + 1) pages / 2 opens.
    assert of(figures(hand, MON), "session_cnt", "visit_uv", "visit_total", "visit_depth") \
        == (2, 1, 1, 0.5)


def test_stay_times_are_the_dwell_of_the_pages_by_visitor_and_by_open():
    # ann 2.5 s + 4 s in one open, bob 1.5 s in another and an open without a page: 8 s in all.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 2.5), ("goods", 4))
            .visit("bob", f"{MON} 11:00:00", ("home", 1.5))
            .visit("bob", f"{MON} 12:00:00"))
    row = figures(hand, MON)
    assert row["stay_time_uv"] == 8 / 2
    assert row["stay_time_session"] == pytest.approx(8 / 3)


def test_depth_is_the_mean_of_distinct_pages_of_the_opens():
    # home, goods, home = 2 distinct; goods = 1. (2 + 1) / 2.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1), ("goods", 1), ("home", 1))
            .visit("ann", f"{MON} 12:00:00", ("goods", 1)))
    assert figures(hand, MON)["visit_depth"] == 1.5


def test_a_weekly_visitor_counts_once_whatever_the_days():
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1))
            .visit("ann", f"{SUN} 10:00:00", ("home", 1))
            .visit("bob", f"{TUE} 10:00:00", ("home", 1)))
    assert of(figures(hand, WED, by="week"), "cycle", "visit_uv", "visit_pv") \
        == (f"{MON}/{SUN}", 2, 3)


def test_new_is_who_never_came_before_and_total_is_who_ever_came():
    # Last week: ann. This week: ann again, bob on Monday and Tuesday, cid on Sunday.
    hand = (Hand().visit("ann", "2026-11-22 23:59:59", ("home", 0))
            .visit("ann", f"{MON} 10:00:00", ("home", 1))
            .visit("bob", f"{MON} 10:00:00", ("home", 1))
            .visit("bob", f"{TUE} 10:00:00", ("home", 1))
            .visit("cid", f"{SUN} 23:59:59", ("home", 0)))
    assert of(figures(hand, MON, by="week"), "visit_uv_new", "visit_total") == (2, 3)
    assert [of(row, "visit_uv_new", "visit_total") for row in figures(hand, MON, TUE)] \
        == [(1, 2), (0, 2)]
    assert of(figures(hand, "2026-11-22"), "visit_uv_new", "visit_total") == (1, 1)


def test_an_open_lives_on_the_day_it_began_its_views_and_dwell_on_their_own():
    # Opened on Monday 23:59:50: home until 00:00:10 (20 s, left on Tuesday), then goods for 5 s.
    hand = Hand().visit("ann", f"{MON} 23:59:50", ("home", 20), ("goods", 5))
    monday, tuesday = figures(hand, MON, TUE)
    names = ("session_cnt", "visit_pv", "visit_uv", "stay_time_uv", "stay_time_session",
             "visit_depth")
    assert of(monday, *names) == (1, 1, 1, 0, 0, 2)
    assert of(tuesday, *names) == (0, 1, 1, 25, None, None)


def test_a_day_is_the_one_of_the_apps_zone():
    # 2026-11-24 00:30 in Shanghai is still 23 November in New York.
    at_ms = Hand().ms("2026-11-24 00:30:00")
    for zone, day in (("Asia/Shanghai", TUE), ("America/New_York", MON)):
        hand = Hand(zone).add("ann", at_ms, "$page_view", page="home")
        assert [row["visit_pv"] for row in figures(hand, MON, TUE)] == [day == MON, day == TUE]


@pytest.mark.parametrize("zone, day, hours", [
    ("Europe/Berlin", "2026-10-25", 25), ("Europe/Berlin", "2026-03-29", 23),
    ("Australia/Lord_Howe", "2026-10-04", 23.5), ("America/Sao_Paulo", "2018-11-04", 23)])
def test_a_day_on_which_clocks_change_has_its_own_length(zone, day, hours):
    # A view each half hour of 60 hours about that day: two an hour fall on it.
    hand = Hand(zone)
    begins_ms = hand.ms(f"{day} 12:00:00") - 30 * 3600 * 1000
    for half_hour in range(120):
        hand.add("ann", begins_ms + half_hour * 1800 * 1000, "$page_view", page="home")
    assert figures(hand, day)["visit_pv"] == 2 * hours


def test_retained_came_in_the_cycle_before_and_returned_only_earlier():
    # Weeks from 9, 16 and 23 November. This week: ann (all weeks), bob (first and this),
    # cid (last and this), dan (new).
    hand = (Hand().visit("ann", "2026-11-10 10:00:00", ("home", 1))
            .visit("ann", "2026-11-17 10:00:00", ("home", 1))
            .visit("ann", f"{MON} 10:00:00", ("home", 1))
            .visit("bob", "2026-11-15 10:00:00", ("home", 1))
            .visit("bob", f"{SUN} 10:00:00", ("home", 1))
            .visit("cid", "2026-11-16 10:00:00", ("home", 1))
            .visit("cid", f"{FRI} 10:00:00", ("home", 1))
            .visit("dan", f"{FRI} 10:00:00", ("home", 1)))
    names = ("visit_uv", "visit_uv_new", "visit_uv_retained", "visit_uv_returned")
    assert of(figures(hand, MON, by="week"), *names) == (4, 1, 2, 1)
    # On Friday by day: cid came on the 16th but not on Thursday, dan is new.
    assert of(figures(hand, FRI), *names) == (2, 1, 0, 1)
    # By month all are new in November.
    assert of(figures(hand, MON, by="month"), *names) == (4, 4, 0, 0)


def test_the_week_of_new_year_has_days_of_both_years():
    # 2026-12-28 is a Monday. The month before January 2027 is December 2026.
    hand = (Hand().visit("ann", "2026-12-31 10:00:00", ("home", 1))
            .visit("ann", "2027-01-03 10:00:00", ("home", 1))
            .visit("bob", "2027-01-04 10:00:00", ("home", 1)))
    week = figures(hand, "2027-01-01", by="week")
    assert of(week, "cycle", "visit_pv", "visit_uv") == ("2026-12-28/2027-01-03", 2, 1)
    assert (str(week["from"]), str(week["to"])) == ("2026-12-28", "2027-01-03")
    months = figures(hand, "2026-12-31", "2027-01-01", "month")
    assert [of(row, "cycle", "visit_uv", "visit_uv_new", "visit_uv_retained") for row in months] \
        == [("2026-12", 1, 1, 0), ("2027-01", 2, 1, 1)]


def test_empty_days_are_there_with_zeros_and_undefined_ratios():
    rows = figures(Hand().visit("ann", f"{MON} 10:00:00", ("home", 1)), MON, WED)
    assert [row["cycle"] for row in rows] == [MON, TUE, WED]
    assert of(rows[1], "visit_total", "visit_pv", "session_cnt", "stay_time_uv",
              "stay_time_session", "visit_depth", "pay_cnt_rate", "pay_uv_rate") \
        == (1, 0, 0, None, None, None, None, None)


def test_an_event_that_comes_twice_counts_once_and_the_first_holds():
    hand = Hand().add("ann", f"{MON} 10:00:00", "$page_view", page="home")
    hand.events.append({**hand.events[0], "time_ms": hand.ms(f"{TUE} 10:00:00")})
    assert [row["visit_pv"] for row in figures(hand, MON, TUE)] == [1, 0]


def test_the_order_of_arrival_does_not_matter():
    hand = Hand().visit("ann", f"{MON} 10:00:00", ("home", 2), ("goods", 3))
    before = figures(hand, MON)
    hand.events.reverse()
    assert figures(hand, MON) == before and before["visit_depth"] == 2


# ---- Shares ---------------------------------------------------------------------------------

def test_shares_count_each_and_sharers_once():
    hand = Hand()
    for user, page in (("ann", "home"), ("ann", ""), ("bob", "goods")):
        hand.add(user, f"{MON} 10:00:00", "$share", page=page)
    assert of(figures(hand, MON), "share_pv", "share_uv") == (3, 2)
    assert of(figures(hand, TUE), "share_pv", "share_uv") == (0, 0)


# ---- My Mini Programs -----------------------------------------------------------------------

def toggled(*toggles):
    hand = Hand()
    for user, when, name in toggles:
        hand.add(user, when, name)
    return hand


ADDED = ("add_total", "add_new", "add_removed")


def test_who_has_it_added_is_decided_by_the_last_change():
    hand = toggled(("ann", f"{MON} 10:00:00", "$add"), ("bob", f"{MON} 10:00:00", "$add"),
                   ("bob", f"{TUE} 10:00:00", "$remove"), ("cid", f"{TUE} 10:00:00", "$add"),
                   ("ann", f"{WED} 10:00:00", "$remove"), ("cid", f"{WED} 10:00:00", "$remove"))
    rows = figures(hand, MON, WED)
    # Monday ann and bob; Tuesday cid for bob; Wednesday nobody.
    assert [of(row, *ADDED) for row in rows] == [(2, 2, 0), (2, 0, 1), (0, -2, 2)]


def test_added_and_removed_within_one_cycle_is_removed():
    hand = toggled(("ann", f"{MON} 10:00:00", "$add"), ("ann", f"{MON} 10:01:00", "$remove"),
                   ("bob", f"{MON} 10:00:00", "$add"), ("bob", f"{MON} 10:01:00", "$remove"),
                   ("bob", f"{MON} 10:02:00", "$add"), ("cid", f"{MON} 10:00:00", "$remove"))
    # ann is removed, bob has it; cid was never known to have it.
    assert of(figures(hand, MON), *ADDED) == (1, 1, 1)
    assert of(figures(hand, TUE), *ADDED) == (1, 0, 0)


def test_removed_by_week_asks_for_the_state_at_the_end_of_the_week():
    # ann had it last week and removes it on Monday, takes it back on Sunday: not removed.
    # bob had it last week and removes it twice: removed once.
    hand = toggled(("ann", "2026-11-20 10:00:00", "$add"), ("bob", "2026-11-20 10:00:00", "$add"),
                   ("ann", f"{MON} 10:00:00", "$remove"), ("ann", f"{SUN} 10:00:00", "$add"),
                   ("bob", f"{TUE} 10:00:00", "$remove"), ("bob", f"{WED} 10:00:00", "$remove"))
    assert of(figures(hand, MON, by="week"), *ADDED) == (1, -1, 1)
    assert [of(row, *ADDED) for row in figures(hand, MON, WED)] == [(1, -1, 1), (0, -1, 1),
                                                                    (0, 0, 0)]


# ---- Payments -------------------------------------------------------------------------------

def paid(*payments, **fields):
    hand = Hand()
    for user, when, fen in payments:
        hand.add(user, when, "$pay", amount_fen=fen, **fields)
    return hand


def test_payments_add_up_by_order_and_by_payer():
    hand = paid(("ann", f"{MON} 10:00:00", 1000), ("ann", f"{MON} 11:00:00", 500),
                ("bob", f"{MON} 12:00:00", 0), ("bob", "2026-11-22 12:00:00", 70))
    row = figures(hand, MON)
    assert of(row, "pay_cnt", "pay_amount", "pay_uv", "pay_amount_total") == (3, 1500, 2, 1570)
    assert of(row, "pay_amount_per_order", "pay_cnt_per_user", "pay_amount_per_user") \
        == (500, 1.5, 750)


def test_password_free_payments_do_not_count_anywhere():
    hand = paid(("ann", f"{MON} 10:00:00", 1000), password_free=True)
    hand.add("ann", f"{TUE} 10:00:00", "$pay", amount_fen=5)
    monday, tuesday = figures(hand, MON, TUE)
    assert of(monday, "pay_cnt", "pay_amount", "pay_uv", "pay_amount_total", "pay_uv_first",
              "pay_amount_per_order", "pay_cnt_per_user", "pay_amount_per_user") \
        == (0, 0, 0, 0, 0, None, None, None)
    assert of(tuesday, "pay_cnt", "pay_uv_first", "pay_uv_repeat") == (1, 1, 0)


def test_first_payers_never_paid_before_and_repeat_payers_did_or_paid_twice():
    # ann paid last week and on Monday: repeat. bob twice on Tuesday: first and repeat of that day.
    # cid on Monday and Wednesday: repeat of Wednesday and of the week. dan once: first.
    hand = paid(("ann", "2026-11-20 10:00:00", 1), ("ann", f"{MON} 10:00:00", 1),
                ("bob", f"{TUE} 10:00:00", 1), ("bob", f"{TUE} 10:00:01", 1),
                ("cid", f"{MON} 10:00:00", 1), ("cid", f"{WED} 10:00:00", 1),
                ("dan", f"{WED} 10:00:00", 1))
    names = ("pay_uv", "pay_uv_first", "pay_uv_repeat")
    assert [of(row, *names) for row in figures(hand, MON, WED)] \
        == [(2, 1, 1), (1, 1, 1), (2, 1, 1)]
    assert of(figures(hand, MON, by="week"), *names) == (4, 3, 3)


def test_payment_rates_are_of_opens_and_of_visitors():
    # Two visitors with four opens; ann pays three times, zoe without a visit once.
    hand = (Hand().visit("ann", f"{MON} 10:00:00", ("home", 1))
            .visit("bob", f"{MON} 10:00:00", ("home", 1)).visit("bob", f"{MON} 12:00:00")
            .visit("bob", f"{MON} 14:00:00"))
    for user, hour in (("ann", 10), ("ann", 11), ("ann", 12), ("zoe", 12)):
        hand.add(user, f"{MON} {hour}:00:01", "$pay", amount_fen=1)
    assert of(figures(hand, MON), "pay_cnt_rate", "pay_uv_rate") == (4 / 4, 2 / 2)
    assert of(figures(hand, MON), "session_cnt", "visit_uv", "pay_cnt", "pay_uv") == (4, 2, 4, 2)


def test_refunds_stand_beside_payments_and_do_not_reduce_them():
    hand = paid(("ann", f"{MON} 10:00:00", 1000))
    hand.add("ann", f"{TUE} 10:00:00", "$refund", amount_fen=400)
    hand.add("ann", f"{TUE} 11:00:00", "$refund", amount_fen=100)
    assert [of(row, "refund_cnt", "refund_amount", "pay_amount", "pay_amount_total")
            for row in figures(hand, MON, TUE)] == [(0, 0, 1000, 1000), (2, 500, 0, 1000)]


def test_money_by_month_ends_with_the_month():
    hand = paid(("ann", "2026-11-30 23:59:59", 1), ("ann", "2026-12-01 00:00:00", 10))
    assert [of(row, "pay_amount", "pay_amount_total", "pay_uv_first", "pay_uv_repeat")
            for row in figures(hand, "2026-11-01", "2026-12-01", "month")] \
        == [(1, 1, 1, 0), (10, 11, 0, 1)]
