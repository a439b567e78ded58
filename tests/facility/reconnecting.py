"""A camera that is opened again and again, in a process of its own: what it holds in memory is nobody else's.

`python -m tests.facility.reconnecting ADDRESS TIMES`: after each opening it prints its resident bytes and waits for a
line, before which the other side cuts the stream.
"""

import sys
import time
from pathlib import Path

from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame, Sound
from edge_agent.capture.source import Source
from edge_agent.capture.supervisor import Backoff, Supervisor

PAGE = 4096


def main(address: str, times: int) -> None:
    """Two pictures and two sounds of each opening, then the next."""
    told = 0
    supervisor = Supervisor(
        Source(address, read_timeout_s=5.0), decode, monotonic=time.monotonic, sleep=time.sleep,
        chance=lambda: 0.0, stopping=lambda: told > times, backoff=Backoff(first_s=0.02), ahead=True,
    )  # fmt: skip
    pictures, sounds = 0, 0
    for item in supervisor.run():
        pictures += isinstance(item, Frame)
        sounds += isinstance(item, Sound)
        if pictures >= 2 and sounds >= 2:
            pictures = sounds = 0
            told += 1
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
            sys.stdout.write(f"resident {resident} {supervisor.counts.opened}\n")
            sys.stdout.flush()
            sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
