"""Sees every file that is opened or written under some folders, by inotify, while a process runs."""

import ctypes
import os
import struct
import threading
from pathlib import Path

_OPEN, _MODIFY, _CREATE, _MOVED_TO, _FOLDER = 0x20, 0x02, 0x100, 0x80, 0x40000000
_CLOEXEC, _NONBLOCK = os.O_CLOEXEC, os.O_NONBLOCK
_HEAD = struct.Struct("iIII")
_LIBC = ctypes.CDLL(None, use_errno=True)


class DiskWatch:
    """What happened under `folders` since it was made: the files `opened`, and those created or `written`.

    Folders that are made meanwhile are watched too. Files that are gone again were seen all the same.
    """

    def __init__(self, *folders: Path) -> None:
        self.opened: set[Path] = set()
        self.written: set[Path] = set()
        self._places: dict[int, Path] = {}
        self._file = _LIBC.inotify_init1(_CLOEXEC | _NONBLOCK)
        assert self._file >= 0, os.strerror(ctypes.get_errno())
        for folder in folders:
            self._add(folder)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> "DiskWatch":
        """Read what is left, and stop."""
        self._over.set()
        self._thread.join(10)
        os.close(self._file)
        return self

    def _add(self, folder: Path) -> None:
        mask = _OPEN | _MODIFY | _CREATE | _MOVED_TO
        number = _LIBC.inotify_add_watch(self._file, os.fsencode(folder), mask)
        assert number >= 0, f"{folder}: {os.strerror(ctypes.get_errno())}"
        self._places[number] = folder
        for inside in folder.iterdir():
            if inside.is_dir() and not inside.is_symlink():
                self._add(inside)

    def _watch(self) -> None:
        while True:
            over = self._over.wait(0.05)
            try:
                self._note(os.read(self._file, 1 << 20))
            except BlockingIOError:
                if over:
                    return

    def _note(self, told: bytes) -> None:
        at = 0
        while at < len(told):
            number, mask, _, length = _HEAD.unpack_from(told, at)
            name = told[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
            at += _HEAD.size + length
            path = self._places[number] / os.fsdecode(name)
            if mask & _FOLDER:
                if mask & _CREATE and path.is_dir():
                    self._add(path)
            elif mask & _OPEN:
                self.opened.add(path)
            else:
                self.written.add(path)
