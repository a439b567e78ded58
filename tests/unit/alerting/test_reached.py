"""Alerting says in the ledger who is reached, when it changes and from time to time."""

from pathlib import Path

import pytest

from services.alerting.reached import AGAIN_S, OnCallWatch
from services.alerting.service import plan_of
from services.ledger import Database, EndpointNow, EndpointRepository, OnCallRepository
from services.runtime.clock import VirtualClock
from tests.unit.alerting.test_shifts import ROSTER, at, told

pytestmark = pytest.mark.unit


def test_it_says_who_has_the_shift_and_says_it_again_while_it_holds(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "shifts.toml"
    file.write_text(ROSTER)
    clock = VirtualClock(at("2026-01-30T10:00"))
    watch = OnCallWatch(database, clock, plan_of(told(file)).chains)

    def known() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], float]:
        with database.read() as connection:
            (one, said_at), _ = OnCallRepository(connection).all()
        return one.steps[0].people, one.steps[0].channels, one.steps[0].not_now, said_at

    watch.look()
    first = clock.now()
    assert known() == (("Ana",), ("ana",), (), first)
    clock.advance(10)
    watch.look()
    assert known()[-1] == first
    clock.advance(AGAIN_S)
    watch.look()
    assert known()[-1] == clock.now()
    with database.write() as connection:
        EndpointRepository(connection).save(EndpointNow("ana", disabled_at=clock.now(), why="410"), clock.now())
    clock.advance(1)
    watch.look()
    assert known() == (("Ana",), (), ("ana",), clock.now())
    clock.advance(5 * 3600)
    watch.look()
    assert known()[:2] == ((), ("lead",))
