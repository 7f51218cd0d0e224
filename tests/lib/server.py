"""`minipulse serve` as tests use it: on a free port of 127.0.0.1 and a folder of its own; it dies
with the test process. `Server` starts, stops and kills it, adds apps, sends events and asks."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
import urllib.parse

import child

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 15
DRAIN_SECONDS_MAX = 60


def program():
    return os.environ.get("MINIPULSE", os.path.join(ROOT, "build", "release", "minipulse"))


class SanitizerError(AssertionError):
    """A build with sanitizers found something; the log says what."""


class Answer:
    """Status, headers and body of one HTTP exchange."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"Answer({self.status}, {self.body[:500]!r})"


class Server:
    """settings: configuration by name, as {"journal_max_bytes": "32M"}. clickhouse: a running
    tests/lib/clickhouse.py server to store in; None = the embedded engine."""

    def __init__(self, folder, clickhouse=None, database="minipulse", **settings):
        self.folder = str(folder)
        self.data_dir = os.path.join(self.folder, "data")
        self.clickhouse = clickhouse
        self.settings = {"listen": "127.0.0.1:0", "batch_wait_ms": "50", "rollup_wait_ms": "50"}
        if clickhouse is not None:
            self.settings.update(store_url=clickhouse.url, store_user=clickhouse.user,
                                 store_password=clickhouse.password, store_database=database)
        self.settings.update(settings)
        self.process = None
        self.port = 0
        os.makedirs(self.folder, exist_ok=True)

    # ---- life ----

    def environment(self):
        """The settings as environment variables, without those of the caller."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("MINIPULSE")}
        kept["MINIPULSE_CONFIG"] = ""
        kept["MINIPULSE_DATA_DIR"] = self.data_dir
        kept.update({"MINIPULSE_" + name.upper(): str(value)
                     for name, value in self.settings.items()})
        return kept

    def run(self, *arguments, stdin="", timeout=60):
        """Runs `minipulse arguments…` with this server's configuration; a CompletedProcess."""
        return subprocess.run([program(), *arguments], input=stdin, capture_output=True,
                              text=True, env=self.environment(), timeout=timeout, check=False,
                              cwd=self.folder)

    def start(self, *arguments, wait=True):
        """Starts serve and waits until it takes events (not: until its engine is there)."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._serve_file())
        with open(self.log_path, "ab") as log:
            self.process = child.start(
                [program(), "serve", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment(), cwd=self.folder)
        if wait:
            self.wait_listening()
        return self

    def wait_listening(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"serve ended with code {self.process.returncode}:\n"
                                   + self.log_tail())
            with contextlib.suppress(OSError, ValueError):
                with open(self._serve_file(), encoding="utf-8") as file:
                    told = json.load(file)
                if told["pid"] == self.process.pid:
                    self.port = told["port"]
                    return
            time.sleep(0.01)
        raise RuntimeError("serve does not listen:\n" + self.log_tail())

    def stop(self):
        """SIGTERM; the exit code."""
        if not self.process:
            return 0
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise RuntimeError("serve did not stop:\n" + self.log_tail()) from None
        self.process = None
        self.check_sanitizers()
        return code

    def check_sanitizers(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            text = log.read()
        for mark in ("Sanitizer", "runtime error:"):
            if mark in text:
                raise SanitizerError(text[max(0, text.index(mark) - 200):][:6000])

    def kill9(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(RuntimeError):
            self.stop()

    def _serve_file(self):
        return os.path.join(self.data_dir, "serve.json")

    @property
    def log_path(self):
        return os.path.join(self.folder, "serve.log")

    def log_tail(self, size=6000):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()[-size:]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def engine_pid(self):
        """The process id of `minipulse engine`, or None while none runs."""
        children = f"/proc/{self.process.pid}/task"
        for task in os.listdir(children):
            with contextlib.suppress(OSError):
                with open(f"{children}/{task}/children", encoding="utf-8") as file:
                    for pid in file.read().split():
                        with open(f"/proc/{pid}/cmdline", "rb") as command:
                            if command.read().split(b"\0")[1:2] == [b"engine"]:
                                return int(pid)
        return None

    def wait_engine(self, other_than=None, timeout=START_SECONDS_MAX):
        """Until an engine runs, another one than that; its process id."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            pid = self.engine_pid()
            if pid not in (None, other_than):
                return pid
            time.sleep(0.02)
        raise RuntimeError("no engine runs:\n" + self.log_tail())

    # ---- asking ----

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def metrics(self):
        """/metrics as {name or name{labels}: number}."""
        answer = self.request("GET", "/metrics")
        lines = answer.body.decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def wait_ready(self, timeout=START_SECONDS_MAX):
        """Until /readyz says that reports can be asked."""
        deadline = time.monotonic() + timeout
        answer = None
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.request("GET", "/readyz")
                if answer.status == 200:
                    return self
            time.sleep(0.05)
        raise RuntimeError(f"serve is not ready: {answer}\n" + self.log_tail())

    def drain(self, timeout=DRAIN_SECONDS_MAX):
        """Until all that was accepted is in events, rollups and summaries."""
        deadline = time.monotonic() + timeout
        metrics = {}
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                metrics = self.metrics()
                if (metrics.get("minipulse_loading") == 1
                        and metrics["minipulse_load_cursor_lsn"]
                        >= metrics["minipulse_journal_durable_lsn"]
                        and metrics["minipulse_rollup_lag_seconds"] == 0
                        and metrics["minipulse_summary_lag_seconds"] == 0):
                    return metrics
            time.sleep(0.05)
        raise RuntimeError(f"not everything was loaded: {metrics}\n" + self.log_tail())

    def app(self, app_id="shop", *arguments):
        """Makes an app and waits until serve knows it; a dict. Its "token" reads its reports."""
        done = self.run("app", "add", app_id, "--json", *arguments)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        app = json.loads(done.stdout)
        if self.process:
            time.sleep(1.2)  # serve looks once a second
        return app

    def collect(self, app, events, **context):
        """POST /v1/collect of a list of events; the Answer."""
        body = json.dumps({"v": 1, **context, "events": events})
        return self.request("POST", "/v1/collect", body,
                            {"X-Minipulse-Key": app["write_key"],
                             "Content-Type": "application/json"})

    def trend(self, app, **parameters):
        """GET /v1/apps/{app}/trend; the Answer."""
        query = urllib.parse.urlencode(parameters)
        return self.request("GET", f"/v1/apps/{app['id']}/trend?{query}",
                            headers={"Authorization": f"Bearer {app['token']}"})

    def sql(self, statement, timeout=60):
        """Rows of a query on the store, as lists of strings."""
        done = self.run("sql", "--format=TabSeparated", statement, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]
