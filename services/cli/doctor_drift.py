"""The doctor's look at an agent that runs here: whether its cameras' clocks keep pace with this machine's."""

import os
import re
from collections.abc import Iterator
from typing import Any

import httpx

from services.runtime.findings import Finding, Grade
from services.vocabulary.drift import drift_said, strays

PORT = 7090
"""Where an agent answers /metrics unless it is told otherwise."""
_HOUR_S, _PATIENCE_S = 3600.0, 2.0
_DRIFT = re.compile(r'^attune_edge_stream_drift_ratio\{camera="((?:[^"\\]|\\.)*)"\} (\S+)$', re.MULTILINE)


def look(told: dict[str, Any]) -> Iterator[Finding]:
    """What a running agent's metrics say; nothing where none answers, or none has heard a stream for an hour."""
    port = os.environ.get("ATTUNE_EDGE_HEALTH_PORT", told.get("health_port", PORT))
    host = os.environ.get("ATTUNE_EDGE_HEALTH_HOST", told.get("health_host", "127.0.0.1"))
    try:
        answer = httpx.get(f"http://{host}:{port}/metrics", timeout=_PATIENCE_S)
    except (httpx.HTTPError, httpx.InvalidURL):
        return
    yield from of_metrics(answer.text)


def of_metrics(text: str) -> Iterator[Finding]:
    """A line for each camera whose clock strays, else one for all.

    >>> [one.found for one in of_metrics('attune_edge_stream_drift_ratio{camera="hall"} 0.0008')]
    ['its stream runs 2.9 s an hour slow']
    """
    drifts = [(camera, float(ratio)) for camera, ratio in _DRIFT.findall(text)]
    beyond = [(camera, ratio) for camera, ratio in drifts if strays(ratio)]
    for camera, ratio in beyond:
        yield Finding(
            f"clock of camera {camera}", Grade.NOTE, drift_said(ratio),
            "look for a newer firmware or another frame rate; from 0.1 % on its pictures come late and its time jumps",
        )  # fmt: skip
    if drifts and not beyond:
        most = max(abs(ratio) for _, ratio in drifts) * _HOUR_S
        yield Finding("clocks of cameras", Grade.GOOD, f"{len(drifts)} followed, {most:.2f} s an hour at most")
