"""Notices of WeChat Pay, made as its documentation describes: which are believed, and how often
they count."""

import json
import os
import time

import pytest

import wechatpay
from server import Server
from wechatpay import MERCHANT, OPENID, SECRET, PlatformKey

KEY_ID = "PUB_KEY_ID_0119000001092024101100397200000006"
SUCCESS = b'{"code":"SUCCESS"}'


@pytest.fixture(scope="module")
def key():
    return PlatformKey(KEY_ID)


@pytest.fixture(scope="module")
def certificate():
    return PlatformKey()


def set_account(server, app, key, secret=SECRET, merchant=MERCHANT):
    path = os.path.join(server.folder, "platform.pem")
    with open(path, "w", encoding="utf-8") as file:
        file.write(key.pem)
    flags = [f"--platform-key-id={key.serial}"] if key.serial.startswith("PUB") else []
    done = server.run("wechatpay", "set", app["id"], f"--merchant-id={merchant}",
                      "--apiv3-key-file=-", f"--platform-key-file={path}", *flags, stdin=secret)
    assert done.returncode == 0, done.stderr
    time.sleep(1.2)  # serve looks once a second
    return app


@pytest.fixture(scope="module")
def payee(shared, key):
    """An app of the shared server with an account."""
    return set_account(shared, shared.app("payee"), key)


def send(server, app, body, headers, path=""):
    return server.request("POST", f"/v1/wechatpay/{app['id']}{path}", body, headers)


def tell(server, app, key, event_type, resource, path="", **more):
    """Seals, signs and sends."""
    body = wechatpay.notice(event_type, wechatpay.seal(resource, **more))
    return send(server, app, body, wechatpay.headers(key, body), path)


def pay(server, app, key, order, path="", **more):
    return tell(server, app, key, "TRANSACTION.SUCCESS", wechatpay.transaction(order, **more), path)


def accepted(answer):
    assert (answer.status, answer.body) == (200, SUCCESS), answer
    assert answer.headers["Content-Type"] == "application/json"


def denied(answer):
    assert answer.status == 401, answer
    assert answer.json() == {"code": "FAIL", "message": "the signature is not valid"}


def misunderstood(answer, words):
    assert answer.status == 400, answer
    assert answer.json()["code"] == "FAIL"
    assert words in answer.json()["message"]


def kept(server, app, columns="name, order_id, amount_fen, user"):
    server.drain()
    return server.sql(f"SELECT {columns} FROM events WHERE app = '{app['id']}' "
                      "ORDER BY name, order_id, amount_fen")


# ---- Believed or not ------------------------------------------------------------------------

def test_a_notice_signed_by_the_public_key_is_believed(shared, payee, key):
    accepted(pay(shared, payee, key, "believed"))


def test_a_notice_signed_by_a_certificates_key_is_believed(shared, key, certificate):
    app = set_account(shared, shared.app("certified"), certificate)
    accepted(pay(shared, app, certificate, "c1"))
    denied(pay(shared, app, key, "c2"))
    # Both at once, while the merchant changes from one to the other.
    set_account(shared, app, key)
    accepted(pay(shared, app, certificate, "c3"))
    accepted(pay(shared, app, key, "c4"))


def test_the_serial_is_read_in_any_case(shared, certificate):
    app = set_account(shared, shared.app("lower"), certificate)
    body = wechatpay.notice("TRANSACTION.SUCCESS", wechatpay.seal(wechatpay.transaction("o")))
    headers = wechatpay.headers(certificate, body)
    accepted(send(shared, app, body, {**headers, "Wechatpay-Serial": certificate.serial.lower()}))


def test_an_expired_certificate_signs_nothing(shared):
    old = PlatformKey(days=-1)
    denied(pay(shared, set_account(shared, shared.app("old"), old), old, "o"))


@pytest.fixture
def signed(key):
    """(body, headers) of a good notice."""
    body = wechatpay.notice("TRANSACTION.SUCCESS", wechatpay.seal(wechatpay.transaction("signed")))
    return body, wechatpay.headers(key, body)


