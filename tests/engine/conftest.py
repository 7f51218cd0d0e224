"""For tests of store/ and report/ without serve: a database of its own on either engine."""

import itertools

import pytest

from embedded import Embedded

DATABASES = itertools.count()


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
