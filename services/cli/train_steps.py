"""A step of the school as a process of its own, in the Python that has torch where it needs one."""

import os
import subprocess
import sys

import typer

PYTHON = "ATTUNE_TRAINING_PYTHON"
"""Names the Python that has torch, where that is another than ours."""


def start(module: str, options: list[object], heavy: bool = False) -> None:
    """A step, in the Python that has torch where it needs one; where it fails, its status is ours."""
    python = os.environ.get(PYTHON) if heavy else None
    try:
        step = subprocess.Popen([python or sys.executable, "-m", module, *map(str, options)])
    except OSError as error:
        raise typer.BadParameter(f"{PYTHON}={python}: {error.strerror}; expected a Python with torch") from error
    with step:
        try:
            status = step.wait()
        except KeyboardInterrupt:  # which reaches it too: it ends what it started and says how to go on
            status = step.wait()
    if status:
        raise typer.Exit(status)
