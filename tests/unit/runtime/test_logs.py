"""Logs say where something failed and show nothing that a variable held."""

from collections.abc import Iterator

import pytest
import structlog

from services.runtime import logs

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Later tests must not log to the standard error that was captured here."""
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["json", "console"])
def test_it_shows_the_place_of_a_failure_without_the_values_of_variables(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("test", "info", style)  # type: ignore[arg-type]
    try:
        _fail("Mrs " + "Smith")
    except ZeroDivisionError:
        logs.logger().error("it failed", exc_info=True)
    told = capsys.readouterr().err
    assert "it failed" in told and "_fail" in told and "ZeroDivisionError" in told
    assert "Mrs Smith" not in told


def _fail(person: str) -> float:
    return len(person) / 0
