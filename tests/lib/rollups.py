"""user_days and users read back from the store in the shape of tests/lib/oracle.py."""

import json

FIGURES = ("visit_pv", "dwell_ms", "opens", "depth_sum", "shares", "adds", "removes",
           "is_added_at_end", "pay_cnt", "pay_fen", "refund_cnt", "refund_fen", "platform", "scene")
TEXTS = ("model", "app_version", "country", "province", "city")
OPEN_FIGURES = ("start_ms", "end_ms", "dwell_ms", "pv", "depth", "scene")
PAGE_FIGURES = ("pv", "dwell_ms", "entries", "exits", "shares")

USERS = "SELECT DISTINCT app, user_hash, user FROM events FORMAT JSONEachRow"
HASHES = "SELECT count() FROM events WHERE user_hash != sipHash64(user) FORMAT TabSeparated"
DAYS = "SELECT *, toUInt16(day) AS day_number FROM user_days FINAL FORMAT JSONEachRow"
FIRSTS = """SELECT app, user, toUInt8(kind) AS which, toUInt16(first_day) AS day_number,
    toUInt16(65535 - rank) AS by_rank FROM users FINAL FORMAT JSONEachRow"""


def rows(tool, sql):
    return [json.loads(line) for line in tool.run(sql).ok().decode().splitlines()]


def _day_row(row):
    out = {name: int(row[name]) for name in FIGURES}
    out.update({name: row[name] for name in TEXTS})
    opens = zip(*(row["open_" + name] for name in (*OPEN_FIGURES, "entry", "exit")))
    out["open"] = [{**{name: int(value) for name, value in zip(OPEN_FIGURES, each)},
                    "entry": each[-2], "exit": each[-1]} for each in opens]
    names = ["page_" + name for name in PAGE_FIGURES]
    pages = zip(row["page"], *(row[name] for name in names))
    out["page"] = {page: {name: int(value) for name, value in zip(PAGE_FIGURES, values)}
                   for page, *values in pages}
    assert len(out["page"]) == len(row["page"]), "a page stands twice in a row"
    return out


def read(tool, users):
    """(days, firsts) as oracle.rollups gives them. users: user by (app, user_hash), from
    read_users at a time when all events were there."""
    days = {}
    for row in rows(tool, DAYS):
        key = row["app"], int(row["day_number"]), users[row["app"], int(row["user_hash"])]
        assert key not in days, f"{key} stands twice in user_days FINAL"
        days[key] = _day_row(row)
    firsts = {}
    for row in rows(tool, FIRSTS):
        assert int(row["day_number"]) == int(row["by_rank"])
        key = row["app"], row["user"], int(row["which"])
        assert key not in firsts, f"{key} stands twice in users FINAL"
        firsts[key] = int(row["day_number"])
    return days, firsts


def read_users(tool):
    assert tool.run(HASHES).ok() == b"0\n"
    return {(row["app"], int(row["user_hash"])): row["user"] for row in rows(tool, USERS)}


def differences(found, wanted):
    """Lines that say what differs, [] when nothing does."""
    lines = []
    for key in sorted(set(found) | set(wanted)):
        if found.get(key) == wanted.get(key):
            continue
        if not isinstance(found.get(key), dict) or not isinstance(wanted.get(key), dict):
            lines.append(f"{key}: found {found.get(key)}, wanted {wanted.get(key)}")
            continue
        for field in wanted[key]:
            if found[key][field] != wanted[key][field]:
                lines.append(f"{key} {field}: found {found[key][field]}, "
                             f"wanted {wanted[key][field]}")
    return lines
