"""Reads a live source as an agent does, and gives up where an agent would go on trying."""

import random
import threading
import time
from collections.abc import Iterator

from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Captured
from edge_agent.capture.source import Source, SourceLost
from edge_agent.capture.supervisor import Sight, Supervisor
from services.vocabulary.time import Seconds

PATIENCE_S: Seconds = 30.0


def patient(source: Source, stop: threading.Event) -> Iterator[Captured]:
    """What a live source gives on this machine's clock, from 0, reconnections included, until `stop` is set.

    Raises:
        SourceLost: it could not be opened (again) for 30 s.
    """

    def wait(seconds: Seconds) -> None:
        state = supervisor.state
        if state.sight is Sight.BLIND and time.monotonic() - state.since_s > PATIENCE_S:
            raise SourceLost(f"{state.reason} (tried for {PATIENCE_S:g} s)")
        stop.wait(seconds)

    supervisor = Supervisor(
        source, decode, monotonic=time.monotonic, sleep=wait, chance=random.random, stopping=stop.is_set
    )
    yield from supervisor.run()
