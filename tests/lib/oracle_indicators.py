"""All indicators of docs/indicators.md over one cycle, and the page indicators over a range.

Seconds and pages are floats, money is fen (divide by 100 at the edge), undefined ratios None."""

from oracle_cycles import ONE_DAY
from oracle_filters import users_of, within


def ratio(above, below):
    return above / below if below else None


def figures(kept, cycle, before):
    """kept: Kept; cycle and before: (first, last), before being the cycle before."""
    found = access(kept, cycle, before)
    shares = within(kept.shares, *cycle)
    found.update(share_pv=len(shares), share_uv=len(users_of(shares)))
    found.update(additions(kept, cycle))
    found.update(payments(kept, cycle))
    found["pay_cnt_rate"] = ratio(found["pay_cnt"], found["session_cnt"])
    found["pay_uv_rate"] = ratio(found["pay_uv"], found["visit_uv"])
    return found


def access(kept, cycle, before):
    first, last = cycle
    opens = within(kept.opens, first, last)
    visits = within(kept.visits, first, last)
    visitors = users_of(visits)
    dwell_s = sum(stay.ms for stay in within(kept.stays, first, last)) / 1000
    active_before = users_of(within(kept.facts.views, *before))
    returned = {user for user in visitors - active_before
                if kept.facts.first_visit[user] < before[0]}
    new = [user for user, day in kept.first_visit.items() if first <= day <= last]
    ever = [user for user, day in kept.first_visit.items() if day <= last]
    return {"visit_total": len(ever),
            "visit_uv_new": len(new),
            "session_cnt": len(opens),
            "visit_pv": len(visits),
            "visit_uv": len(visitors),
            "stay_time_uv": ratio(dwell_s, len(visitors)),
            "stay_time_session": ratio(dwell_s, len(opens)),
            "visit_depth": ratio(sum(each.depth for each in opens), len(opens)),
            "visit_uv_retained": len(visitors & active_before),
            "visit_uv_returned": len(returned)}


# ---- My Mini Programs -----------------------------------------------------------------------

def last_toggles(kept, day):
    """By user, the last change up to the end of that day, kept or not."""
    return {toggle.user: toggle for toggle in kept.facts.toggles if toggle.day <= day}


def has_it(toggle):
    return toggle is not None and toggle.is_added


def add_total(kept, day):
    return sum(toggle.is_added and kept.keeps_day_and_source(user, toggle.day)
               for user, toggle in last_toggles(kept, day).items())


def additions(kept, cycle):
    first, last = cycle
    then, now = last_toggles(kept, first - ONE_DAY), last_toggles(kept, last)
    added_within = {toggle.user for toggle in within(kept.facts.toggles, first, last)
                    if toggle.is_added}
    removed = [user for user, toggle in now.items()
               if not has_it(toggle) and (has_it(then.get(user)) or user in added_within)
               and kept.keeps_day_and_source(user, toggle.day)]
    total = add_total(kept, last)
    return {"add_total": total,
            "add_new": total - add_total(kept, first - ONE_DAY),
            "add_removed": len(removed)}


# ---- Payments -------------------------------------------------------------------------------

def payments(kept, cycle):
    first, last = cycle
    paid = within(kept.payments, first, last)
    refunds = within(kept.refunds, first, last)
    payers = users_of(paid)
    amount = sum(payment.fen for payment in paid)
    twice = {user for user in payers if sum(payment.user == user for payment in paid) >= 2}
    again = {user for user in payers if kept.facts.first_payment[user] < first}
    return {"pay_amount_total": sum(each.fen for each in kept.payments if each.day <= last),
            "pay_cnt": len(paid),
            "pay_amount": amount,
            "pay_amount_per_order": ratio(amount, len(paid)),
            "pay_uv": len(payers),
            "pay_cnt_per_user": ratio(len(paid), len(payers)),
            "pay_amount_per_user": ratio(amount, len(payers)),
            "pay_uv_first": sum(first <= day <= last for day in kept.first_payment.values()),
            "pay_uv_repeat": len(twice | again),
            "refund_cnt": len(refunds),
            "refund_amount": sum(refund.fen for refund in refunds)}


# ---- Pages ----------------------------------------------------------------------------------

def page_figures(kept, first, last):
    """The eight page indicators by page."""
    views, stays = (within(each, first, last) for each in (kept.views_of_pages,
                                                           kept.stays_of_pages))
    entries, exits = (within(each, first, last) for each in (kept.entries, kept.exits))
    shares = [share for share in within(kept.shares, first, last) if share.page]
    found = {}
    for page in {fact.page for fact in (*views, *stays, *entries, *exits, *shares)}:
        of_page = [fact for fact in views if fact.page == page]
        dwell_s = sum(stay.ms for stay in stays if stay.page == page) / 1000
        left = sum(fact.page == page for fact in exits)
        shared = [fact for fact in shares if fact.page == page]
        found[page] = {"page_visit_pv": len(of_page),
                       "page_visit_uv": len(users_of(of_page)),
                       "page_staytime_pv": ratio(dwell_s, len(of_page)),
                       "entrypage_pv": sum(fact.page == page for fact in entries),
                       "exitpage_pv": left,
                       "exit_rate": ratio(left, len(of_page)),
                       "page_share_pv": len(shared),
                       "page_share_uv": len(users_of(shared))}
    return found
