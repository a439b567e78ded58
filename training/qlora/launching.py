"""One process for each GPU: how many a training is done by, and where they meet."""

import argparse
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import distributed

from training.qlora.arguments import parser
from training.qlora.errors import ProcessLost, SettingsInvalid
from training.qlora.parallel import COUNT, LAUNCHED, LOCAL, RANK, started
from training.qlora.watching import INTERRUPTED, REFUSED, run_all

_LOOPBACK = "127.0.0.1"


def main() -> int:
    """The exit status, see `command.main`. Who only starts others loads no more than it takes to count the GPUs."""
    asked = parser().parse_args()
    try:
        if (count := wanted(asked)) > 1:
            return launch(count, sys.argv[1:])
    except (SettingsInvalid, ProcessLost) as error:
        print(f"attune: {error}", file=sys.stderr)  # noqa: T201 - a person reads this
        return REFUSED
    except KeyboardInterrupt:
        print("attune: interrupted; the same command goes on from the last checkpoint", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    from training.qlora import command

    return command.main(asked)


def wanted(asked: argparse.Namespace) -> int:
    """How many processes are to be started: 1 where this one trains, alone or as one that torchrun started.

    Raises:
        SettingsInvalid: more than there are GPUs, or another number than torchrun started.
    """
    if asked.what != "train":
        return 1
    if RANK in os.environ:
        if asked.processes not in (None, started()):
            raise SettingsInvalid(f"--processes {asked.processes}: {started()} were started ({COUNT}); leave it out "
                                  "where torchrun or accelerate starts them")  # fmt: skip
        return 1
    devices = int(torch.cuda.device_count())
    if asked.processes is None:
        return max(1, devices)
    if asked.processes < 1 or 0 < devices < asked.processes:
        found = f"1 to {devices}, one for each visible GPU" if devices else "1 or more"
        raise SettingsInvalid(f"--processes {asked.processes}: expected {found}")
    return int(asked.processes)


def launch(count: int, arguments: Sequence[str]) -> int:
    """The same command in `count` processes: the exit status.

    Raises:
        ProcessLost: see `watching.run_all`.
    """
    with _meeting_place() as place:
        environments = [_environment(place, number, count) for number in range(count)]
        return run_all([sys.executable, "-m", "training.qlora", *arguments], environments)


@contextmanager
def _meeting_place() -> Iterator[tuple[str, int]]:
    """Where the processes find one another: host and port of a store that is reached from this machine alone."""
    listening = socket.create_server((_LOOPBACK, 0))
    port = int(listening.getsockname()[1])
    store = distributed.TCPStore(
        _LOOPBACK, port, is_master=True, wait_for_workers=False, master_listen_fd=listening.detach()
    )
    yield _LOOPBACK, port
    del store


def _environment(place: tuple[str, int], number: int, count: int) -> Mapping[str, str]:
    """As torchrun has it, which owns the store too. What the processes say to one another stays on this machine."""
    threads = str(max(1, (os.cpu_count() or 1) // count))
    ours = {"OMP_NUM_THREADS": threads, "GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
    return ours | os.environ | {
        RANK: str(number), LOCAL: str(number), COUNT: str(count), "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": place[0], "MASTER_PORT": str(place[1]), "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "0", LAUNCHED: "1",
    }  # fmt: skip
