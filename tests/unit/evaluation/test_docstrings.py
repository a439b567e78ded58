"""Every example in the docstrings of simulator and evaluation gives what it says."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import services.evaluation
import services.simulator

pytestmark = pytest.mark.unit
MODULES = [
    f"{package.__name__}.{module.name}" for package in (services.simulator, services.evaluation)
    for module in pkgutil.iter_modules(package.__path__)
]  # fmt: skip


@pytest.mark.parametrize(
    "name", [*MODULES, "threshold_service.statistics.episode_odds", "threshold_service.evaluated_table"]
)
def test_it_does_what_its_examples_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), extraglobs={"np": np})
    assert result.failed == 0


def test_it_has_examples() -> None:
    counted = [doctest.testmod(importlib.import_module(name), extraglobs={"np": np}).attempted for name in MODULES]
    assert sum(counted) > 15
