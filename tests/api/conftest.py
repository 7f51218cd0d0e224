"""One server on the embedded engine for the tests that leave it as it is."""

import pytest

from server import Server


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("api") / "serve",
                trusted_proxies="127.0.0.1") as running:
        running.start()
        running.wait_ready()
        yield running


@pytest.fixture(scope="module")
def shop(shared):
    return shared.app("shop")
