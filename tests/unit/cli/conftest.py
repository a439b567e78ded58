"""What the tests of the command line share."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the shell that runs the tests is a setting of what is tested."""
    for key in list(os.environ):
        if key.startswith("ATTUNE_") and not key.startswith("ATTUNE_TEST_"):
            monkeypatch.delenv(key)