def test_the_fixture_of_the_next_tests_is_a_good_notice(shared, payee, signed):
    accepted(send(shared, payee, *signed))


def test_a_changed_body_is_refused(shared, payee, signed):
    body, headers = signed
    for changed in (body + b" ", body[:-1], body.replace(b"SUCCESS", b"success", 1), b"{}", b""):
        denied(send(shared, payee, changed, headers))


@pytest.mark.parametrize("header, value", [
    ("Wechatpay-Signature", "WECHATPAY/SIGNTEST/" + "A" * 325),
    ("Wechatpay-Signature", ""), ("Wechatpay-Signature", "AAAA"), ("Wechatpay-Signature", "=!"),
    ("Wechatpay-Signature", "A" * 3000),
    ("Wechatpay-Serial", ""), ("Wechatpay-Serial", "7132D72A03E93CDDF8C03BBD1F37EEDF00000000"),
    ("Wechatpay-Serial", "PUB_KEY_ID_0000000000000000000000000000000000"),
    ("Wechatpay-Serial", "x" * 5000), ("Wechatpay-Serial", "a b\"c"),
    ("Wechatpay-Nonce", ""), ("Wechatpay-Nonce", "other"), ("Wechatpay-Nonce", "n" * 5000),
    ("Wechatpay-Timestamp", ""), ("Wechatpay-Timestamp", "now"), ("Wechatpay-Timestamp", "-1"),
    ("Wechatpay-Timestamp", "1"), ("Wechatpay-Timestamp", "9" * 30),
    ("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
])
def test_a_wrong_header_is_refused(shared, payee, signed, header, value):
    body, headers = signed
    denied(send(shared, payee, body, {**headers, header: value}))


@pytest.mark.parametrize("header", ["Wechatpay-Signature", "Wechatpay-Serial", "Wechatpay-Nonce",
                                    "Wechatpay-Timestamp"])
def test_a_missing_header_is_refused(shared, payee, signed, header):
    body, headers = signed
    denied(send(shared, payee, body, {k: v for k, v in headers.items() if k != header}))


def test_a_truncated_signature_is_refused(shared, payee, signed):
    body, headers = signed
    whole = headers["Wechatpay-Signature"]
    for length in (1, 4, len(whole) // 2, len(whole) - 4, len(whole) - 5):
        denied(send(shared, payee, body, {**headers, "Wechatpay-Signature": whole[:length]}))


def test_a_timestamp_more_than_5_minutes_off_is_refused_although_it_is_signed(shared, payee, key):
    body = wechatpay.notice("TRANSACTION.SUCCESS", wechatpay.seal(wechatpay.transaction("late")))
    now = int(time.time())
    for shift in (-310, 310, -86400):
        denied(send(shared, payee, body, wechatpay.headers(key, body, now + shift)))
    for shift in (-290, 290):
        accepted(send(shared, payee, body, wechatpay.headers(key, body, now + shift)))


def test_another_merchants_key_under_the_same_serial_is_refused(shared, payee):
    denied(pay(shared, payee, PlatformKey(KEY_ID), "forged"))


def test_an_unknown_app_and_one_without_an_account_get_the_same_answer(shared, shop, key):
    unknown = pay(shared, {"id": "nobody"}, key, "o")
    without = pay(shared, shop, key, "o")
    denied(unknown)
    denied(without)


def test_no_refusal_tells_the_secret_and_neither_does_the_log(shared, payee, key):
    misunderstood(tell(shared, payee, key, "TRANSACTION.SUCCESS", {}, secret=SECRET[::-1]),
                  "cannot be decrypted")
    with open(shared.log_path, encoding="utf-8") as log:
        text = log.read()
    assert "Wechatpay-" in text and SECRET not in text and "BEGIN" not in text


def test_an_account_that_is_removed_believes_nobody(shared, key):
    app = set_account(shared, shared.app("leaver"), key)
    accepted(pay(shared, app, key, "o1"))
    assert shared.run("wechatpay", "remove", "leaver").returncode == 0
    time.sleep(1.2)
    denied(pay(shared, app, key, "o2"))


# ---- Authentic, and not understood ----------------------------------------------------------

def test_what_another_apiv3_key_sealed_is_told(shared, payee, key):
    misunderstood(tell(shared, payee, key, "TRANSACTION.SUCCESS", wechatpay.transaction("o"),
                       secret="x" * 32), "APIv3 key")


def sealed(change):
    whole = wechatpay.seal(wechatpay.transaction("sealed"))
    whole.update(change(whole))
    return whole


@pytest.mark.parametrize("change, words", [
    (lambda r: {"ciphertext": r["ciphertext"][:-5]}, "resource.ciphertext"),
    (lambda r: {"ciphertext": r["ciphertext"][:9]}, "resource.ciphertext"),
    (lambda r: {"ciphertext": r["ciphertext"][:8]}, "cannot be decrypted"),
    (lambda r: {"ciphertext": r["ciphertext"][4:]}, "cannot be decrypted"),
    (lambda r: {"ciphertext": "*"}, "no base64"),
    (lambda r: {"ciphertext": ""}, "missing"),
    (lambda r: {"ciphertext": 7}, "missing"),
    (lambda r: {"associated_data": "other"}, "cannot be decrypted"),
    (lambda r: {"associated_data": "x" * 300}, "too long"),
    (lambda r: {"nonce": r["nonce"][::-1]}, "cannot be decrypted"),
    (lambda r: {"nonce": "short"}, "12 bytes"),
    (lambda r: {"nonce": "n" * 300}, "too long"),
    (lambda r: {"algorithm": "AEAD_SM4_GCM"}, "resource.algorithm"),
])
def test_a_resource_that_cannot_be_opened_is_told(shared, payee, key, change, words):
    body = wechatpay.notice("TRANSACTION.SUCCESS", sealed(change))
    misunderstood(send(shared, payee, body, wechatpay.headers(key, body)), words)


@pytest.mark.parametrize("body, words", [
    (b"", "body"), (b"{", "JSON"), (b"[]", "event_type"), (b"{}", "event_type"),
    (b'{"event_type":"TRANSACTION.SUCCESS"}', "resource"),
    (b'{"event_type":"TRANSACTION.SUCCESS","resource":[]}', "resource.algorithm"),
    (json.dumps({"event_type": "x" * 5000}).encode(), "event_type"),
])
def test_a_signed_body_that_is_no_notice_is_told(shared, payee, key, body, words):
    answer = send(shared, payee, body, wechatpay.headers(key, body))
    assert answer.status == 400 and answer.json()["code"] == "FAIL"
    assert words in answer.json()["message"] or body == b""


@pytest.mark.parametrize("more, words", [
    ({"out_trade_no": None}, "resource"), ({"out_trade_no": "x" * 129}, "longer than 128"),
    ({"out_trade_no": ""}, "is empty"), ({"out_trade_no": 7}, "must be a string"),
    ({"amount": {}}, "missing"), ({"amount": {"total": "1"}}, "whole number"),
    ({"amount": {"total": -1}}, "whole number"), ({"amount": {"total": 1.5}}, "whole number"),
    ({"amount": {"total": 10**15}}, "whole number"), ({"amount": None}, "missing"),
    ({"success_time": "20180608103456"}, "must be like"), ({"success_time": None}, "must be like"),
    ({"payer": {}}, "missing"), ({"payer": {"openid": "o" * 129}}, "too long"),
    ({"mchid": "1900000110"}, "not for the account's merchant"),
])
def test_a_payment_with_a_wrong_value_is_told(shared, payee, key, more, words):
    misunderstood(pay(shared, payee, key, "wrong", **more), words)


@pytest.mark.parametrize("text", [b"", b"not json", b"\xff\xfe", b"[1]", b"7", b"[" * 1000])
def test_sealed_text_that_is_no_payment_is_told(shared, payee, key, text):
    answer = tell(shared, payee, key, "TRANSACTION.SUCCESS", text)
    assert answer.status == 400 and answer.json()["code"] == "FAIL"


def test_a_body_over_256_kib_is_413(shared, payee, key):
    assert pay(shared, payee, key, "huge", attach="x" * (1 << 18)).status == 413


# ---- What counts ----------------------------------------------------------------------------

def test_each_payment_and_refund_counts_once_whoever_tells_of_it(server, key):
    """Replays, the notice sent again under a fresh signature, the SDK and the app's server."""
    app = set_account(server, server.app("shop"), key)
    body = wechatpay.notice("TRANSACTION.SUCCESS", wechatpay.seal(wechatpay.transaction("o1")))
    headers = wechatpay.headers(key, body)
    for _ in range(3):
        accepted(send(server, app, body, headers))
    server.drain()
    accepted(send(server, app, body, headers))
    accepted(pay(server, app, key, "o1"))
    now = int(time.time() * 1000)
    sdk = {"id": "e", "name": "$pay", "time": now, "amount_fen": 1990}
    assert server.collect(app, [{**sdk, "order_id": "o1"}, {**sdk, "id": "f", "order_id": "o2"}],
                          user="sdk").status == 200
    post = [{"order_id": order, "user": "post", "amount_fen": 1990, "time": now}
            for order in ("o1", "o2", "o3")]
    post.append({"refund_id": "r1", "order_id": "o1", "amount_fen": 990, "time": now})
    answer = server.request("POST", "/v1/apps/shop/payments", json.dumps(post),
                            {"X-Minipulse-Key": app["write_key"]})
    assert answer.json()["accepted"] == 4
    for order in ("o2", "o3"):
        accepted(pay(server, app, key, order))
    for number in ("r1", "r2", "r2"):
        accepted(tell(server, app, key, "REFUND.SUCCESS", wechatpay.refund("o1", number)))
    assert kept(server, app) == [
        ["$pay", "o1", "1990", OPENID], ["$pay", "o2", "1990", "sdk"],
        ["$pay", "o3", "1990", "post"],
        ["$refund", "o1", "990", ""], ["$refund", "o1", "990", ""]]
    assert server.sql("SELECT sum(pay_cnt), sum(pay_fen), sum(refund_cnt), sum(refund_fen) "
                      "FROM user_days FINAL WHERE app = 'shop'") == [["3", "5970", "2", "1980"]]


def test_a_payment_keeps_what_the_notice_says(shared, key):
    app = set_account(shared, shared.app("told"), key)
    moment = int(time.time()) - 3600
    accepted(pay(shared, app, key, "o1", success_time=wechatpay.rfc3339(moment)))
    accepted(tell(shared, app, key, "REFUND.SUCCESS",
                  wechatpay.refund("o1", "r1", success_time=wechatpay.rfc3339(moment))))
    columns = "time_ms, flags, password_free, sdk, country, str_names, str_values"
    told, refunded = kept(shared, app, columns)
    assert told[:5] == [f"{moment}000", "0", "0", "wechatpay", ""]
    assert told[5] == "['transaction_id','trade_type','attach']"
    assert told[6] == "['4200001234o1','JSAPI','自定义数据']"
    assert refunded[:2] == [f"{moment}000", "0"]
    assert refunded[5] == "['refund_id','transaction_id','wechatpay_refund_id']"
    assert refunded[6].startswith("['r1','4200001234o1'")


def test_password_free_payments_are_known_by_their_kind_or_their_address(server, key):
    app = set_account(server, server.app("shop"), key)
    accepted(pay(server, app, key, "a", trade_type="PAP"))
    accepted(pay(server, app, key, "b", contract_id="Wx15463511252015071056489715"))
    accepted(pay(server, app, key, "c", trade_scene="PARKING", trade_type=None))
    accepted(pay(server, app, key, "d", path="/password-free"))
    accepted(pay(server, app, key, "e"))
    assert kept(server, app, "order_id, password_free") == [
        ["a", "1"], ["b", "1"], ["c", "1"], ["d", "1"], ["e", "0"]]
    assert server.sql("SELECT sum(pay_cnt) FROM user_days FINAL WHERE app = 'shop'") == [["1"]]


def test_the_orders_of_a_combined_payment_count_each(shared, key):
    app = set_account(shared, shared.app("combined"), key)
    both = wechatpay.combined("o1", "o2")
    accepted(tell(shared, app, key, "TRANSACTION.SUCCESS", both))
    accepted(tell(shared, app, key, "TRANSACTION.SUCCESS", both))
    both["sub_orders"][1]["amount"] = {}
    both["sub_orders"][0]["out_trade_no"] = "o3"
    misunderstood(tell(shared, app, key, "TRANSACTION.SUCCESS", both),
                  "resource.sub_orders[1].amount.total_amount")
    assert kept(shared, app) == [["$pay", "o1", "500", OPENID], ["$pay", "o2", "500", OPENID]]


def test_a_service_providers_notice_counts_for_the_merchants_own_openid(shared, key):
    app = set_account(shared, shared.app("provided"), key)
    accepted(pay(shared, app, key, "o1", mchid=None, sp_mchid="1230000109", sub_mchid=MERCHANT,
                 payer={"sp_openid": "provider's", "sub_openid": "merchant's"}))
    accepted(pay(shared, app, key, "o2", mchid=None, sp_mchid=MERCHANT, sub_mchid="1900000110",
                 payer={"sp_openid": "provider's"}))
    assert [row[3] for row in kept(shared, app)] == ["merchant\\'s", "provider\\'s"]


def test_other_notices_are_acknowledged_and_not_counted(shared, key):
    app = set_account(shared, shared.app("others"), key)
    accepted(tell(shared, app, key, "PAYSCORE.USER_PAID", wechatpay.transaction("o")))
    accepted(tell(shared, app, key, "TRANSACTION.FAIL", b"whatever", secret="x" * 32))
    accepted(tell(shared, app, key, "REFUND.CLOSED", wechatpay.refund("o", "r")))
    accepted(pay(shared, app, key, "o", trade_state="CLOSED"))
    accepted(pay(shared, app, key, "o", amount={"total": 1, "currency": "HKD"}))
    accepted(tell(shared, app, key, "REFUND.SUCCESS",
                  wechatpay.refund("o", "r", refund_status="ABNORMAL")))
    assert kept(shared, app) == []
    with open(shared.log_path, encoding="utf-8") as log:
        text = log.read()
    for words in ("event_type is PAYSCORE.USER_PAID", "trade_state is CLOSED",
                  "amount.currency is HKD", "refund_status is ABNORMAL"):
        assert words in text


def test_long_texts_are_cut_and_cost_no_payment(shared, key):
    app = set_account(shared, shared.app("long"), key)
    accepted(pay(shared, app, key, "o", attach="长" * 20000))
    assert kept(shared, app, "length(str_values[3])") == [["8190"]]


def test_a_notice_that_cannot_be_stored_is_to_be_sent_again(tmp_path, key):
    """The journal is full: WeChat Pay gets a 5xx and comes again."""
    with Server(tmp_path / "serve", store_url="http://127.0.0.1:9", journal_max_bytes="16M",
                journal_segment_bytes="1M") as server:
        app = server.app("shop")
        server.start()
        set_account(server, app, key)
        answer = None
        for i in range(600):
            answer = server.collect(app, [{"id": f"{i}-{j}", "name": "noise", "time": 1,
                                           "noise": os.urandom(4000).hex()} for j in range(60)],
                                    user="u")
            if answer.status != 200:
                break
        assert answer.status == 503
        answer = pay(server, app, key, "o")
        assert answer.status == 503
        assert answer.json() == {"code": "FAIL", "message": "try again later"}
