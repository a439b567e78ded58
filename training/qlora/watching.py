"""Starts the processes of one training and ends them all when one of them ends before its time."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

from training.qlora.errors import ProcessLost

REFUSED, LOST, INTERRUPTED = 2, 3, 130
"""Exit statuses: something has to be mended and one line said what; another process is gone; Ctrl-C."""
_LOOK_S, _GRACE_S, _END_WITHIN_S = 0.1, 1.5, 5.0
"""Guesses. The grace lets those that were lost say so, so that the one that they lost can be named."""


@dataclass(frozen=True, slots=True)
class Started:
    """One process. What the first of them says goes where ours goes; `said` keeps what another one says."""

    number: int
    process: "subprocess.Popen[bytes]"
    said: IO[bytes] | None


def run_all(command: Sequence[str], environments: Sequence[Mapping[str, str]]) -> int:
    """`command` once with each of the environments, to the end of all: the exit status.

    The standard input of each is a pipe that closes with this process, however it ends.

    Raises:
        ProcessLost: one of them ended otherwise than by an error that it told in one line.
    """
    with _started(command, environments) as started:
        while _running(started) and not _failed(started):
            time.sleep(_LOOK_S)
        if not _failed(started):
            return 0
        _wait(started, _GRACE_S)
        ended = _failed(started)
        blamed = next((one for one in ended if one.process.returncode != LOST), ended[0])
        if blamed.said is not None:
            blamed.said.seek(0)
            sys.stderr.write(blamed.said.read().decode(errors="replace"))
    return _told(blamed, len(started))


def _running(started: Sequence[Started]) -> list[Started]:
    return [one for one in started if one.process.poll() is None]


def _failed(started: Sequence[Started]) -> list[Started]:
    return [one for one in started if one.process.returncode]


def _told(blamed: Started, count: int) -> int:
    status = blamed.process.returncode
    if status in (REFUSED, INTERRUPTED):
        return int(status)
    if status == LOST:
        how = "lost the connection to the others"
    elif status < 0:
        how = f"was ended by {signal.Signals(-status).name}"
        how += ", as Linux does where memory runs out" if status == -signal.SIGKILL else ""
    else:
        how = f"ended with status {status}"
    raise ProcessLost(f"process {blamed.number + 1} of {count} {how}, and the others were ended with it; the same "
                      "command goes on from the last checkpoint, with any number of processes")  # fmt: skip


@contextmanager
def _started(command: Sequence[str], environments: Sequence[Mapping[str, str]]) -> Iterator[list[Started]]:
    with ExitStack() as open_until_the_end:
        started: list[Started] = []
        try:
            for number, environment in enumerate(environments):
                said = open_until_the_end.enter_context(tempfile.TemporaryFile()) if number else None
                process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said)
                started.append(Started(number, process, said))
            yield started
        except KeyboardInterrupt:
            _wait(started, _GRACE_S)  # a terminal's Ctrl-C reaches them too
            raise
        finally:
            for one in started:
                one.process.terminate()
            _wait(started, _END_WITHIN_S)
            for one in started:
                one.process.kill()
                one.process.wait()
                if one.process.stdin is not None:
                    one.process.stdin.close()


def _wait(started: Sequence[Started], seconds: float) -> None:
    end = time.monotonic() + seconds
    while _running(started) and time.monotonic() < end:
        time.sleep(_LOOK_S)
