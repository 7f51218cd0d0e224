"""What an upload to /v1/collect means: events with corrected times, as tests/lib/oracle.py takes
them. The rules are those of docs/collect.md.

An upload is a dict: app (id), received_ms (the server's clock), body (of the request) and, where
the address tells it, region (country, province, city). Uploads are given in the order in which
they were acknowledged."""

LATENCY_MS = 2000
FUTURE_MS = 10 * 60 * 1000
LATE_MS = 72 * 3600 * 1000
PLATFORMS = {None: 0, "ios": 1, "android": 2}
PLATFORM_OTHER = 3


def flat(uploads, late_ms=LATE_MS):
    """All events of the uploads, repeated ones too."""
    return [event for upload in uploads for event in events_of(upload, late_ms)]


def events_of(upload, late_ms=LATE_MS):
    body = upload["body"]
    context = body.get("context") or {}
    country, province, city = upload.get("region") or ("", "", "")
    offset_ms = offset_of(upload)
    found = []
    for sent in body["events"]:
        time_ms = corrected_time(sent["time"] + offset_ms, upload["received_ms"], late_ms)
        event = {"app": upload["app"], "user": sent.get("user") or body["user"], "id": sent["id"],
                 "key": f"{upload['app']} {sent['id']}", "name": sent["name"], "time_ms": time_ms,
                 "platform": PLATFORMS.get(context.get("platform"), PLATFORM_OTHER),
                 "model": context.get("model") or "",
                 "app_version": context.get("app_version") or "",
                 "country": country, "province": province, "city": city}
        opened = sent.get("open") or body.get("open")
        if opened:
            event["open_id"] = opened["id"]
            event["open_start_ms"] = min(opened["start"] + offset_ms, time_ms)
        if sent.get("page"):
            event["page"] = sent["page"].split("?")[0].lstrip("/")
        for name in ("dwell_ms", "scene", "amount_fen", "password_free", "props"):
            if sent.get(name) is not None:
                event[name] = sent[name]
        found.append(event)
    return found


def offset_of(upload):
    """What is added to the client's times."""
    if upload["body"].get("sent") is None:
        return 0
    offset_ms = upload["received_ms"] - upload["body"]["sent"]
    return offset_ms if abs(offset_ms) > LATENCY_MS else 0


def corrected_time(time_ms, received_ms, late_ms):
    if time_ms > received_ms + FUTURE_MS or time_ms < received_ms - late_ms:
        return received_ms
    return time_ms


def records(uploads, late_ms=LATE_MS):
    """The same as records of the journal, for tests/lib/load_tool.py: one an upload."""
    shared = ("app", "user", "platform", "model", "app_version", "country", "province", "city")
    found = []
    for upload in uploads:
        events = events_of(upload, late_ms)
        context = {**{name: events[0][name] for name in shared},
                   "received_ms": upload["received_ms"]}
        found.append({"context": context, "events": [
            {name: value for name, value in event.items()
             if name == "user" or name not in shared} for event in events]})
    return found


def settled(uploads, late_ms=LATE_MS):
    """The same uploads with the corrected times in them and without the client's clock: for a
    server whose clock is not the one of received_ms, and whose late_hours is wide."""
    found = []
    for upload in uploads:
        events = []
        for sent, event in zip(upload["body"]["events"], events_of(upload, late_ms)):
            now = {**sent, "time": event["time_ms"]}
            if event.get("open_id"):
                now["open"] = {"id": event["open_id"], "start": max(event["open_start_ms"], 0)}
            events.append(now)
        body = {name: value for name, value in upload["body"].items()
                if name not in ("sent", "open")}
        found.append({**upload, "body": {**body, "events": events}})
    return found
