"""Before the first agent connects: chooses what judges, and pays for its compilation.

`python -m threshold_service.warming` pays ahead of time, once per version and machine; `make setup` calls it.
"""

import gc
import os
import sys
from pathlib import Path

import numpy as np

from services.runtime import logs
from services.runtime.batch import Batch
from services.runtime.clock import Clock, SystemClock
from services.vocabulary import Policy, Resident
from threshold_service import paths
from threshold_service.engine import Engine
from threshold_service.statistics.calibration import BLOCK_S


def warm(path: paths.Path, kept_in: Path, clock: Clock) -> None:
    """Judge one block of nobody, and its end. Machine code is kept in NUMBA_CACHE_DIR or the user's cache; under
    `kept_in` where neither is to be had, as in an image whose folders are read-only.

    What is loaded by then lives as long as the process, and the garbage collector passes it over from now on: looking
    through it again stops every stream for a tenth of a second (measured).

    Raises:
        PathMissing: numba is asked for and not installed.
    """
    if "NUMBA_CACHE_DIR" not in os.environ and not _own_cache():
        os.environ["NUMBA_CACHE_DIR"] = str(kept_in)
    began, chosen = clock.monotonic(), paths.prefer(path)
    nobody = Resident("nobody", "nowhere"), Resident("nobody else", "nowhere")
    engine = Engine(("motion.ratio", "motion.erratic"), nobody, Policy(), "warming", "0" * 32)
    n = len(nobody) * BLOCK_S
    samples = np.arange(n)
    engine.judge(Batch(
        samples.astype(np.uint64) + np.uint64(1), (samples % len(nobody)).astype(np.uint32),
        (samples // len(nobody)).astype(np.float64), np.ones((n, 2), np.float32), np.ones(n, np.float32),
        np.ones(n, np.int32),
    ))  # fmt: skip
    gc.collect()
    gc.freeze()
    logs.logger().info("judging is ready", compiled=chosen.value, took_s=round(clock.monotonic() - began, 2))


def _own_cache() -> bool:
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME")
    return bool(home) and os.access(str(home), os.W_OK)


def main() -> int:
    """Compile now; what was compiled before is only read."""
    logs.configure("warming", "info", "console")
    warm(paths.Path.AUTO, Path("var/compiled"), SystemClock())
    return 0


if __name__ == "__main__":
    sys.exit(main())
