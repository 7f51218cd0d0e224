"""`minipulse wechatpay`: accounts are kept, shown without their secrets, and checked."""

import json
import os
import stat

import pytest

from server import Server
from wechatpay import MERCHANT, SECRET, PlatformKey

KEY_ID = "PUB_KEY_ID_0119000001092024101100397200000006"


@pytest.fixture(scope="module")
def key():
    return PlatformKey(KEY_ID)


@pytest.fixture(scope="module")
def certificate():
    return PlatformKey()


@pytest.fixture
def place(tmp_path):
    place = Server(tmp_path)
    place.app("shop")
    return place


def write(place, name, text):
    path = os.path.join(place.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def set_account(place, key=None, secret=SECRET, merchant=MERCHANT, app="shop", more=()):
    flags = [f"--merchant-id={merchant}"] if merchant else []
    if key:
        flags += [f"--platform-key-file={write(place, 'key.pem', key.pem)}"]
        flags += [f"--platform-key-id={key.serial}"] if key.serial.startswith("PUB") else []
    if secret:
        flags.append("--apiv3-key-file=-")
    done = place.run("wechatpay", "set", app, *flags, *more, stdin=(secret or "") + "\n")
    assert SECRET not in done.stdout + done.stderr
    return done


def show(place, *arguments):
    done = place.run("wechatpay", "show", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout
    return json.loads(done.stdout)


def test_an_account_is_shown_with_everything_but_its_secret(place, key):
    done = set_account(place, key)
    assert done.returncode == 0, done.stderr
    assert KEY_ID in done.stdout and MERCHANT in done.stdout and "(set)" in done.stdout
    assert show(place, "shop") == {
        "app": "shop", "merchant_id": MERCHANT,
        "platform_keys": [{"serial": KEY_ID, "kind": "public key", "expires": None}]}
    assert [each["app"] for each in show(place)] == ["shop"]


def test_the_file_is_for_nobody_else(place, key):
    set_account(place, key)
    path = os.path.join(place.data_dir, "wechatpay.json")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_second_platform_key_stands_beside_the_first_until_it_is_removed(place, key, certificate):
    set_account(place, key)
    assert set_account(place, certificate, secret=None, merchant=None).returncode == 0
    keys = show(place, "shop")["platform_keys"]
    assert [(each["serial"], each["kind"]) for each in keys] == [
        (KEY_ID, "public key"), (certificate.serial, "certificate")]
    assert keys[1]["expires"].startswith("20")
    assert place.run("wechatpay", "remove", "shop", KEY_ID.lower()).returncode == 0
    assert [each["serial"] for each in show(place, "shop")["platform_keys"]] == [
        certificate.serial]
    last = place.run("wechatpay", "remove", "shop", certificate.serial)
    assert last.returncode == 2 and "last platform key" in last.stderr
    assert place.run("wechatpay", "remove", "shop").returncode == 0
    assert show(place) == []
    gone = place.run("wechatpay", "remove", "shop")
    assert gone.returncode == 1 and "no WeChat Pay account" in gone.stderr


def test_a_change_leaves_the_rest_as_it_was(place, key):
    place.app("cafe")
    set_account(place, key)
    set_account(place, key, app="cafe")
    assert set_account(place, secret=None, merchant="42", app="cafe").returncode == 0
    assert [(each["app"], each["merchant_id"], len(each["platform_keys"]))
            for each in show(place)] == [("cafe", "42", 1), ("shop", MERCHANT, 1)]


def test_a_new_account_needs_all_three_values(place, key):
    for missing, arguments in (("merchant_id", {"key": key, "merchant": None}),
                               ("apiv3_key", {"key": key, "secret": None}),
                               ("platform_key", {"key": None})):
        done = set_account(place, **arguments)
        assert done.returncode == 2 and f"{missing} is missing" in done.stderr
    assert show(place) == []


@pytest.mark.parametrize("change, words", [
    ({"secret": "short"}, "32 letters and digits"),
    ({"secret": SECRET + "1"}, "32 letters and digits"),
    ({"merchant": "19a"}, "1 to 32 digits"),
    ({"app": "nobody"}, "no app nobody"),
])
def test_wrong_values_are_told_without_repeating_a_secret(place, key, change, words):
    done = set_account(place, key, **change)
    assert done.returncode in (1, 2) and words in done.stderr
    assert change.get("secret", "nothing") not in done.stderr


def test_a_platform_key_must_be_a_public_one_of_rsa_with_its_id(place, key, certificate):
    def refused(pem, *more):
        done = place.run("wechatpay", "set", "shop", f"--merchant-id={MERCHANT}",
                         "--apiv3-key-file=-", f"--platform-key-file={write(place, 'pem', pem)}",
                         *more, stdin=SECRET)
        assert done.returncode == 2
        return done.stderr
    assert "PUB_KEY_ID_" in refused(key.pem)
    assert "PUB_KEY_ID_" in refused(key.pem, "--platform-key-id=7132D72A")
    assert "its own serial number" in refused(certificate.pem, f"--platform-key-id={KEY_ID}")
    assert "private key" in refused(key.private_pem())
    assert "neither a certificate nor" in refused("hello")
    assert "cannot be read" in refused(key.pem.replace("M", "x"), f"--platform-key-id={KEY_ID}")
    small = PlatformKey(KEY_ID, bits=1024)
    assert "2048 bits" in refused(small.pem, f"--platform-key-id={KEY_ID}")


def test_a_broken_file_is_told_and_not_overwritten(place, key):
    set_account(place, key)
    path = os.path.join(place.data_dir, "wechatpay.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"version": 1, "accounts": [{"app": "shop", "apiv3_key": "hush"}]}')
    done = set_account(place, key)
    assert done.returncode == 1 and "accounts[1]" in done.stderr and "hush" not in done.stderr
    with open(path, encoding="utf-8") as file:
        assert "hush" in file.read()
