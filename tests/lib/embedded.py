"""`minipulse engine` by itself: the embedded engine on the Unix socket of a folder of its own."""

import os
import socket
import subprocess
import time

import child
import server

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20


class Embedded:
    """Starts with the context and ends with it."""

    def __init__(self, folder):
        self.data_dir = str(folder)
        self.socket_path = os.path.join(self.data_dir, "engine.sock")
        self.log_path = os.path.join(self.data_dir, "engine.log")
        self.process = None
        os.makedirs(self.data_dir, mode=0o700, exist_ok=True)

    @property
    def url(self):
        return "unix:" + self.socket_path

    def start(self):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("MINIPULSE")}
        with open(self.log_path, "ab") as log:
            self.process = child.start(
                [server.program(), "engine"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**kept, "MINIPULSE_CONFIG": "", "MINIPULSE_DATA_DIR": self.data_dir},
                cwd=self.data_dir)
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(self.socket_path) == 0:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            raise RuntimeError("the engine does not start: " + log.read()[-3000:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
