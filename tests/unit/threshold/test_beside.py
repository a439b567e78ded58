"""History that is written beside judging: complete, durable before it is acknowledged, and no reason to lose any."""

import threading
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from services.ledger.history import window
from services.ledger.leases import LeaseLost
from services.ledger.tables import history_tail
from tests.unit.threshold.conftest import SECONDS, START, House, samples
from threshold_service import agent_run
from threshold_service.agent_run import AgentRun, RunBroken

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred rows are enough."""
    monkeypatch.setattr(agent_run, "enough", lambda residents: 100 * residents)


def blocks(house: House) -> int:
    with house.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(history_tail)) or 0


def refuse(house: House) -> None:
    with house.database.write() as connection:
        connection.execute(
            text("CREATE TRIGGER refused BEFORE INSERT ON history_tail BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        )


def allow(house: House) -> None:
    with house.database.write() as connection:
        connection.execute(text("DROP TRIGGER refused"))


def live(run: AgentRun, first: int, last: int, each: int = 60) -> None:
    for start in range(first, last + 1, each):
        run.accept(samples(start, min(each, last + 1 - start)))


def test_it_writes_before_the_snapshot_what_comes_faster_and_keeps_every_second(house: House, tmp_path: Path) -> None:
    run = house.connect()
    live(run, 1, 420)
    run._written()
    assert blocks(house) > 0 and run.durable == 0, "written is not yet durable: the state is not"
    assert run.snapshot() == 420
    seen = window(house.database, tmp_path, "r-1", START, START + 1000)
    assert seen.time.tolist() == [START + k for k in range(1, 421)]
    kept = [list(seen.channels).index(name) for name in ("motion.erratic", "audio.loudness")]
    np.testing.assert_array_equal(seen.values[:, kept], SECONDS[1:421, :2].astype(np.float32))


def test_it_acknowledges_nothing_whose_history_could_not_be_written(house: House, tmp_path: Path) -> None:
    run = house.connect()
    run.accept(samples(1, 50))
    assert run.snapshot() == 50
    refuse(house)
    run.accept(samples(51, 100))
    with pytest.raises(DBAPIError):
        run.snapshot()
    allow(house)
    with pytest.raises(RunBroken, match="send what follows sample 50"):
        run.snapshot()
    with pytest.raises(RunBroken):
        run.accept(samples(151, 10))
    house.roster.disconnect(run)
    again = house.connect()
    assert again.durable == 50
    live(again, 51, 160)
    assert again.snapshot() == 160
    assert len(window(house.database, tmp_path, "r-1", START, START + 1000)) == 160


def test_it_breaks_off_at_the_next_rows_where_those_before_could_not_be_written(house: House) -> None:
    run = house.connect()
    refuse(house)
    run.accept(samples(1, 100))
    with pytest.raises(DBAPIError):
        live(run, 101, 300)
    with pytest.raises(RunBroken):
        run.snapshot()


def test_it_writes_nothing_beside_once_another_replica_has_the_agent(house: House) -> None:
    run = house.connect()
    house.restart()
    house.connect()
    run.accept(samples(1, 100))
    with pytest.raises(LeaseLost):
        run._written()
    assert blocks(house) == 0


def test_it_tells_every_second_once_after_a_kill_between_history_and_snapshot(house: House, tmp_path: Path) -> None:
    run = house.connect()
    run.accept(samples(1, 40))
    run.snapshot()
    live(run, 41, 200)
    run._written()
    before = blocks(house)
    house.restart()
    again = house.connect()
    assert again.durable == 40
    live(again, 41, 240)
    again.snapshot()
    assert blocks(house) > before
    seen = window(house.database, tmp_path, "r-1", START, START + 1000)
    assert seen.time.tolist() == [START + k for k in range(1, 241)]


def test_it_waits_for_the_rows_before_so_that_a_slow_ledger_is_not_outrun(house: House) -> None:
    run = house.connect()
    held, judged = threading.Event(), threading.Event()
    with house.database.write():
        run.accept(samples(1, 100))

        def on() -> None:
            run.accept(samples(101, 100))
            judged.set()
            held.wait(10)

        going = threading.Thread(target=on)
        going.start()
        assert not judged.wait(0.2), "the rows before are not written: these have to wait"
    assert judged.wait(10)
    held.set()
    going.join()
    assert run.snapshot() == 200


def test_it_makes_nothing_durable_again_when_nothing_was_judged_since(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 20))
    run.snapshot()
    with house.database.write() as connection:
        connection.execute(
            text("CREATE TRIGGER refused BEFORE UPDATE ON snapshots BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        )
    house.roster.disconnect(run)
    with house.database.read() as connection:
        assert connection.scalar(text("SELECT expires_at FROM leases WHERE agent = 'edge-1'")) == 0.0
