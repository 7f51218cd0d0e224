"""store/ and report/ driven from Python, through the program tests/lib/store_tool.c."""

import json
import os
import struct
import subprocess

from native import text

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def program():
    return os.environ.get("MINIPULSE_STORE_TOOL",
                          os.path.join(ROOT, "build", "release", "tests", "store_tool"))


class Outcome:
    """code ("ok", "engine", "unavailable", …), engine_code, field, message; data as bytes."""

    def __init__(self, line):
        answer = json.loads(line)
        self.code = answer["code"]
        self.engine_code = answer["engine_code"]
        self.field = answer["field"]
        self.message = answer["message"]
        self.data = bytes.fromhex(answer["data"])

    def ok(self):
        assert self.code == "ok", self
        return self.data

    def __repr__(self):
        return f"{self.code} {self.engine_code} {self.field}: {self.message}"


class StoreTool:
    """One store, opened at the start; a call at a time."""

    def __init__(self, url, database, **config):
        self.process = subprocess.Popen([program()], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.opened = self.ask(do="open", url=url, database=database, **config)

    def ask(self, **request):
        self.send(**request)
        return self.receive()

    def send(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self):
        return Outcome(self.process.stdout.readline())

    def run(self, sql, *bind, **options):
        """bind: (name, type, value); numbers as ints, doubles as 8 bytes, strings as bytes."""
        sql = sql.encode() if isinstance(sql, str) else sql
        return self.ask(do="run", sql=sql.hex(), bind=[self.bound(*each) for each in bind],
                        **options)

    @staticmethod
    def bound(name, kind, value):
        def one(item):
            return item.hex() if isinstance(item, bytes) else str(item)
        return [name, kind, [one(item) for item in value] if isinstance(value, list)
                else one(value)]

    def insert(self, table, columns, rows, count, query_id):
        """columns: "name Type, name Type, …"; rows: RowBinary."""
        return self.ask(do="insert", table=table, columns=columns, rows=rows.hex(), count=count,
                        query_id=query_id)

    def sum_up(self, folder, again=False):
        """Makes the summaries that "summed" reports read; how many days were made."""
        return int(self.ask(do="summaries", dir=str(folder), again=again).ok())

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- Rows of events, as far as tests need them -------------------------------------------------

EVENTS = ("batch UInt32, seq UInt32, app LowCardinality(String), day Date, user_hash UInt64,"
          " name LowCardinality(String)")


def event(batch, seq, day=20000, name=b"$launch"):
    """The user's hash is seq."""
    return (struct.pack("<II", batch, seq) + text(b"shop") + struct.pack("<HQ", day, seq)
            + text(name))


def stored(tool, batch):
    return int(tool.run("SELECT count() FROM events WHERE batch = {batch:UInt64}"
                        " FORMAT TabSeparated", ("batch", "u64", batch)).ok())


def place(server, database="minipulse", **more):
    """Where StoreTool is to connect."""
    return {"url": server.url, "user": server.user, "password": server.password,
            "database": database, **more}
