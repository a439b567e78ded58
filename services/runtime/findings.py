"""What the doctor found: one thing that was looked at, how it is, and what to do about it."""

import os
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Grade(StrEnum):
    """How a finding is."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do about it (empty: nothing)."""

    what: str
    grade: Grade
    found: str
    remedy: str = ""


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its name where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def unwritable(folder: Path) -> str:
    """Why nothing can be written in `folder`, or in what would hold it once it is made; empty: it can."""
    folder = Path(os.path.abspath(folder))
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"nothing can be written in {str(folder)!r}: {error.strerror}"
