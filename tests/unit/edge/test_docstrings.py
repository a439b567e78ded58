"""The examples in the edge's docstrings are true."""

import doctest
import importlib

import pytest

pytestmark = pytest.mark.unit

MODULES = [
    "capture.source",
    "capture.decimation",
    "capture.supervisor",
    "preprocess.crops",
    "preprocess.emptiness",
    "preprocess.plainness",
    "preprocess.fusion",
    "preprocess.head",
    "preprocess.tracks",
    "preprocess.probabilities",
    "preprocess.waves",
    "sensing.motion",
]


@pytest.mark.parametrize("name", MODULES)
def test_it_does_what_its_examples_say(name: str) -> None:
    module = importlib.import_module(f"edge_agent.{name}")
    import numpy as np

    result = doctest.testmod(module, extraglobs={"np": np})
    assert result.attempted > 0
    assert result.failed == 0
