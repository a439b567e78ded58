"""Which path judges: compiled by numba where it is installed, or NumPy alone; both give the same numbers."""

import importlib.util
from collections.abc import Callable, Iterator
from enum import StrEnum

from threshold_service.statistics.arrays import Ints
from threshold_service.statistics.baseline import Baseline
from threshold_service.statistics.fitted import Fitted
from threshold_service.statistics.noise import Shown
from threshold_service.statistics.people import Fixed, People, Samples, Told, Window

Turns = Callable[[Samples, People, Fixed, Told], Iterator[None]]
LookBack = Callable[[Ints, Window, Baseline, Fitted], Shown]


class Path(StrEnum):
    """What may be asked for."""

    AUTO = "auto"
    NUMBA = "numba"
    NUMPY = "numpy"


class PathMissing(RuntimeError):
    """The path that was asked for is not installed."""


_process = [Path.AUTO]


def prefer(path: Path) -> Path:
    """From now on `auto` means `path` in this process; the path that is meant on this machine.

    Raises:
        PathMissing: numba is asked for and not installed.
    """
    _process[0] = path
    return resolved(path)


def resolved(path: Path) -> Path:
    """The path that is meant on this machine.

    Raises:
        PathMissing: numba is asked for and not installed.
    """
    path = _process[0] if path is Path.AUTO else path
    there = importlib.util.find_spec("numba") is not None
    if path is Path.NUMBA and not there:
        raise PathMissing("numba is not installed: install attune[threshold], or set ATTUNE_THRESHOLD_COMPILED=numpy")
    if path is Path.AUTO:
        return Path.NUMBA if there else Path.NUMPY
    return path


def turns(path: Path) -> Turns:
    """What judges the samples of one engine by this path; imports numba only where it is meant.

    Raises:
        PathMissing: numba is asked for and not installed.
    """
    if resolved(path) is Path.NUMBA:
        from threshold_service.statistics.kernel.turns import Turns as Compiled

        return Compiled()
    from threshold_service.statistics.wave_path import turns as waves

    return waves


def look_back(path: Path) -> LookBack:
    """What tells the last seconds of a block on this path.

    Raises:
        PathMissing: numba is asked for and not installed.
    """
    if resolved(path) is Path.NUMBA:
        from threshold_service.statistics.kernel.last_seconds import look_back as compiled

        return compiled
    from threshold_service.statistics.last_seconds import look_back as plain

    return plain
