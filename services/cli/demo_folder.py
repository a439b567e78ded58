"""The folder of a demonstration: emptied before each run, and only when a demonstration made it."""

import base64
import fcntl
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO

MARKER = "processes.json"
LOCK = "running.lock"


class FolderRefused(ValueError):
    """A folder that a demonstration must not empty; the message names it and the remedy."""


def prepare(folder: Path, rooms: frozenset[str]) -> IO[str]:
    """Make `folder`, empty, and mark it as a demonstration's; it is ours until the returned file is closed.

    Raises:
        FolderRefused: it is a file, it holds something and no demonstration's marker, or a demonstration runs in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderRefused(f"{str(folder)!r}: {error.strerror}; expected a folder that can be made") from error
    if {entry.name for entry in folder.iterdir()} - {LOCK} and not _ours(folder / MARKER, rooms):
        raise FolderRefused(f"{str(folder)!r} holds files that no demonstration made, and would be emptied: name a new "
                            "or an empty folder")  # fmt: skip
    lock = _locked(folder)
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == MARKER):  # the marker goes last
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
    write_pids(folder, {})
    return lock


def _locked(folder: Path) -> IO[str]:
    """The kernel lets go of the lock when its holder ends, however it ends."""
    lock = (folder / LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise FolderRefused(f"{str(folder)!r} is in use by a demonstration that still runs: end it with Ctrl-C, or "
                            "name another folder with --folder") from error  # fmt: skip
    return lock


def write_pids(folder: Path, pids: Mapping[str, int]) -> None:
    """Keep the process ids by room, whole or not at all; the file is also the folder's marker."""
    partial = folder / f"{MARKER}.part"
    partial.write_text(json.dumps(pids))
    partial.replace(folder / MARKER)


def write_secret(file: Path) -> None:
    """Make a signing secret for this run; only this user may read it."""
    file.touch(mode=0o600)
    file.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())


def _ours(marker: Path, rooms: frozenset[str]) -> bool:
    """Whether the file maps names of our rooms to process ids."""
    try:
        pids = json.loads(marker.read_text())
    except (OSError, ValueError):
        return False
    return (
        isinstance(pids, dict) and set(pids) <= rooms and all(isinstance(pid, int) for pid in pids.values())
    )  # fmt: skip
