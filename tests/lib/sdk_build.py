"""The SDK as tests need it: its packages, its built file, and a server whose port stays."""

import os
import socket
import subprocess

from server import ROOT, Server

SDK = os.path.join(ROOT, "sdk")


def build():
    """sdk/dist, from the sources as they are."""
    if not os.path.isdir(os.path.join(SDK, "node_modules")):
        raise RuntimeError("sdk/node_modules is missing: scripts/setup.sh test")
    subprocess.run(["node", os.path.join(SDK, "build.mjs")], check=True, capture_output=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_on_a_port(folder, clickhouse, database):
    """A Server, not started, that has the same address after each start."""
    return Server(folder / "serve", clickhouse, database, listen=f"127.0.0.1:{free_port()}")
