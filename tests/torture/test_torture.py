import os
import random
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import torture  # noqa: E402


@pytest.fixture
def seed():
    chosen = int(os.environ.get("TORTURE_SEED", random.SystemRandom().randrange(1 << 30)))
    print(f"seed {chosen}: TORTURE_SEED={chosen} plays it again")
    return chosen


def test_every_accepted_event_is_stored_once_through_kills_and_stops(engine_kind, tmp_path, seed):
    torture.run_kills(engine_kind, str(tmp_path), seed, is_long=False)


def test_a_full_disk_answers_503_and_takes_events_again_once_there_is_room(engine_kind, tmp_path,
                                                                           seed):
    if not torture.run_disk(engine_kind, str(tmp_path), seed, is_long=False):
        pytest.skip("no tmpfs can be mounted here")
