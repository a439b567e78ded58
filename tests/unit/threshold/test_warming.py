"""What happens before the first agent connects."""

import gc
from pathlib import Path

import numpy as np
import pytest

from services.runtime.batch import Batch
from services.runtime.clock import SystemClock
from services.vocabulary import Policy, Resident
from threshold_service import paths
from threshold_service.engine import Engine
from threshold_service.statistics.calibration import BLOCK_S
from threshold_service.warming import warm

pytestmark = pytest.mark.unit


def test_it_spares_the_collector_of_garbage_all_that_is_there_for_good(tmp_path: Path) -> None:
    gc.unfreeze()
    try:
        warm(paths.Path.NUMPY, tmp_path, SystemClock())
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
        paths.prefer(paths.Path.AUTO)


def test_it_compiles_all_that_a_service_needs_later(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    from threshold_service.statistics.kernel.last_seconds import _look_back
    from threshold_service.statistics.kernel.samples import judge

    try:
        warm(paths.Path.NUMBA, tmp_path, SystemClock())
        known = [len(one.signatures) for one in (judge, _look_back)]  # type: ignore[attr-defined]
        channels = tuple(f"face.measure{i}" for i in range(5))
        engine = Engine(channels, tuple(Resident(f"r{i}", "Room") for i in range(3)), Policy(), "edge-1", "ab" * 16)
        n = 3 * (BLOCK_S + 10)
        rng, samples = np.random.default_rng(1), np.arange(n)
        engine.judge(Batch(
            samples.astype(np.uint64), (samples % 3).astype(np.uint32), 1.75e9 + samples // 3,
            rng.random((n, 5), np.float32), np.ones(n, np.float32), np.ones(n, np.int32),
        ))  # fmt: skip
        assert (engine._state.history.closed == 1).all()
        assert known == [len(one.signatures) for one in (judge, _look_back)]  # type: ignore[attr-defined]
    finally:
        gc.unfreeze()
        paths.prefer(paths.Path.AUTO)
