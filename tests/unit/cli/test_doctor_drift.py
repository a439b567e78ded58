"""The doctor asks an agent that runs here whether its cameras' clocks keep pace."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Gauge

from services.cli import doctor_drift
from services.runtime.findings import Finding, Grade
from services.runtime.health import HealthServer

pytestmark = pytest.mark.unit


@pytest.fixture
def agent() -> Iterator[tuple[Gauge, int]]:
    """The drift that an agent tells, and where."""
    registry = CollectorRegistry()
    drift = Gauge("attune_edge_stream_drift_ratio", "as the agent tells it", ["camera"], registry=registry)
    server = HealthServer("127.0.0.1", 0, registry)
    server.start()
    yield drift, server.port
    server.close()


def found(port: int) -> list[Finding]:
    return list(doctor_drift.look({"health_port": port}))


def test_it_names_the_cameras_whose_clocks_stray(agent: tuple[Gauge, int]) -> None:
    drift, port = agent
    for camera, ratio in (("hall", 0.0008), ("room 12", -0.001), ("stairs", 0.00002)):
        drift.labels(camera).set(ratio)
    assert [(one.what, one.grade, one.found) for one in found(port)] == [
        ("clock of camera hall", Grade.NOTE, "its stream runs 2.9 s an hour slow"),
        ("clock of camera room 12", Grade.NOTE, "its stream runs 3.6 s an hour fast"),
    ]


def test_it_says_in_one_line_that_all_keep_pace(agent: tuple[Gauge, int]) -> None:
    drift, port = agent
    drift.labels("hall").set(0.00005)
    drift.labels("stairs").set(-0.00001)
    assert [(one.grade, one.found) for one in found(port)] == [(Grade.GOOD, "2 followed, 0.18 s an hour at most")]


def test_it_says_nothing_where_no_agent_runs_or_none_has_heard_a_stream_for_long(agent: tuple[Gauge, int]) -> None:
    assert found(agent[1]) == []
    assert found(1) == []
