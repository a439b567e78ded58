"""Where a training stands, on disk so that it is either there whole or not at all.

One safetensors file holds the adapter, AdamW's two moments and, as its header's text, everything else. Chance is no
part of it: every step draws from a seed of its own number.
"""

import errno
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from training.corpus.assets import write_whole
from training.qlora.errors import CheckpointDamaged, NoRoom

FOLDER, BEST = "checkpoints", "best.safetensors"
_KEPT = 2
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SEAL = 32


@dataclass(slots=True)
class Standing:
    """How far a training is. `identity` names everything that it follows from; `step` is the next of the plan; `losses`
    are (step, nats) of every step, `looks` of every validation; `ended` says why it is over, empty while it is not."""

    identity: str
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    losses: list[tuple[int, float]] = field(default_factory=list)
    looks: list[tuple[int, float]] = field(default_factory=list)
    ended: str = ""

    @property
    def best(self) -> float:
        """The smallest validation loss."""
        return min((loss for _, loss in self.looks), default=float("inf"))

    def worse_since(self, began: int) -> int:
        """Looks after the smallest one, of those after step `began`."""
        found = [loss for step, loss in self.looks if step > began]
        return len(found) - 1 - found.index(min(found)) if found else 0


def keep(run: Path, standing: Standing, tensors: dict[str, torch.Tensor], best: bool) -> None:
    """Write a checkpoint, then let go of old ones.

    Raises:
        NoRoom: the disk is full; what was there before is whole.
    """
    folder = run / FOLDER
    data = save({name: one.detach().cpu().contiguous() for name, one in tensors.items()},
                {"standing": json.dumps(asdict(standing))})  # fmt: skip
    data += hashlib.sha256(data).digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"step-{standing.step:08d}.safetensors", data)
        if best:
            write_whole(folder / BEST, data)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise NoRoom(f"{folder}: {os.strerror(error.errno or 0)}: a checkpoint needs {len(data):,} bytes. The last "
                     "whole one stands; make room and run the same command again") from error  # fmt: skip
    for old in _steps(run)[:-_KEPT]:
        old.unlink()


def latest(run: Path) -> Path | None:
    """The newest checkpoint of a run; None where it has none yet."""
    found = _steps(run)
    return found[-1] if found else None


def read(file: Path, identity: str) -> tuple[Standing, dict[str, torch.Tensor]]:
    """
    Raises:
        CheckpointDamaged: cut short or changed, or of another training.
    """
    older = "the one before" if len(_steps(file.parents[1])) > 1 else "the beginning"
    remedy = f"remove it, and the same command goes on from {older}"
    data = file.read_bytes()
    if hashlib.sha256(data[:-_SEAL]).digest() != data[-_SEAL:]:
        raise CheckpointDamaged(f"{file}: cut short or changed since it was written; {remedy}")
    try:
        standing, tensors = _opened(data[:-_SEAL])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointDamaged(f"{file}: not written by this version ({error}); {remedy}") from error
    if standing.identity != identity:
        raise CheckpointDamaged(f"{file}: of a training with other settings, base, template, corpus or beginning; name "
                                "another folder, or give it what it was begun with")  # fmt: skip
    return standing, tensors


def _opened(data: bytes) -> tuple[Standing, dict[str, torch.Tensor]]:
    length = int.from_bytes(data[:8], "little")
    said: dict[str, Any] = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["standing"])
    curves = {name: [(int(step), float(loss)) for step, loss in said[name]] for name in ("losses", "looks")}
    return Standing(**{**said, **curves}), load(data)


def _steps(run: Path) -> list[Path]:
    return sorted((run / FOLDER).glob("step-*.safetensors"))
