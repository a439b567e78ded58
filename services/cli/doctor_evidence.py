"""The doctor's look at evidence pictures: whether the nudity detector works, and what leaves a room without one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from services.runtime.findings import Finding, Grade
from services.vocabulary.time import Seconds

PATIENCE_S: Seconds = 120.0
NO_LIBRARY = 3
WITHOUT = "only outlines of bodies and how they moved leave, never a picture"
_WHAT, _NAME_ONE = "nudity detector", "name an ONNX detector: [evidence.nudity]"
_FIRST_LOOK = ("-m", "edge_agent.evidence.first_look")


def look(told: dict[str, Any], cameras: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    """Nothing where no camera allows evidence at all."""
    allowed = {str(camera.get("evidence", "none")) for camera in cameras} - {"none"}
    if not allowed:
        return
    try:
        asked = json.loads(os.environ.get("ATTUNE_EDGE_EVIDENCE", "null")) or told.get("evidence", {})
    except ValueError as error:
        yield Finding(_WHAT, Grade.BAD, f"ATTUNE_EDGE_EVIDENCE is no JSON: {error}", "give a JSON object")
        return
    if isinstance(asked, dict) and asked.get("nudity") is not None:
        yield _tried(asked)
    elif "picture" in allowed:
        yield Finding(_WHAT, Grade.NOTE, f"none: {WITHOUT}", _NAME_ONE)
    else:
        yield Finding(_WHAT, Grade.GOOD, f"none, and none is needed: {WITHOUT}")


def _tried(asked: dict[str, Any]) -> Finding:
    """By the agent's own code, in a process of its own."""
    if find_spec("edge_agent") is None:  # an image of another room
        return Finding(_WHAT, Grade.NOTE, "not tried here", "ask the doctor of the edge agent's image")
    env = {**os.environ, "ATTUNE_DOCTOR_EVIDENCE": json.dumps(asked), "ORT_DISABLE_TELEMETRY": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *_FIRST_LOOK], capture_output=True, text=True, timeout=PATIENCE_S, env=env
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Finding(_WHAT, Grade.BAD, f"did not look at a picture within {PATIENCE_S:.0f} s; {WITHOUT}", _NAME_ONE)
    if done.returncode == NO_LIBRARY:
        return Finding(_WHAT, Grade.NOTE, "not tried: nothing can be looked at here", "pip install 'attune[edge]'")
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it ended without a word"]
        return Finding(_WHAT, Grade.BAD, f"{said[0]}; until then {WITHOUT}",
                       "correct [evidence.nudity]: model, sha256, labels in the order of the model, hits")  # fmt: skip
    return Finding(_WHAT, Grade.GOOD, done.stdout.strip())
