"""A real ClickHouse server of one test: Debian's clickhouse-server as an ordinary process on
loopback, with its own configuration and data in a temporary directory. It dies with the test
process, and can be killed, stopped for a while and started again on the same ports and data."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

import child

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20

CONFIG = """<?xml version="1.0"?>
<yandex>
    <logger><level>{log_level}</level><console>1</console></logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>{http_port}</http_port>
    <tcp_port>{tcp_port}</tcp_port>
    <path>{folder}/data/</path>
    <tmp_path>{folder}/tmp/</tmp_path>
    <format_schema_path>{folder}/schemas/</format_schema_path>
    <users_config>{folder}/users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <timezone>{zone}</timezone>
    <mark_cache_size>67108864</mark_cache_size>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <max_concurrent_queries>100</max_concurrent_queries>
    <keep_alive_timeout>10</keep_alive_timeout>
</yandex>
"""

USERS = """<?xml version="1.0"?>
<yandex>
    <profiles>
        <default>
            <max_memory_usage>2000000000</max_memory_usage>
            <background_pool_size>2</background_pool_size>
        </default>
        <readonly><readonly>1</readonly></readonly>
    </profiles>
    <quotas><default></default></quotas>
    <users>
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </default>
        <minipulse>
            <password>{password}</password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </minipulse>
    </users>
</yandex>
"""


class QueryError(Exception):
    """The server refused a statement; `code` is ClickHouse's."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


def program():
    """The server's path, or None where it is not installed."""
    found = shutil.which("clickhouse-server", path=os.environ.get("PATH", "") + ":/usr/sbin")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ClickHouse:
    """`start`, `stop`, `kill`, `pause`, `resume`; `query` asks over HTTP."""

    user = "minipulse"
    password = "only for this test"

    def __init__(self, folder, zone="America/New_York", log_level="warning"):
        # A zone far from the apps' own: a report that leaned on the server's zone would fail.
        self.folder = str(folder)
        self.http_port = free_port()
        self.tcp_port = free_port()
        self.process = None
        os.makedirs(self.folder, exist_ok=True)
        for name in ("data", "tmp", "schemas"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        self._write("config.xml", CONFIG.format(folder=self.folder, http_port=self.http_port,
                                                tcp_port=self.tcp_port, zone=zone,
                                                log_level=log_level))
        self._write("users.xml", USERS.format(password=self.password))

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def log_path(self):
        return os.path.join(self.folder, "server.log")

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = child.start(
                [program(), "--config-file", os.path.join(self.folder, "config.xml")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError("clickhouse-server ended at once: " + self.log_tail())
            if self.answers():
                return self
            time.sleep(0.05)
        raise RuntimeError("clickhouse-server does not answer: " + self.log_tail())

    def log_tail(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]

    def answers(self):
        try:
            return self._request("GET", "/ping", b"", 1)[2] == b"Ok.\n"
        except OSError:
            return False

    def kill(self):
        """kill -9, as when the power goes for this process."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        if not self.process:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
            self.process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def query(self, sql, body=b"", timeout=60, **settings):
        """The answer's bytes. Rows to insert may be given as body."""
        path = "/?" + urllib.parse.urlencode({"query": sql, **settings})
        if not body:
            path = "/?" + urllib.parse.urlencode(settings)
            body = sql.encode() if isinstance(sql, str) else sql
        status, headers, answer = self._request("POST", path, body, timeout)
        if status != 200:
            raise QueryError(int(headers.get("X-ClickHouse-Exception-Code") or 0),
                             answer.decode(errors="replace").strip())
        return answer

    def rows(self, sql, **settings):
        """TabSeparated answer as lists of strings."""
        text = self.query(sql, **settings).decode()
        return [line.split("\t") for line in text.splitlines()]

    def _request(self, method, path, body, timeout):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout)
        try:
            connection.request(method, path, body, {
                "X-ClickHouse-User": self.user, "X-ClickHouse-Key": self.password})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
