"""Several processes teach one adapter: each learns from its share of a step's rows, and all take the same step.

The adapter is small and lies in every process; gradients are added up over all of them before each step. So the number
of processes changes nothing but the order in which sums are taken.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from training.qlora.errors import SettingsInvalid
from training.qlora.watching import LOST

RANK, LOCAL, COUNT = "RANK", "LOCAL_RANK", "WORLD_SIZE"
"""As torchrun and accelerate tell a process its number, its number on this machine, and how many there are."""
LAUNCHED = "ATTUNE_TRAINING_LAUNCHED"
"""Set where `training.qlora.launching` started the process, whose standard input closes when that ends."""
PATIENCE = timedelta(minutes=30)
"""How long one that answers no more is waited for. A guess: longer than the slowest disk takes for a checkpoint."""
One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Together:
    """The processes of a training, by default this one alone; `rank` is its number, from 0. `sharded`: the base is
    spread over them, so that each step through it needs all."""

    rank: int = 0
    count: int = 1
    sharded: bool = False

    @property
    def first(self) -> bool:
        """The one that writes."""
        return self.rank == 0

    def share(self, rows: Sequence[One]) -> Iterator[tuple[int, One, float]]:
        """This process's rows, each with its place among all and what it counts: 1, or 0 for one that only keeps the
        others company where the base is spread over all."""
        for begin in range(0, len(rows), self.count):
            place = begin + self.rank
            if place < len(rows):
                yield place, rows[place], 1.0
            elif self.sharded:
                yield begin, rows[begin], 0.0

    def added(self, *numbers: float) -> list[float]:
        """Each number's sum over all processes."""
        return self._reduced(numbers, distributed.ReduceOp.SUM)

    def most(self, number: float) -> float:
        """The largest of all processes."""
        return self._reduced((number,), distributed.ReduceOp.MAX)[0]

    def add_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Every parameter's gradient becomes the sum over all processes: zero where none of them had one, so that the
        optimiser counts as many steps for each."""
        for one in parameters:
            one.grad = torch.zeros_like(one) if one.grad is None else one.grad
        if self.count == 1:
            return
        whole = torch.cat([one.grad.flatten() for one in parameters])
        distributed.all_reduce(whole)
        for parameter, part in zip(parameters, whole.split([one.numel() for one in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)

    def told(self, what: One) -> One:
        """What the first process says, whatever the others do."""
        if self.count == 1:
            return what
        said = [what]
        distributed.broadcast_object_list(said, src=0)
        return said[0]

    def agree(self, tensors: Iterable[torch.Tensor]) -> None:
        """Every tensor becomes as the first process has it."""
        for one in tensors if self.count > 1 else ():
            distributed.broadcast(one.detach(), src=0)

    def _reduced(self, numbers: Sequence[float], how: distributed.ReduceOp) -> list[float]:
        if self.count == 1:
            return list(numbers)
        where = "cuda" if torch.cuda.is_available() else "cpu"
        whole = torch.tensor(numbers, dtype=torch.float64, device=where)
        distributed.all_reduce(whole, op=how)
        return [float(one) for one in whole]


ALONE = Together()


def started() -> int:
    """As one of how many this process was started by torchrun, accelerate or `training.qlora.launching`."""
    return int(os.environ.get(COUNT, 1)) if RANK in os.environ else 1


@contextmanager
def joined(sharded: bool) -> Iterator[Together]:
    """This process among those of its training, on the GPU of its number where there are any.

    Raises:
        SettingsInvalid: a base that is to be spread over one process, a number that fits no GPU, or an environment that
            does not tell where the others are.
    """
    count = started()
    if count == 1 and sharded:
        raise SettingsInvalid("shard = true: there is one process, nothing to spread the base over; say --processes N, "
                              "one for each GPU, or shard = false")  # fmt: skip
    if count == 1:
        yield ALONE
        return
    if LAUNCHED in os.environ:
        threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    device = _device()
    try:
        distributed.init_process_group("nccl" if device else "gloo", timeout=PATIENCE, device_id=device)
    except ValueError as error:
        raise SettingsInvalid(f"{COUNT}={count}: {error}; start the processes with --processes or torchrun") from error
    yield Together(int(os.environ[RANK]), count, sharded)
    distributed.destroy_process_group()


def lost(error: RuntimeError) -> bool:
    """Whether this came of another process that is gone or answers no more."""
    return isinstance(error, distributed.DistError) or "gloo" in str(error)


def _device() -> torch.device | None:
    if not torch.cuda.is_available():
        return None
    number, there = int(os.environ.get(LOCAL, 0)), torch.cuda.device_count()
    if number >= there:
        raise SettingsInvalid(f"{LOCAL}={number}: {there} GPUs are visible here; start at most so many processes")
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def _end_with_the_launcher() -> None:
    os.read(0, 1)  # nobody writes: it comes back when the other end is closed
    os._exit(LOST)
