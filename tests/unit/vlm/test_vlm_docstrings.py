"""The examples in the docstrings of the VLM service run."""

import doctest
import importlib

import pytest

pytestmark = pytest.mark.unit

ROOMS = ("dialogue.lines", "dialogue.lint", "dialogue.messages", "dialogue.names", "dialogue.numbers",
         "dialogue.report", "dialogue.context", "dialogue.frames", "rules.phrases", "rules.reasoner",
         "kept", "adapters.probing", "adapters.routing", "adapters.states", "patience", "places")  # fmt: skip


@pytest.mark.parametrize("name", ROOMS)
def test_it_runs_as_its_docstring_says(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"vlm_service.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
