"""One agent's run: what is recorded at once, what becomes durable, and what does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.ledger.history import window
from services.ledger.leases import LeaseLost
from services.ledger.outbox import OutboxRepository
from services.ledger.snapshots import SnapshotRepository
from services.ledger.topics import EVENT_CHANGED
from services.vocabulary import Mode, Policy, Resident, Tier
from tests.unit.threshold.conftest import CHANNELS, START, House, said, samples
from threshold_service.agent_run import RunBroken
from threshold_service.engine import Engine
from threshold_service.kept_state import Kept

pytestmark = pytest.mark.unit


def refuse_events(house: House) -> None:
    """From now on the ledger refuses every event."""
    with house.database.write() as connection:
        connection.execute(
            text("CREATE TRIGGER refused BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        )


def accept_events(house: House) -> None:
    with house.database.write() as connection:
        connection.execute(text("DROP TRIGGER refused"))


def test_it_records_an_event_at_once_and_before_anything_is_durable(house: House) -> None:
    run = house.connect()
    assert run.accept(samples(1, 30, cry=(20, 21, 22))) == 1
    (event,) = house.events()
    assert (event.tier, event.position.sequence, run.durable) == (Tier.IMMEDIATE, event.opened_at - START, 0)
    with house.database.read() as connection:
        assert len(OutboxRepository(connection).unconsumed(EVENT_CHANGED, "nobody", 10, START + 1)) == 1


def test_it_swallows_no_event_that_the_ledger_refused(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 10))
    run.snapshot()
    refuse_events(house)
    with pytest.raises(DBAPIError):
        run.accept(samples(11, 20, cry=(20, 21, 22)))
    with pytest.raises(RunBroken, match="send what follows sample 10"):
        run.snapshot()
    with pytest.raises(RunBroken):
        run.accept(samples(31, 10))
    accept_events(house)
    house.roster.disconnect(run)
    assert house.events() == []
    again = house.connect()
    assert again.durable == 10
    assert again.accept(samples(11, 20, cry=(20, 21, 22))) == 1
    (event,) = house.events()
    assert event.open and event.tier is Tier.IMMEDIATE


def test_it_gives_the_lease_of_a_broken_run_back(house: House) -> None:
    run = house.connect()
    refuse_events(house)
    with pytest.raises(DBAPIError):
        run.accept(samples(1, 30, cry=(20, 21, 22)))
    run.close()
    with house.database.read() as connection:
        assert connection.scalar(text("SELECT expires_at FROM leases WHERE agent = 'edge-1'")) == 0.0
        assert SnapshotRepository(connection).latest("edge-1") is None


def test_it_passes_over_samples_that_were_judged(house: House) -> None:
    run = house.connect()
    assert run.accept(samples(1, 30, cry=(20, 21, 22))) == 1
    assert run.accept(samples(1, 30, cry=(20, 21, 22))) == 0
    assert run.snapshot() == 30


def test_it_counts_what_became_of_each_sample(house: House) -> None:
    def counted() -> dict[str, float]:
        fates = ("judged", "crowded", "late", "unreadable", "repeated")
        return {one: REGISTRY.get_sample_value("attune_threshold_samples_total", {"fate": one}) or 0.0 for one in fates}

    run, before = house.connect(), counted()
    run.accept(samples(1, 10))
    late, unreadable = samples(11, 2), samples(13, 1)
    run.accept(replace(late, times=late.times - 5.0))
    run.accept(replace(unreadable, times=np.array([np.nan])))
    run.accept(samples(9, 2))
    found = {fate: count - before[fate] for fate, count in counted().items()}
    assert found == {"judged": 10.0, "crowded": 0.0, "late": 2.0, "unreadable": 1.0, "repeated": 2.0}


def test_it_judges_only_the_end_of_a_batch_whose_beginning_it_knows(house: House, tmp_path: Path) -> None:
    run = house.connect()
    run.accept(samples(1, 20))
    assert run.accept(samples(11, 20, cry=(12, 13, 22, 23))) == 1
    (event,) = house.events()
    assert event.position.sequence == 23
    run.snapshot()
    assert len(window(house.database, tmp_path, "r-1", START, START + 60)) == 30


def test_it_tells_nothing_twice_after_a_kill(house: House) -> None:
    house.connect().accept(samples(1, 30, cry=(20, 21, 22)))
    told = house.events()
    house.restart()
    house.connect().accept(samples(1, 30, cry=(20, 21, 22)))
    assert house.events() == told and house.conflicts() == 0


def test_it_makes_nothing_durable_on_a_stream_that_was_replaced_while_the_ledger_was_away(house: House) -> None:
    old = house.connect()
    old.accept(samples(1, 100))
    with house.database.write() as connection:
        refusal = "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        connection.execute(text(f"CREATE TRIGGER refused BEFORE UPDATE ON leases {refusal}"))
    with pytest.raises(DBAPIError):
        house.connect()
    with house.database.write() as connection:
        connection.execute(text("DROP TRIGGER refused"))
    new = house.connect()
    new.accept(samples(1, 300))
    assert new.snapshot() == 300
    with pytest.raises(RunBroken, match="connected anew"):
        old.accept(samples(101, 50))
    with pytest.raises(RunBroken):
        old.snapshot()
    with house.database.read() as connection:
        kept = SnapshotRepository(connection).latest("edge-1")
    assert kept is not None and kept.sequence == 300


def test_it_stops_when_another_replica_has_the_agent(house: House) -> None:
    run = house.connect()
    house.restart()
    house.connect()
    with pytest.raises(LeaseLost):
        run.accept(samples(1, 30, cry=(20, 21, 22)))
    run.close()
    assert house.events() == []


def test_it_learns_anew_from_a_state_that_it_cannot_read(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    run = house.connect()
    run.accept(samples(1, 40))
    house.roster.disconnect(run)
    for spoil in (
        lambda blob: blob[:7] + b"\x63\x00" + blob[9:],
        lambda blob: blob.replace(b'"heard"', b'"hoard"'),
        lambda blob: blob[:-9],
    ):
        with house.database.write() as connection:
            kept = SnapshotRepository(connection).latest("edge-1")
            assert kept is not None
            SnapshotRepository(connection).save("edge-1", kept.epoch, kept.sequence, spoil(kept.blob), START)
        run = house.connect()
        assert run.durable == kept.sequence
        assert "cannot be read" in capsys.readouterr().out
        run.accept(samples(kept.sequence + 1, 5))
        house.roster.disconnect(run)


def test_it_makes_both_parts_of_a_state_durable_or_neither(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 310))
    run.snapshot()
    with house.database.write() as connection:
        refusal = "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        connection.execute(text(f"CREATE TRIGGER refused BEFORE UPDATE ON snapshot_parts {refusal}"))
    run.accept(samples(311, 310))
    with pytest.raises(DBAPIError):
        run.snapshot()
    with house.database.read() as connection:
        kept = SnapshotRepository(connection).latest("edge-1")
    assert kept is not None and kept.sequence == run.durable == 310 and kept.parts["r-1"][0] == 1
    with house.database.write() as connection:
        connection.execute(text("DROP TRIGGER refused"))
    assert run.snapshot() == 620
    with house.database.read() as connection:
        kept = SnapshotRepository(connection).latest("edge-1")
    assert kept is not None and kept.parts["r-1"][0] == 3, "what was not kept is handed out again"
    assert Engine.joined(Kept(kept.blob, kept.parts), Policy())[1] == 0


def test_it_learns_a_resident_anew_whose_slow_part_is_gone_and_says_so(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    run = house.connect()
    run.accept(samples(1, 310))
    house.roster.disconnect(run)
    with house.database.write() as connection:
        connection.execute(text("DELETE FROM snapshot_parts"))
    assert house.connect().durable == 310
    told = capsys.readouterr().out
    assert "kept state of some residents cannot be read" in told and "r-1" not in told


def test_it_keeps_nothing_of_a_resident_who_left(house: House) -> None:
    run = house.connect(said(Resident("r-1", "Room 1"), Resident("r-2", "Room 2")))
    run.accept(samples(1, 310))
    run.accept(samples(311, 310, seat=1))
    house.roster.disconnect(run)
    house.connect(said(Resident("r-2", "Room 2"))).snapshot()
    with house.database.read() as connection:
        kept = SnapshotRepository(connection).latest("edge-1")
    assert kept is not None and set(kept.parts) == {"r-2"}


def test_it_keeps_no_history_of_what_a_resident_did_not_consent_to(house: House, tmp_path: Path) -> None:
    plain, consenting = Resident("r-1", "Room 1"), Resident("r-2", "Room 2", mode=Mode.AFFECT, consent="paper 7")
    run = house.connect(said(plain, consenting))
    run.accept(samples(1, 5))
    run.accept(samples(6, 5, seat=1))
    run.snapshot()
    seen = window(house.database, tmp_path, "r-2", START, START + 60)
    assert set(seen.channels) == set(CHANNELS) and np.isfinite(seen.values).all()
    forbidden = window(house.database, tmp_path, "r-1", START, START + 60)
    assert len(forbidden) == 5
    assert "emotion.fear" not in forbidden.channels and "motion.erratic" in forbidden.channels


def test_it_tells_the_local_time_that_the_agent_says_now(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 10))
    house.roster.disconnect(run)
    house.connect(said(time_zone="Asia/Kolkata")).accept(samples(11, 20, cry=(20, 21, 22)))
    (event,) = house.events()
    assert event.evidence.time_of_day == "20:37"  # 15:07 in UTC


def test_it_shares_what_a_facility_teaches_and_remembers_it(house: House) -> None:
    one = house.connect()
    assert house.roster.share() == 0, "one agent learns from its own"
    other = house.connect(said(Resident("r-2", "Room 2"), agent="edge-2"))
    one.accept(samples(1, 40))
    assert house.roster.share() == 2
    assert one.durable == 40
    other.accept(samples(1, 40))
    house.restart()
    assert house.connect(said(Resident("r-2", "Room 2"), agent="edge-2")).durable == 0
    assert house.conflicts() == 0
