"""A client of an event stream (text/event-stream) that keeps what came, on a thread of its own."""

import contextlib
import http.client
import json
import threading
import time


class EventStream:
    """events: (moment, name, id, data) as they came. comments: how many. ended: None, or how the
    stream ended: "whole" (in good order) or "cut"."""

    def __init__(self, server, path, token=None, cookie=None):
        self.events = []
        self.comments = 0
        self.ended = None
        self.changed = threading.Condition()
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        headers = {"Authorization": f"Bearer {token}"} if token else {"Cookie": cookie}
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        self.socket = self.connection.sock
        self.status = self.response.status
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        fields, ended = {}, "whole"
        try:
            for line in self.response:
                line = line.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                with self.changed:
                    if line.startswith(":"):
                        self.comments += 1
                    elif line:
                        fields[name] = value
                    elif "data" in fields:
                        self.events.append((time.monotonic(), fields.get("event"),
                                            fields.get("id"), json.loads(fields["data"])))
                        fields = {}
                    self.changed.notify_all()
        except (OSError, http.client.HTTPException, ValueError):
            ended = "cut"
        with self.changed:
            self.ended = ended
            self.changed.notify_all()

    def figures(self):
        """(total, {start: row}) as all events together tell."""
        total, rows = {}, {}
        for _, name, _, data in self.events:
            if name == "figures":
                rows = {}
            total = data["total"]
            rows.update({row["start"]: row for row in data["rows"]})
        return total, rows

    def wait(self, condition, seconds):
        """Until condition(self) holds; how many seconds that took."""
        began = time.monotonic()
        with self.changed:
            while not condition(self):
                left = began + seconds - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    raise AssertionError(f"did not come to pass: {self.events[-3:]} {self.ended}")
        return time.monotonic() - began

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(2)
        self.thread.join(5)
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
