"""Room kept in reserve on a disk, so that the spool can still make room when the disk is full."""

import os
from pathlib import Path

from services.runtime import logs


class Ballast:
    """A file of `size` bytes beside `path`; while it lies there, those bytes are given back at once when needed."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path.with_name(path.name + ".ballast")
        self._size = size
        self._short = False

    def take(self) -> bool:
        """Reserve the bytes again; False (said once) where the disk has no room for them."""
        if self._size <= 0 or self._held():
            return True
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError as error:
            self._path.unlink(missing_ok=True)
            if not self._short:
                logs.logger().warning("no room for the spool's reserve", bytes=self._size, reason=str(error))
            self._short = True
            return False
        self._short = False
        return True

    def release(self) -> bool:
        """Give the bytes back to the disk; False where none were held."""
        held = self._path.exists()
        self._path.unlink(missing_ok=True)
        return held

    def _held(self) -> bool:
        return self._path.exists() and self._path.stat().st_size >= self._size
