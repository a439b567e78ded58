"""What happened, one JSON object a line, for whoever looks afterwards."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Journal:
    """An open file that lines are appended to."""

    file: IO[str]

    @classmethod
    @contextmanager
    def open(cls, file: Path | None) -> "Iterator[Journal]":
        """Appends to `file`; None: nobody wants to know."""
        with open(file or os.devnull, "a", encoding="utf-8", buffering=1) as opened:
            yield cls(opened)

    def say(self, what: str, fields: dict[str, object]) -> None:
        """One line."""
        said = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": what} | fields
        self.file.write(json.dumps(said) + "\n")
