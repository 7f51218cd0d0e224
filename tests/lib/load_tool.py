"""load/ driven from Python, through the program tests/lib/load_tool.c."""

import json
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def program():
    return os.environ.get("MINIPULSE_LOAD_TOOL",
                          os.path.join(ROOT, "build", "release", "tests", "load_tool"))


class LoadTool:
    """A journal and a loader in a folder; the loader runs between start and stop."""

    def __init__(self, folder, place, **settings):
        self.folder = str(folder)
        self.place = place
        self.settings = settings
        self.process = None

    def open(self):
        log = open(self.folder + ".log", "ab")
        with log:
            self.process = subprocess.Popen([program()], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log)
        self.ask(do="open", dir=self.folder, **self.place)
        return self

    def start(self, **settings):
        return self.ask(do="start", **{**self.settings, **settings})

    def stop(self):
        return self.ask(do="stop")

    def append(self, records):
        return self.ask(do="append", records=records)

    def drain(self, timeout_ms=120000):
        return self.ask(do="drain", timeout_ms=timeout_ms)

    def stats(self):
        return self.ask(do="stats")

    def rebuild(self, app=None):
        return self.ask(do="rebuild", **({"app": app} if app else {}))

    def ask(self, **request):
        answer = self.try_ask(**request)
        assert answer["code"] == "ok", (request["do"], answer)
        return answer

    def try_ask(self, **request):
        self.send(**request)
        return self.receive()

    def send(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self):
        line = self.process.stdout.readline()
        assert line, "load_tool is gone: " + self.log()[-3000:]
        return json.loads(line)

    def log(self):
        with open(self.folder + ".log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self):
        """kill -9: nothing that is not on disk survives."""
        self.process.kill()
        self.process.communicate()

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(60)
        self.process.stdout.close()

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.close()
