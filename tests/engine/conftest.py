"""For tests of store/ and report/ without serve: a database of its own on either engine."""

import itertools
import random

import pytest

from embedded import Embedded
from store_tool import StoreTool

DATABASES = itertools.count()
SEED = random.randrange(1 << 32)


@pytest.fixture(scope="session")
def shared_embedded(tmp_path_factory):
    with Embedded(tmp_path_factory.mktemp("embedded")) as running:
        yield running


@pytest.fixture
def store_place(engine_kind, request):
    """Where StoreTool is to connect; the database is not made yet."""
    place = {"database": f"engine_test_{next(DATABASES)}"}
    if engine_kind == "embedded":
        return {**place, "url": request.getfixturevalue("shared_embedded").url}
    server = request.getfixturevalue("shared_clickhouse")
    return {**place, "url": server.url, "user": server.user, "password": server.password}


@pytest.fixture
def rng():
    print(f"seed {SEED}")
    return random.Random(SEED)


@pytest.fixture
def tool(store_place):
    """Asks questions that need no tables of ours."""
    with StoreTool(**{**store_place, "database": "default"}) as running:
        running.opened.ok()
        yield running


@pytest.fixture
def fresh(store_place):
    """On a database that is not there yet."""
    with StoreTool(**store_place) as running:
        running.opened.ok()
        yield running


@pytest.fixture
def migrated(fresh):
    fresh.ask(do="migrate").ok()
    return fresh
