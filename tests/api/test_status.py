"""What operators ask, and what every reply carries."""

import gzip
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest

import raw
from server import Server

def event(**more):
    return {"id": str(time.time_ns()), "name": "x", "time": int(time.time() * 1000), **more}


LINE = re.compile(r'^(# (HELP|TYPE) [a-z_:]+ .+'
                  r'|[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})?'
                  r' (-?[0-9.e+-]+|\+Inf|NaN))$')


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nowhere", "/assets/none.js",
                                  "/v1/apps/shop/trend"])
def test_every_reply_bears_the_headers_that_keep_browsers_careful(shared, path):
    answer = shared.request("GET", path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in answer.headers
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/set-up", "/apps/shop/overview", "/server/users"])
def test_the_dashboards_addresses_give_one_page_that_runs_only_its_own_scripts(shared, path):
    answer = shared.request("GET", path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers.get_all("Cache-Control") == ["no-cache"]
    policies = answer.headers.get_all("Content-Security-Policy")
    assert len(policies) == 1
    assert "default-src 'none'; script-src 'self';" in policies[0]
    assert "frame-ancestors 'none'" in policies[0]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b'<script type="module"' in answer.body
    assert answer.body == shared.request("GET", "/").body


def script(server):
    return re.search(rb"/assets/index-[\w-]+\.js", server.request("GET", "/").body)[0].decode()


@pytest.mark.parametrize("accepted, coding", [
    ("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("GZIP;q=0.5", "gzip"),
    ("br;q=0, gzip", "gzip"), ("br;q=0, gzip;q=0.000", None), ("identity", None), ("", None),
    ("brx, xgzip", None)])
def test_a_file_of_the_dashboard_comes_in_a_coding_that_is_accepted(shared, accepted, coding):
    path = script(shared)
    plain = shared.request("GET", path)
    answer = shared.request("GET", path, headers={"Accept-Encoding": accepted})
    assert answer.headers["Content-Encoding"] == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]
    if coding == "gzip":
        assert gzip.decompress(answer.body) == plain.body
    elif coding is None:
        assert answer.body == plain.body
    else:
        assert len(answer.body) < len(plain.body) / 2


@pytest.mark.parametrize("tags, status", [
    ("{}", 304), ("W/{}", 304), ('"other", {}', 304), ("*", 304), ('"other"', 200), ("", 200)])
def test_a_file_that_the_client_has_is_not_sent_again(shared, tags, status):
    path = script(shared)
    tag = shared.request("GET", path).headers["ETag"]
    answer = shared.request("GET", path, headers={"If-None-Match": tags.replace("{}", tag)})
    assert answer.status == status
    assert answer.headers["ETag"] == tag
    assert (answer.body == b"") == (status == 304)


def test_metrics_follow_prometheus_text_format(shared, shop):
    shared.collect(shop, [event()], user="u")
    answer = shared.request("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    typed = set()
    for line in answer.body.decode().splitlines():
        assert LINE.match(line), line
        if line.startswith("# TYPE"):
            name = line.split(" ")[2]
            assert name not in typed, f"{name} is declared twice"
            typed.add(name)
        elif not line.startswith("#"):
            name = re.split(r"[{ ]", line)[0]
            assert name in typed or re.sub(r"_(bucket|sum|count)$", "", name) in typed, line


def test_metrics_count_each_request_by_route_and_status(shared, shop):
    name = 'minipulse_http_requests_total{method="POST",path="/v1/collect",status="%d"}'
    before = shared.metrics()
    for _ in range(3):
        shared.collect(shop, [event(), {}], user="u")
    shared.request("POST", "/v1/collect", "{", {"X-Minipulse-Key": shop["write_key"]})
    # A request is counted once its reply has left, which its client may see first.
    deadline = time.monotonic() + 5
    after = shared.metrics()
    while after.get(name % 400, 0) == before.get(name % 400, 0) and time.monotonic() < deadline:
        after = shared.metrics()

    def grown(key):
        return after.get(key, 0) - before.get(key, 0)

    assert grown(name % 200) == 3
    assert grown(name % 400) == 1
    assert grown("minipulse_events_accepted_total") == 3
    assert grown("minipulse_events_rejected_total") == 3
    assert grown('minipulse_collect_refused_total{reason="argument"}') == 1
    labels = 'method="POST",path="/v1/collect"'
    assert grown(f"minipulse_http_duration_seconds_count{{{labels}}}") == 4
    assert grown(f'minipulse_http_duration_seconds_bucket{{{labels},le="+Inf"}}') == 4
    assert grown(f"minipulse_http_duration_seconds_sum{{{labels}}}") > 0


def test_a_request_by_a_wild_path_or_method_does_not_make_a_metric_of_its_own(shared):
    shared.request("GET", '/%22%7d%0aevil%7bx=%22')
    shared.request("EVIL", "/healthz")
    assert "evil" not in shared.request("GET", "/metrics").body.decode().lower()


def test_readyz_says_what_is_missing_while_healthz_stays_ok(tmp_path):
    with Server(tmp_path / "serve", store_url="http://127.0.0.1:9") as server:
        server.start()
        assert server.request("GET", "/healthz").body == b"ok\n"
        answer = server.request("GET", "/readyz")
        assert answer.status == 503
        told = answer.json()
        assert told["ready"] is False and told["store"] is False and told["journal"] is True
        app = server.app("shop")
        answer = server.collect(app, [event()], user="u")
        assert answer.json()["accepted"] == 1
        answer = server.trend(app)
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        assert "127.0.0.1:9" not in answer.body.decode()


def test_a_new_app_is_known_within_seconds_and_a_rotated_key_keeps_working(shared):
    app = shared.app("rotating")
    assert shared.collect(app, [event()], user="u").status == 200
    done = shared.run("app", "rotate-key", "rotating", "--json")
    assert done.returncode == 0, done.stderr
    time.sleep(1.5)
    assert shared.collect(app, [event()], user="u").status == 200


def test_over_tls_the_server_answers_and_asks_browsers_to_stay_with_it(tmp_path):
    if not shutil.which("openssl"):
        pytest.fail("openssl is not installed")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-days", "2", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
                   check=True, capture_output=True)
    with Server(tmp_path / "serve", store_url="http://127.0.0.1:9",
                tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem") as server:
        server.start()
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        for _ in range(3):
            connection = http.client.HTTPSConnection("localhost", server.port, context=context,
                                                     timeout=10)
            for _ in range(3):
                connection.request("POST", "/v1/collect", b"x" * 100000)
                response = connection.getresponse()
                assert response.status in (400, 401)
                assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
                response.read()
            connection.close()
        received, _ = raw.talk(server.port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", wait=3)
        assert b"200" not in received


def test_on_a_unix_socket_it_serves_as_well(tmp_path):
    path = tmp_path / "http.sock"
    with Server(tmp_path / "serve", store_url="http://127.0.0.1:9",
                listen=f"unix:{path}") as server:
        server.start()
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            for _ in range(2):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                received = b""
                while b"ok\n" not in received:
                    received += connection.recv(4096)
                assert received.startswith(b"HTTP/1.1 200")
        assert server.stop() == 0
        assert not path.exists()
