"""A public server SDK of Weixin, pointed at `minipulse serve`, gets its token and every figure."""

import json
import os
import random
import subprocess

import pytest

import datacube
from datacube import APPID, CALLS, SECRET, digits, like
from oracle_cycles import ONE_DAY

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT_SECONDS_MAX = 60


@pytest.fixture(scope="module")
def told(tmp_path_factory, shared_clickhouse):
    """On ClickHouse: tests/api/test_datacube.py asks the embedded engine."""
    seed = random.randrange(1 << 32)
    with datacube.serve(tmp_path_factory.mktemp("weixin") / "serve", shared_clickhouse,
                        database="weixin_sdk") as server:
        server.start()
        server.wait_ready()
        yield datacube.Told(server, seed)


def drive(told, calls, *flags, cwd, secret=SECRET):
    return subprocess.run(
        ["node", os.path.join(HERE, "weixin_drive.cjs"), told.server.url, APPID, secret, *flags],
        input=json.dumps(calls), capture_output=True, text=True, timeout=SCRIPT_SECONDS_MAX,
        check=False, cwd=cwd)


@pytest.mark.parametrize("flags", [(), ("--stable",)], ids=["token", "stable_token"])
def test_the_sdk_gets_its_token_and_makes_each_call(told, flags, tmp_path):
    wanted = []
    for name, by in CALLS.items():
        for begin, end in told.cycles(by, 2):
            wanted.append((name, begin, end))
    week = told.yesterday - 20 * ONE_DAY, told.yesterday - 14 * ONE_DAY
    wanted.append(("getweanalysisappiduserportrait", *week))
    done = drive(told, [(name, digits(begin), digits(end)) for name, begin, end in wanted], *flags,
                 cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stderr
    answers = json.loads(done.stdout)
    assert answers["token"].startswith("mpx_")
    assert len(answers["answers"]) == len(wanted)
    for (name, begin, end), answer in zip(wanted, answers["answers"]):
        assert like(answer) == like(told.wanted(name, begin, end)), (name, begin)


def test_the_sdk_hands_on_what_is_wrong(told, tmp_path):
    refused = drive(told, [], secret="0" * 32, cwd=tmp_path)
    assert refused.returncode == 1 and "40125" in refused.stderr
    today = digits(told.today())
    early = drive(told, [("getweanalysisappidvisitpage", today, today)], cwd=tmp_path)
    assert json.loads(early.stdout)["answers"] == [{"errcode": 61503, "errmsg": "data not ready"}]
