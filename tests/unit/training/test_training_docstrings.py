"""Every example in a docstring of what needs no torch is true. Kind: unit."""

import doctest
import importlib
import pkgutil

import pytest

import training.corpus
import training.curating
import training.evaluating
import training.format
import training.synthesis

pytestmark = pytest.mark.unit
ROOMS = (training.corpus, training.curating, training.evaluating, training.format, training.synthesis)
MODULES = [found.name for room in ROOMS for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
           if not found.name.endswith("__main__")]  # fmt: skip


def test_it_does_what_its_docstrings_show() -> None:
    tried = 0
    for name in MODULES:
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0, name
        tried += result.attempted
    assert tried > 15
