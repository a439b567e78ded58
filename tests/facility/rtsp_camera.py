"""A camera that looks at a real RTSP server, and what its stories ask of the seconds it tells; no test itself."""

import contextlib
import math
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.camera import RealCamera, SecondOfRoom

SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"
OUTER_S = 180.0
"""Longest that a story waits for what it tells of: far more than a machine takes that others need as well."""
PROMPT_S = 5.0
"""A second is told about one after its end, on a busy machine within a few; a stray clock is put right from 3 s on."""


class RtspServer:
    """GStreamer's RTSP server in a process of the system's Python; see `rtsp_server.py` for what it obeys."""

    def __init__(self, clip: Path, *options: str, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SERVER), *options, "--port", str(port), str(clip)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdin and self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        words = self._out.readline().split()
        assert words[:1] == ["listening"], "the server did not start: is Debian's gir1.2-gst-rtsp-server-1.0 there?"
        self.port = int(words[1])

    def address(self, path: str, login: str = "") -> str:
        return f"rtsp://{login}127.0.0.1:{self.port}/{path}"

    def tell(self, line: str) -> None:
        self._in.write(line + "\n")
        self._in.flush()
        assert self._out.readline() == f"done {line}\n"

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


class Watched:
    """The agent's own camera on that address, in a thread; what it tells, and when."""

    def __init__(self, camera: RealCamera) -> None:
        self.camera = camera
        self.rows: list[SecondOfRoom] = []
        self.told_at: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=camera.run, args=(self._emit, self._stop), daemon=True)
        self._thread.start()

    def _emit(self, row: SecondOfRoom) -> None:
        self.rows.append(row)
        self.told_at.append(time.time())

    def until(self, holds: Callable[[], bool], what: str, limit_s: float = OUTER_S) -> None:
        end = time.monotonic() + limit_s
        while not holds():
            assert self._thread.is_alive(), "the camera's thread died"
            assert time.monotonic() < end, f"{what}; last: {self.rows[-2:]}, {self.camera.report()}"
            time.sleep(0.05)

    def more(self, n: int, of: Callable[[SecondOfRoom], bool], what: str) -> None:
        """Wait until `n` more rows are `of` a kind."""
        before = len(self.rows)
        self.until(lambda: sum(of(row) for row in self.rows[before:]) >= n, what)

    def is_prompt_again(self) -> None:
        """Wait until seconds are told while they are fresh: where lateness has no bound they never are again."""
        before = len(self.rows)

        def prompt() -> int:
            told = zip(self.told_at[before:], self.rows[before:], strict=False)
            return sum(at - row.time < PROMPT_S for at, row in told)

        self.until(lambda: prompt() >= 2, "it was told ever later")

    def end(self) -> None:
        self._stop.set()
        self._thread.join(15)
        assert not self._thread.is_alive()


def sees(row: SecondOfRoom) -> bool:
    return row.persons == 1


def is_blind(row: SecondOfRoom) -> bool:
    return row.persons == -1 and all(math.isnan(value) for value in row.values[:3]) and bool(row.gaps)


def every_second_once(rows: list[SecondOfRoom]) -> bool:
    times = [row.time for row in rows]
    return times == [times[0] + k for k in range(len(times))] and times[0] == math.floor(times[0])
