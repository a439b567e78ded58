"""The REST interface does what its OpenAPI document says: schemathesis makes up requests to every route, good and bad.

Nothing may answer 500, and every answer has a status, a media type and a body that the document promises."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.console.app import make_app
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.ledger import EndpointNow, EndpointRepository
from services.runtime.clock import VirtualClock
from tests.unit.console import house
from tests.unit.console.alerts import keep
from tests.unit.console.conftest import NOW

pytestmark = pytest.mark.unit
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
STREAM = "/api/v1/stream"
"""Never ends: it has tests of its own."""

KNOWN = {"alert_id": "alert-1", "resident_id": "room-12", "event_id": "event-1", "receiver": "pager"}
"""What there is, so that routes answer with more than that there is no such thing."""


@contextmanager
def furnished() -> Iterator[FastAPI]:
    """The console over a ledger with residents, two alerts and their history, sign-in off."""
    folder = Path(tempfile.mkdtemp())
    database, _ = house.ledger(folder)
    house.furnish(database, NOW)
    house.live_through(database, "room-12", NOW - 40)
    keep(database, 1, NOW - 40)
    keep(database, 2, NOW - 900)
    with database.write() as connection:
        EndpointRepository(connection).save(EndpointNow("pager", NOW - 600, "answered 410"), NOW)
    settings = ConsoleSettings(history_folder=folder / "history", sign_in=False, names=("testserver",))
    yield make_app(Room(database, VirtualClock(NOW), settings))
    database.close()
    shutil.rmtree(folder)


def operations() -> list[tuple[str, str]]:
    """Every (path, method) that the document names."""
    with furnished() as app:
        document = app.openapi()
    return [(path, method) for path, methods in document["paths"].items() for method in methods if path != STREAM]


@pytest.fixture(scope="module")
def interface() -> Iterator[BaseSchema]:
    with furnished() as app:
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
@pytest.mark.parametrize(("path", "method"), operations())
def test_it_answers_as_its_document_says(interface: BaseSchema, path: str, method: str, mode: GenerationMode) -> None:
    operation = interface[path][method.upper()]

    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def answers(case: Case, known: bool) -> None:
        if known:
            case.path_parameters.update({name: KNOWN[name] for name in case.path_parameters if name in KNOWN})
        case.call_and_validate(checks=CHECKS)

    try:
        answers()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "a route without parameters takes no bad ones"
