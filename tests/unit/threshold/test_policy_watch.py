"""A changed policy file is followed at a recorded position, or refused while the old one stays in force."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from services.ledger.audit import AuditRepository
from services.ledger.policies import PolicyRepository
from services.ledger.tables import audit
from services.runtime.settings import SettingError
from services.vocabulary import Policy
from tests.unit.threshold.conftest import EPOCH, House, said, samples
from threshold_service.policy import parsed
from threshold_service.policy_watch import PolicyWatch, approved

pytestmark = pytest.mark.unit
STRICTER = 'name = "ward"\n[budget]\ntier1 = 3.0\n'
LOOSER = 'name = "ward"\n[budget]\ntier1 = 0.5\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "policy.toml").write_text("")
    return tmp_path / "policy.toml"


def test_it_follows_a_changed_file_at_a_recorded_position(house: House, file: Path) -> None:
    run, watch = house.connect(), PolicyWatch(file, house.roster)
    run.accept(samples(1, 40))
    assert not watch.look(), "the file says what is in force"
    file.write_text(STRICTER)
    assert watch.look() and not watch.look()
    after = parsed(STRICTER, "x").version
    assert house.roster.policy.version == after and run.durable == 40 and watch.problem() == ""
    with house.database.read() as connection:
        (entry,) = connection.execute(select(audit).where(audit.c.kind == "policy.followed"))
        assert AuditRepository(connection).verify() is None
    told = json.loads(entry.body)
    assert (told["epoch"], told["sequence"], told["before"], told["after"]) == (EPOCH, 40, Policy().version, after)


def test_the_ledger_knows_what_is_in_force_as_soon_as_somebody_is_judged(house: House, file: Path) -> None:
    house.connect()
    with house.database.read() as connection:
        assert PolicyRepository(connection).in_force() == Policy()
    house.clock.advance(5.0)
    file.write_text(STRICTER)
    assert PolicyWatch(file, house.roster).look()
    with house.database.read() as connection:
        assert PolicyRepository(connection).in_force() == parsed(STRICTER, "x")


def test_it_judges_by_the_new_policy_from_the_next_sample_on(house: House, file: Path) -> None:
    run, watch = house.connect(), PolicyWatch(file, house.roster)
    file.write_text('alarm_cues = ["scream"]\napproved_by = "Dr Lang"\n')
    assert watch.look()
    assert run.accept(samples(1, 40, cry=(20, 21, 22))) == 0
    file.write_text('alarm_cues = ["scream", "cry"]\n')
    assert watch.look()
    assert run.accept(samples(41, 40, cry=(60, 61, 62))) == 1
    (event,) = house.events()
    assert event.policy_version == house.roster.policy.version


def test_it_goes_on_alike_after_a_kill_right_behind_the_change(house: House, file: Path) -> None:
    run, watch = house.connect(), PolicyWatch(file, house.roster)
    run.accept(samples(1, 40, cry=(30, 31, 32)))
    file.write_text(STRICTER)
    watch.look()
    run.accept(samples(41, 100))
    before = house.events()
    house.restart(parsed(STRICTER, "x"))
    again = house.connect()
    assert again.durable == 40
    again.accept(samples(41, 100))
    assert house.events() == before and house.conflicts() == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("budgett = 1", "unknown key 'budgett'"),
        (LOOSER, "makes tier 1 speak less often (budget.tier1 from 1.4 to 0.5): set approved_by"),
        ("[budget", "policy.toml"),
    ],
)
def test_it_keeps_the_policy_in_force_and_says_why(
    house: House, file: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    watch = PolicyWatch(file, house.roster)
    file.write_text(text)
    assert not watch.look()
    assert says in watch.problem() and "stays in force" in watch.problem()
    assert house.roster.policy == Policy() and "policy file refused" in capsys.readouterr().out
    assert not watch.look() and capsys.readouterr().out == "", "it says so once"
    file.write_text("")
    assert not watch.look() and watch.problem() == ""


def test_it_says_that_the_file_is_gone(house: House, file: Path) -> None:
    watch = PolicyWatch(file, house.roster)
    watch.look()
    file.unlink()
    assert not watch.look() and "stays in force" in watch.problem()


def test_it_loosens_tier_1_when_somebody_answers_for_it(house: House, file: Path) -> None:
    watch = PolicyWatch(file, house.roster)
    file.write_text('approved_by = "Dr Lang"\n' + LOOSER)
    assert watch.look() and house.roster.policy.budget.tier1 == 0.5


def test_it_refuses_to_start_looser_than_shipped_without_a_name() -> None:
    with pytest.raises(SettingError, match="approved_by"):
        approved(Policy(), parsed(LOOSER, "x"), "x")
    approved(Policy(), parsed(STRICTER, "x"), "x")


def test_it_lets_an_agent_connect_anew_that_could_not_follow(house: House, file: Path) -> None:
    from threshold_service.agent_run import RunBroken

    run, watch = house.connect(), PolicyWatch(file, house.roster)
    run.give_up()
    file.write_text(STRICTER)
    assert watch.look()
    with pytest.raises(RunBroken):
        run.accept(samples(1, 5))
    assert house.connect(said()).accept(samples(1, 40, cry=(30, 31, 32))) == 1
    assert house.events()[0].policy_version == house.roster.policy.version


def test_it_looks_until_it_is_stopped(house: House, file: Path) -> None:
    async def live() -> None:
        stop = asyncio.Event()
        going = asyncio.create_task(PolicyWatch(file, house.roster).run(stop, 0.01))
        while house.roster.policy == Policy():
            assert not going.done()
            await asyncio.sleep(0.01)
        stop.set()
        await going

    file.write_text(STRICTER)
    asyncio.run(asyncio.wait_for(live(), 20.0))
