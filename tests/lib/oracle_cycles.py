"""Days, weeks from Monday and months as (first, last) pairs of dates."""

import datetime

DAY, WEEK, MONTH = "day", "week", "month"
ONE_DAY = datetime.timedelta(days=1)
EPOCH = datetime.date(1970, 1, 1)


def as_date(day):
    """A date from a date, a text like 2026-11-24, or a number of days since 1970."""
    if isinstance(day, datetime.date):
        return day
    if isinstance(day, int):
        return EPOCH + datetime.timedelta(days=day)
    return datetime.date.fromisoformat(day)


def cycle_of(by, day):
    """The cycle that has that day."""
    if by == DAY:
        return day, day
    if by == WEEK:
        monday = day - datetime.timedelta(days=day.weekday())
        return monday, monday + datetime.timedelta(days=6)
    assert by == MONTH, by
    first = day.replace(day=1)
    next_first = (first + datetime.timedelta(days=31)).replace(day=1)
    return first, next_first - ONE_DAY


def cycle_before(by, cycle):
    return cycle_of(by, cycle[0] - ONE_DAY)


def cycle_after(by, cycle, steps):
    for _ in range(steps):
        cycle = cycle_of(by, cycle[1] + ONE_DAY)
    return cycle


def cycles(by, start, end):
    """All cycles that have a day from start to end, in order."""
    found = [cycle_of(by, start)]
    while found[-1][1] < end:
        found.append(cycle_after(by, found[-1], 1))
    return found


def label(by, cycle):
    """2026-11-23, 2026-11-16/2026-11-22 or 2026-11."""
    if by == WEEK:
        return f"{cycle[0]}/{cycle[1]}"
    return str(cycle[0])[:7] if by == MONTH else str(cycle[0])


def month_ago(day):
    """The same day of the month before, or its last day when it is shorter."""
    first, last = cycle_before(MONTH, cycle_of(MONTH, day))
    return first.replace(day=min(day.day, last.day))
