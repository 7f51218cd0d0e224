"""Fixtures of all black-box tests: a server on each engine."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import clickhouse as clickhouse_server  # noqa: E402
from server import Server  # noqa: E402


@pytest.fixture(scope="session")
def shared_clickhouse(tmp_path_factory):
    """One ClickHouse server for all tests that leave it as it is; each uses a database of its own.
    """
    if clickhouse_server.program() is None:
        pytest.fail("clickhouse-server is not installed: scripts/setup.sh test")
    with clickhouse_server.ClickHouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def clickhouse(tmp_path):
    """A ClickHouse server of this test alone, which may kill or stop it."""
    if clickhouse_server.program() is None:
        pytest.fail("clickhouse-server is not installed: scripts/setup.sh test")
    with clickhouse_server.ClickHouse(tmp_path / "clickhouse") as running:
        yield running


@pytest.fixture(params=["embedded", "clickhouse"])
def engine_kind(request):
    return request.param


DATABASES = iter(range(1, 1000000))


@pytest.fixture
def server(engine_kind, tmp_path, request):
    """A `Server` on the engine of engine_kind, started and ready."""
    store = request.getfixturevalue("shared_clickhouse") if engine_kind == "clickhouse" else None
    with Server(tmp_path / "serve", store, database=f"test_{next(DATABASES)}") as running:
        running.start()
        running.wait_ready()
        yield running
