"""Requests that a proxy and we could cut apart at different places, sent to us directly and through
nginx with one connection to us that it keeps: what stands hidden behind a request must not be
served, and the next client must get its own answer. tests/unit/http/test_guard.c has more cases."""

import time

import pytest

import raw
from nginx import Nginx

HIDDEN = b"GET /sa.gif?hidden HTTP/1.1\r\nHost: a\r\n\r\n"
HIDDEN_METRIC = 'minipulse_http_duration_seconds_count{method="GET",path="/sa.gif"}'
HEAD = b"POST /v1/collect HTTP/1.1\r\nHost: a\r\n"
LENGTH = str(len(HIDDEN)).encode()

CASES = {
    "length-and-coding": HEAD + b"Content-Length: " + LENGTH
    + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "coding-and-length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
    b"5c\r\n" + HIDDEN + b"0\r\n\r\n",
    "two-lengths": HEAD + b"Content-Length: 0\r\nContent-Length: " + LENGTH + b"\r\n\r\n" + HIDDEN,
    "two-lengths-alike": HEAD + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "length-list": HEAD + b"Content-Length: 0, 0\r\n\r\n" + HIDDEN,
    "length-sign": HEAD + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "length-hex": HEAD + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "coding-unknown": HEAD + b"Transfer-Encoding: identity\r\n\r\n" + HIDDEN,
    "coding-two": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "coding-tab": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "coding-in-1.0": b"POST /v1/collect HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "folded-length": HEAD + b"Content-Length: 0\r\n 9\r\n\r\n" + HIDDEN,
    "folded-coding": HEAD + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + HIDDEN,
    "name-blank": HEAD + b"Content-Length : " + LENGTH + b"\r\n\r\n" + HIDDEN,
    "name-nul": HEAD + b"Content-Length\0: 0\r\n\r\n" + HIDDEN,
    "bare-lf": HEAD + b"X: y\nContent-Length: " + LENGTH + b"\r\n\r\n" + HIDDEN,
    "bare-cr": HEAD + b"X: y\rTransfer-Encoding: chunked\r\n\r\n" + HIDDEN,
}
# nginx takes a line that ends in LF alone and sends it on with CR LF: no two opinions left.
FINE_BEHIND_NGINX = {"bare-lf"}


def hidden_served(server):
    return server.metrics().get(HIDDEN_METRIC, 0)


@pytest.mark.parametrize("name", CASES)
def test_sent_directly_it_is_400_and_the_connection_ends(shared, name):
    before = hidden_served(shared)
    received, is_ended = raw.talk(shared.port, CASES[name])
    assert received.startswith(b"HTTP/1.1 400 "), received
    assert is_ended
    assert hidden_served(shared) == before


@pytest.fixture(scope="module", params=[True, False], ids=["buffering", "streaming"])
def proxy(request, shared, tmp_path_factory):
    with Nginx(tmp_path_factory.mktemp("nginx"), shared.port, request.param) as running:
        yield running


def ask_health(port):
    received, _ = raw.talk(port, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    return received


@pytest.mark.parametrize("name", CASES)
def test_sent_through_nginx_it_harms_nobody(shared, proxy, name):
    before = hidden_served(shared)
    received, _ = raw.talk(proxy.port, CASES[name], wait=0.3)
    through_nginx = CASES[name].count(b"hidden") if name in FINE_BEHIND_NGINX else 0
    for _ in range(3):
        reply = ask_health(proxy.port)
        assert reply.startswith(b"HTTP/1.1 200 ") and reply.endswith(b"ok\n"), reply
    assert hidden_served(shared) - before <= through_nginx
    assert b" 200 " not in received


def test_a_chunked_request_passes_nginx_and_the_next_one_too(shared, shop, proxy):
    body = (b'{"v":1,"user":"u","events":[{"id":"%d","name":"x","time":%d}]}'
            % (time.time_ns(), time.time() * 1000))
    request = (HEAD + b"X-Minipulse-Key: " + shop["write_key"].encode()
               + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    pieces = [request] + [b"%x\r\n%s\r\n" % (len(piece), piece)
                          for piece in (body[:10], body[10:])] + [b"0\r\n\r\n"]
    received, _ = raw.talk(proxy.port, pieces, until_bytes=b"errors", pause=0.02)
    assert b'"accepted":1' in received, received
    for _ in range(3):
        assert ask_health(proxy.port).endswith(b"ok\n")


def test_pipelined_requests_get_their_own_answers_in_order(shared):
    received, _ = raw.talk(shared.port, b"".join(
        b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path
        for path in (b"/healthz", b"/nowhere", b"/v1/apps/x/trend", b"/healthz", b"/readyz")),
        until_bytes=b'"ready"')
    assert raw.statuses(received) == [200, 404, 401, 200, 200]
