"""A person lets a tier-1 threshold rise: once, at a recorded position, as they saw it, and through a kill."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Row, select

from services.ledger.approving import NotProposed, approve, proposed
from services.ledger.audit import AuditRepository
from services.ledger.inbox import InboxRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.tables import audit
from services.ledger.topics import THRESHOLD_APPROVED
from services.vocabulary import Resident
from tests.unit.threshold.conftest import EPOCH, START, House, said, samples
from threshold_service import approve as command
from threshold_service.agent_run import APPROVALS, AgentRun
from threshold_service.approvals import Approvals

pytestmark = pytest.mark.unit
IN_FORCE, WANTED = 8.0, 11.0


def proposing(house: House, wanted: float = WANTED) -> AgentRun:
    """An agent of one resident, of whom calibration wants the composite's threshold higher than it may."""
    run = house.connect()
    run.accept(samples(1, 40))
    want(run, wanted)
    run.snapshot()
    return run


def want(run: AgentRun, wanted: float) -> None:
    history = run._engine._state.history
    history.thresholds[0, 0], history.approved[0, 0], history.usual[0, 0] = IN_FORCE, 6.0, 2.0
    history.wanted[0, 0] = wanted
    run._engine._state.stirred[:] = True  # as at a block's end


def threshold(run: AgentRun) -> float:
    return float(run._engine._state.history.thresholds[0, 0])


def approvals(house: House) -> Approvals:
    return Approvals(house.database, house.roster)


def entries(house: House, kind: str) -> "Sequence[Row[tuple[object, ...]]]":
    with house.database.read() as connection:
        assert AuditRepository(connection).verify() is None
        return connection.execute(select(audit).where(audit.c.kind == kind)).all()


def test_it_shows_what_waits_and_lets_it_rise_at_a_recorded_sample(house: House) -> None:
    run = proposing(house)
    (shown,) = proposed(house.database)
    (one,) = shown.proposals
    assert (one.rule, one.threshold, one.wanted, one.usual) == ("composite", IN_FORCE, WANTED, 2.0)
    run.accept(samples(41, 20))
    approve(house.database, "r-1", "Dr Lang", house.clock.now(), {"composite": WANTED})
    assert threshold(run) == IN_FORCE, "nothing rises before the service acts on it"
    assert approvals(house).look() == 1 and threshold(run) == WANTED
    (asked,), (raised,) = entries(house, THRESHOLD_APPROVED), entries(house, "threshold.raised")
    assert json.loads(asked.body)["by"] == "Dr Lang"
    told = json.loads(raised.body)
    assert (told["by"], told["at"], told["epoch"], told["sequence"]) == ("Dr Lang", START, EPOCH, 60)
    assert told["rules"] == {"composite": [IN_FORCE, WANTED]} and run.durable == 60
    assert proposed(house.database) == [] and approvals(house).look() == 0


def test_it_goes_on_alike_after_a_kill_right_behind_the_rise(house: House) -> None:
    run = proposing(house)
    approve(house.database, "r-1", "Dr Lang", house.clock.now())
    approvals(house).look()
    run.accept(samples(41, 100))
    before = run._engine.dump()
    house.restart()
    again = house.connect()
    assert again.durable == 40 and threshold(again) == WANTED
    again.accept(samples(41, 100))
    assert again._engine.dump() == before
    assert approvals(house).look() == 0 and len(entries(house, "threshold.raised")) == 1, "once"


def test_it_acts_after_a_kill_on_what_was_approved_before_it(house: House) -> None:
    proposing(house)
    approve(house.database, "r-1", "Dr Lang", house.clock.now())
    house.restart()
    assert approvals(house).look() == 0, "the agent is not connected"
    again = house.connect()
    assert threshold(again) == IN_FORCE
    assert approvals(house).look() == 1 and threshold(again) == WANTED


def test_it_lets_nothing_rise_farther_than_the_person_saw(house: House) -> None:
    run = proposing(house)
    with pytest.raises(NotProposed, match="look again"):
        approve(house.database, "r-1", "Dr Lang", house.clock.now(), {"composite": WANTED - 0.1})
    with pytest.raises(NotProposed, match="look again"):
        approve(house.database, "r-1", "Dr Lang", house.clock.now(), {"channel": 99.0})
    approve(house.database, "r-1", "Dr Lang", house.clock.now())
    want(run, WANTED + 1.0)  # a night has passed
    assert approvals(house).look() == 1 and threshold(run) == IN_FORCE
    (entry,) = entries(house, "threshold.outdated")
    assert json.loads(entry.body)["by"] == "Dr Lang"
    (again,) = proposed(house.database)
    assert again.proposals[0].wanted == WANTED + 1.0


def test_it_leaves_no_half_of_it_where_the_ledger_refuses(house: House) -> None:
    from sqlalchemy import text

    run = proposing(house)
    approve(house.database, "r-1", "Dr Lang", house.clock.now())
    with house.database.write() as connection:
        refusal = "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        connection.execute(
            text(f"CREATE TRIGGER refused BEFORE INSERT ON audit WHEN NEW.kind = 'threshold.raised' {refusal}")
        )
    assert approvals(house).look() == 0
    with house.database.write() as connection:
        connection.execute(text("DROP TRIGGER refused"))
        waiting = OutboxRepository(connection).unconsumed(THRESHOLD_APPROVED, APPROVALS, 10, START + 1)
        assert not InboxRepository(connection).handled(APPROVALS, waiting[0].id)
    house.roster.disconnect(run)
    again = house.connect()
    assert threshold(again) == IN_FORCE and approvals(house).look() == 1 and threshold(again) == WANTED


def test_it_refuses_what_nobody_proposed(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 5))
    run.snapshot()
    with pytest.raises(NotProposed, match="no threshold of 'r-1' waits"):
        approve(house.database, "r-1", "Dr Lang", START)
    with pytest.raises(NotProposed, match="no resident has the id 'r-9'") as caught:
        approve(house.database, "r-9", "Dr Lang", START)
    assert caught.value.unknown


def test_it_is_listed_and_approved_from_the_command_line(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    proposing(house)
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setattr(command, "ACTED_S", 0.0)
    assert command.main([]) == 0 and "composite" in (listed := capsys.readouterr().out) and "r-1" in listed
    assert command.main(["--json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)
    assert item["proposals"][0]["wanted"] == WANTED
    assert command.main(["--by", " ", "--", "r-1"]) == 2
    assert "--by is empty" in capsys.readouterr().err
    assert command.main(["--by", "Dr Lang", "--", "r-9"]) == 2
    assert "no resident has the id 'r-9'" in capsys.readouterr().err
    assert command.main(["--by", "Dr Lang", "--", "r-1"]) == 0
    assert "from 8 to 11" in (told := capsys.readouterr().out) and "Kept" in told
    assert approvals(house).look() == 1
    assert command.main([]) == 0 and "No threshold waits" in capsys.readouterr().out


def test_it_acts_for_the_agent_whose_resident_it_is(house: House) -> None:
    run = proposing(house)
    other = house.connect(said(Resident("r-2", "Room 2"), agent="edge-2", epoch="c3" * 16))
    assert other.residents == {"r-2"}
    approve(house.database, "r-1", "Dr Lang", house.clock.now())
    assert approvals(house).look() == 1 and threshold(run) == WANTED
