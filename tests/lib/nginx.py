"""nginx as the proxy that stands before `minipulse serve` in real life, on a free port."""

import os
import shutil
import socket
import subprocess
import time

import child

START_SECONDS_MAX = 10

CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream minipulse {{ server 127.0.0.1:{upstream}; keepalive 1; }}
    server {{
        listen 127.0.0.1:{port};
        ignore_invalid_headers off;
        location / {{
            proxy_pass http://minipulse;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_request_buffering {buffering};
        }}
    }}
}}
"""


def program():
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Keeps one connection to the upstream, so that what one client leaves behind on it would meet
    the next one's request. Runs with the context."""

    def __init__(self, folder, upstream_port, buffers_requests):
        self.folder = str(folder)
        self.port = _free_port()
        os.makedirs(self.folder, exist_ok=True)
        self.config = os.path.join(self.folder, "nginx.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=self.folder, port=self.port, upstream=upstream_port,
                                     buffering="on" if buffers_requests else "off"))
        self.process = None

    def __enter__(self):
        self.process = child.start(
            [program(), "-p", self.folder, "-c", self.config], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.02)
        self.__exit__()
        raise RuntimeError("nginx does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
