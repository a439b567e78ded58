"""The folder of a demonstration: emptied before each run, and only when a demonstration made it."""

import base64
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

MARKER = "processes.json"


class FolderRefused(ValueError):
    """A folder that a demonstration must not empty; the message names it and the remedy."""


def prepare(folder: Path, rooms: frozenset[str]) -> None:
    """Make `folder`, empty, and mark it as a demonstration's.

    Raises:
        FolderRefused: it is a file, or it holds something and no demonstration's marker.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderRefused(f"{str(folder)!r}: {error.strerror}; expected a folder that can be made") from error
    if any(folder.iterdir()) and not _ours(folder / MARKER, rooms):
        raise FolderRefused(f"{str(folder)!r} holds files that no demonstration made, and would be emptied: name a new "
                            "or an empty folder")  # fmt: skip
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == MARKER):  # the marker goes last
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    write_pids(folder, {})


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
