"""WeChat Pay's side of a notice, made from its public documentation and sharing nothing with src/:
a platform with a certificate or a public key, a merchant with an APIv3 key, signed and encrypted
notices."""

import base64
import datetime
import json
import os
import random
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

MERCHANT = "1900000109"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
SECRET = "0123456789abcdefABCDEF9876543210"
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


def rfc3339(seconds=None):
    """A moment as WeChat Pay writes it; now without one."""
    moment = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, BEIJING)
    return moment.isoformat(timespec="seconds")


class PlatformKey:
    """What signs: with a public key that has an id, or with a certificate that has a serial."""

    def __init__(self, key_id=None, bits=2048, days=365, serial=None):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        if key_id is not None:
            self.serial = key_id
            self.pem = self.private.public_key().public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        else:
            number = serial or random.getrandbits(158) | 1 << 158
            self.serial = f"{number:X}"
            self.pem = self._certificate(number, days).public_bytes(
                serialization.Encoding.PEM).decode()

    def _certificate(self, number, days):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
        end = datetime.datetime.utcnow() + datetime.timedelta(days=days)
        return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                .public_key(self.private.public_key()).serial_number(number)
                .not_valid_before(end - datetime.timedelta(days=1825)).not_valid_after(end)
                .sign(self.private, hashes.SHA256()))

    def private_pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode()

    def sign(self, message):
        return base64.b64encode(
            self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def seal(resource, secret=SECRET, associated_data="transaction", nonce=None):
    """The member `resource` of a notice: the object, or bytes, encrypted."""
    nonce = nonce or base64.b64encode(os.urandom(9)).decode()
    text = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    sealed = AESGCM(secret.encode()).encrypt(nonce.encode(), text, associated_data.encode())
    return {"original_type": "transaction", "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(), "associated_data": associated_data,
            "nonce": nonce}


def notice(event_type, sealed):
    """The body of a notice."""
    return json.dumps({
        "id": "EV-2018022511223320873", "create_time": rfc3339(),
        "resource_type": "encrypt-resource", "event_type": event_type, "summary": "支付成功",
        "resource": sealed}, ensure_ascii=False).encode()


def headers(key, body, timestamp=None, nonce="593BEC0C930BF1AFEB40B4A08C8FB242"):
    """The headers that sign the body."""
    stamp = str(int(time.time()) if timestamp is None else timestamp)
    message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    return {"Content-Type": "application/json", "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce, "Wechatpay-Serial": key.serial,
            "Wechatpay-Signature": key.sign(message),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "User-Agent": "Mozilla/4.0", "Request-ID": "08F5B8C2B506102C18FDDFEEA30620"}


def transaction(order, **more):
    """What a notice of a payment says when decrypted."""
    return {"mchid": MERCHANT, "appid": "wxd678efh567hg6787", "out_trade_no": order,
            "transaction_id": "4200001234" + order, "trade_type": "JSAPI",
            "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "CMC",
            "attach": "自定义数据", "success_time": rfc3339(), "payer": {"openid": OPENID},
            "amount": {"total": 1990, "payer_total": 1500, "currency": "CNY",
                       "payer_currency": "CNY"}, **more}


def refund(order, number, **more):
    """What a notice of a refund says when decrypted."""
    return {"mchid": MERCHANT, "transaction_id": "4200001234" + order, "out_trade_no": order,
            "refund_id": "50300806062018060805", "out_refund_no": number,
            "refund_status": "SUCCESS", "success_time": rfc3339(),
            "user_received_account": "招商银行信用卡0403",
            "amount": {"total": 1990, "refund": 990, "payer_total": 1990, "payer_refund": 990},
            **more}


def combined(*orders):
    """A notice of a payment of several orders at once, decrypted."""
    return {"combine_appid": "wxd678efh567hg6787", "combine_mchid": MERCHANT,
            "combine_out_trade_no": "C" + orders[0], "combine_payer_info": {"openid": OPENID},
            "sub_orders": [{
                "mchid": "1900000110", "trade_type": "JSAPI", "trade_state": "SUCCESS",
                "bank_type": "CMC", "attach": "深圳分店", "out_trade_no": order,
                "transaction_id": "4200005678" + order, "success_time": rfc3339(),
                "amount": {"total_amount": 500, "payer_amount": 500, "currency": "CNY",
                           "payer_currency": "CNY"}} for order in orders]}
