"""What happens before the first agent connects."""

import gc
from pathlib import Path

import pytest

from services.runtime.clock import SystemClock
from threshold_service import paths
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
