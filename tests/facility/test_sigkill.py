"""A facility whose processes are killed in the middle of work: nothing is lost, nothing told twice, the state equal."""

import time
from pathlib import Path

import pytest

from tests.bench.killing.house import Life
from tests.bench.sigkill import Planned, trial

pytestmark = pytest.mark.facility


def test_it_loses_nothing_and_tells_nothing_twice_when_every_process_is_killed(tmp_path: Path) -> None:
    life = Life(seed=5, residents=3, origin=time.time() - 40_000.0, backlog=2400, speed=60.0)
    kills = [
        Planned("threshold", True, 1.1),  # several acknowledgements after the one that was waited for
        Planned("alerting", False, 0.0),
        Planned("sender", False, 0.1),
        Planned("threshold", False, 1.0),  # while it starts, or waits for the lease of the one before
    ]
    urls = (f"sqlite:///{tmp_path / 'killed.db'}", f"sqlite:///{tmp_path / 'calm.db'}")
    verdict, done = trial(tmp_path, urls, "", life, kills)
    assert len(done) == 4 and verdict.events >= 6, "the life has to hold something that could be lost"
    assert (verdict.lost, verdict.invented, verdict.differ, verdict.conflicts) == (0, 0, 0, 0)
    assert (verdict.silent, verdict.twice) == (0, 0)
    assert verdict.equal, "the snapshot differs from that of an uninterrupted run"
