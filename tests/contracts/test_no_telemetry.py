"""No room lets ONNX Runtime tell its maker what it runs: the refusal stands before the library is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[2]
ROOMS = sorted(
    {
        path.relative_to(ROOT).parts[0]
        for path in ROOT.glob("[a-z]*/**/*.py")
        if path.relative_to(ROOT).parts[0] not in {"tests", "build", "var"} and "import onnxruntime" in path.read_text()
    }
)


def test_the_rooms_that_run_models_are_known() -> None:
    assert "edge_agent" in ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_refuses_before_it_loads_the_library(room: str) -> None:
    said = f"import {room}, os, sys; print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    told = subprocess.run([sys.executable, "-c", said], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "False"]
