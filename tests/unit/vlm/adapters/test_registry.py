"""A version takes its steps in order, one holds each place, and the audit chain has all of it."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.ledger import AuditRepository, Database
from services.ledger.tables import audit
from services.vocabulary import AdapterReport, AdapterState, AdapterVersion, MoveCause
from vlm_service.adapters.registry import Registry, Step, Unknown
from vlm_service.adapters.states import STEPS, IllegalStep, check_step

pytestmark = pytest.mark.unit
S = AdapterState


class Hands:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        self.time += 1.0
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/a.db")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database, Hands())


def step(after: AdapterState, cause: MoveCause = MoveCause.CHOSEN, **more: object) -> Step:
    return Step(after, cause, "Ana Ruiz", "a test", **more)  # type: ignore[arg-type]


def probed(registry: Registry, digest: str, gates: bool | None = True, name: str = "agitation") -> AdapterVersion:
    version, _ = registry.pushed(name, digest * 64, "Ana Ruiz")
    for after in (S.VERIFIED, S.PROBED):
        version = registry.move(version.served_name, step(after, MoveCause.CHECKED))
    if gates is not None:
        registry.report(AdapterReport(version.served_name, "gates", 0.0, gates, "{}"))
    return version


def test_it_takes_a_version_from_push_to_active_and_keeps_who_and_why(registry: Registry, database: Database) -> None:
    one = probed(registry, "a")
    registry.move(one.served_name, step(S.SHADOW))
    registry.move(one.served_name, step(S.CANARY, share=0.1))
    assert registry.find("canary").share == 0.1
    active = registry.move(one.served_name, step(S.ACTIVE))
    assert (active.state, active.share) == (S.ACTIVE, 0.0)
    states = [move.after for move in registry.history(one.served_name)]
    assert states == [S.UPLOADED, S.VERIFIED, S.PROBED, S.SHADOW, S.CANARY, S.ACTIVE]
    with database.read() as connection:
        told = [
            json.loads(row) for row in connection.scalars(select(audit.c.body).where(audit.c.kind == "adapter.moved"))
        ]
        assert AuditRepository(connection).verify() is None
    assert [move["after"] for move in told] == [state.value for state in states]
    assert {move["by"] for move in told} == {"Ana Ruiz"} and told[-1]["why"] == "a test"


@pytest.mark.parametrize("before", [None, *S])
@pytest.mark.parametrize("after", list(S))
def test_it_takes_the_listed_steps_and_says_which_there_are(before: AdapterState | None, after: AdapterState) -> None:
    if after in STEPS[before]:
        check_step("a@0", before, after)
        return
    with pytest.raises(IllegalStep, match=f"cannot become {after.value}: expected"):
        check_step("a@0", before, after)


def test_nothing_unproven_can_be_heard() -> None:
    for heard in (S.CANARY, S.ACTIVE, S.SHADOW):
        assert {before for before, after in STEPS.items() if heard in after} <= {
            S.PROBED, S.SHADOW, S.CANARY, S.RETIRED
        }  # fmt: skip


@pytest.mark.parametrize(("gates", "says"), [(None, "not been judged yet"), (False, "did not pass its gates")])
def test_it_lets_nobody_be_heard_whose_gates_are_open_or_failed(
    registry: Registry, gates: bool | None, says: str
) -> None:
    one = probed(registry, "a", gates)
    for after in (S.ACTIVE, S.CANARY):
        with pytest.raises(IllegalStep, match=says):
            registry.move(one.served_name, step(after))
    assert registry.move(one.served_name, step(S.SHADOW)).state is S.SHADOW


def test_who_is_promoted_takes_the_place_of_the_one_before(registry: Registry) -> None:
    one, two = probed(registry, "a"), probed(registry, "b")
    registry.move(one.served_name, step(S.ACTIVE))
    registry.move(two.served_name, step(S.ACTIVE))
    assert registry.find("active").served_name == two.served_name
    assert registry.find(one.served_name).state is S.RETIRED
    assert registry.history(one.served_name)[-1].cause is MoveCause.REPLACED


def test_a_rollback_lets_the_base_speak_until_who_was_heard_before_is_brought_back(registry: Registry) -> None:
    first, second, third = (probed(registry, digest) for digest in "abc")
    for one in (first, second, third):
        registry.move(one.served_name, step(S.ACTIVE))
    registry.move(probed(registry, "d").served_name, step(S.CANARY, share=0.5))
    assert registry.roll_back("Ana Ruiz", "odd").digest.startswith("d")
    assert registry.find("active").served_name == third.served_name and registry.returning() is None
    for taken, expected in ((third, second), (second, first)):
        registry.roll_back("Ana Ruiz", "odd")
        assert registry.held(S.ACTIVE) is None
        back = registry.returning()
        assert back is not None and back.served_name == expected.served_name
        registry.bring_back(back.served_name)
        assert registry.find("active").served_name == expected.served_name
        assert registry.history(expected.served_name)[-1].why == f"in place of {taken.served_name}"
    registry.roll_back("Ana Ruiz", "odd")
    assert registry.held(S.ACTIVE) is None and registry.returning() is None
    with pytest.raises(IllegalStep, match="nothing can be taken back"):
        registry.roll_back("Ana Ruiz", "odd")
    assert {one.state for one in registry.all()} == {S.RETIRED}


def test_nobody_returns_in_place_of_one_that_was_chosen_meanwhile_or_after_a_failed_proof(registry: Registry) -> None:
    first, second, third = (probed(registry, digest) for digest in "abc")
    for one in (first, second):
        registry.move(one.served_name, step(S.ACTIVE))
    registry.roll_back("Ana Ruiz", "odd")
    registry.report(AdapterReport(first.served_name, "probe", 0.0, False, "{}"))
    assert registry.returning() is not None, "that proof failed long before"
    registry.report(AdapterReport(first.served_name, "probe", 2_000_000_000.0, False, "{}"))
    assert registry.returning() is None
    registry.move(third.served_name, step(S.ACTIVE))
    with pytest.raises(IllegalStep, match="another version was chosen"):
        registry.bring_back(first.served_name)
    registry.move(third.served_name, step(S.RETIRED))
    assert registry.returning() is None, "nobody was taken back"


def test_the_same_contents_change_nothing_and_others_are_another_version(registry: Registry) -> None:
    one = probed(registry, "a")
    assert registry.pushed("agitation", "a" * 64, "Ben") == (one, False)
    other, fresh = registry.pushed("agitation", "b" * 64, "Ben")
    assert fresh and other.served_name != one.served_name
    registry.move(other.served_name, step(S.REFUSED, MoveCause.CHECKED))
    again, fresh = registry.pushed("agitation", "b" * 64, "Ben")
    assert (again.state, fresh) == (S.UPLOADED, True)
    with pytest.raises(IllegalStep, match="share the first twelve"):
        registry.pushed("agitation", "a" * 63 + "b", "Ben")


def test_it_finds_by_a_beginning_that_means_one_alone(registry: Registry) -> None:
    one = probed(registry, "a")
    probed(registry, "b")
    assert registry.find("agitation@aa").served_name == one.served_name
    for wanted, says in (("agitation", "several begin so"), ("night", "no such version"), ("active", "no such")):
        with pytest.raises(Unknown, match=says):
            registry.find(wanted)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(S))), max_size=25))
def test_whatever_is_asked_one_holds_each_place_and_every_step_follows(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, AdapterState]]
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('r')}/a.db")
    database.migrate()
    registry = Registry(database, Hands())
    names = {digest: probed(registry, digest).served_name for digest in "abc"}
    for digest, after in asked:
        try:
            registry.move(names[digest], step(after))
        except IllegalStep:
            continue
    states = [version.state for version in registry.all()]
    for single in (S.ACTIVE, S.CANARY, S.SHADOW):
        assert states.count(single) <= 1
    for name in names.values():
        steps = [move.after for move in registry.history(name)]
        assert all(after in STEPS[before] for before, after in pairwise(steps))
        assert registry.find(name).state is steps[-1]
    database.close()
