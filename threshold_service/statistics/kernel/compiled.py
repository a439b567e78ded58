"""The decorator of every compiled function, and where machine code is kept between two starts of a process."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config as numba_config

_SOURCES = (
    "arma", "arrays", "baseline", "calibration", "composite", "episode_odds", "fitted", "fused", "grid", "last_seconds",
    "level_path", "noise", "packed", "people", "smoothing", "transitions", "volatility",
)  # fmt: skip
"""Files beside this folder whose numbers and shapes are compiled in."""

Function = TypeVar("Function", bound=Callable[..., Any])


def _digest() -> str:
    """Of all sources the machine code is made from: numba itself watches only the file of the outermost function."""
    here = Path(__file__).parent
    parts = [*sorted(here.glob("*.py")), *(here.parent / f"{name}.py" for name in _SOURCES)]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]


def _kept_in() -> Path | None:
    """A folder of this version's own within NUMBA_CACHE_DIR or the user's cache; None where neither can be written."""
    chosen = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    home = Path(chosen) if chosen else Path(os.environ.get("HOME", "/nonexistent")) / ".cache"
    folder = home / "attune-compiled" / _digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


FOLDER = _kept_in()
_config: Any = numba_config


def compiled(function: Function) -> Function:
    """`function` as machine code: strict IEEE arithmetic, without the interpreter's lock, kept between starts. Counting
    references to some fifty arrays would take longer than the work: nothing may be allocated inside."""
    return _made(function, "always")


def compiled_alone(function: Function) -> Function:
    """The same for a function that is called from Python; what it calls becomes part of it."""
    return _made(function, "never")


def _made(function: Function, inline: str) -> Function:
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(FOLDER or "")
    try:
        njit: Any = numba.njit
        kept = FOLDER is not None
        made = njit(error_model="numpy", nogil=True, cache=kept, inline=inline, _nrt=False)(function)
    finally:
        _config.CACHE_DIR = before
    return cast(Function, made)
