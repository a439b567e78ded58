"""Nobody is heard without figures, without a person, or by gates that tell of other times. Kind: unit."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.ledger import Database
from services.vocabulary import AdapterReport, AdapterState, MoveCause
from tests.unit.vlm.adapters.test_registry import Hands, database, step
from tests.unit.vlm.bundles import BASE, sealed
from vlm_service.adapters.hearing import Hearing
from vlm_service.adapters.intake import Intake
from vlm_service.adapters.policy import read_policy
from vlm_service.adapters.registry import Registry
from vlm_service.adapters.states import IllegalStep
from vlm_service.adapters.store import Store
from vlm_service.adapters.trust import Trust
from vlm_service.bundle import NotSigned, Server, make_keys, seal
from vlm_service.dialogue import prompt_version

__all__ = ["database"]
pytestmark = pytest.mark.unit
S = AdapterState
POLICY = read_policy()
Push = Callable[..., str]


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database, Hands())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    store.open()
    return store


def trusting(store: Store, key: Path | None = None) -> Trust:
    return Trust(store, Server(BASE), key)


@pytest.fixture
def hearing(registry: Registry, store: Store) -> Hearing:
    return Hearing(registry, store, POLICY, trusting(store))


@pytest.fixture
def push(registry: Registry, store: Store, tmp_path: Path) -> Push:
    """A probed version with passed gates; `report` replaces parts of what they say, other words parts of its card."""

    def pushed(seed: int = 0, report: dict[str, Any] | None = None, **card: Any) -> str:
        bundle = sealed(tmp_path / f"b{seed}", seed, **card)
        store.keep(bundle.folder, bundle.served_name)
        version, _ = registry.pushed(bundle.card.name, bundle.manifest.digest, "Ana")
        for after in (S.VERIFIED, S.PROBED):
            registry.move(version.served_name, step(after, MoveCause.CHECKED))
        said = {"policy": POLICY.digest, "prompt": prompt_version(), "beside": ""} | (report or {})
        registry.report(AdapterReport(version.served_name, "gates", 0.0, True, json.dumps(said)))
        return version.served_name

    return pushed


def test_it_lets_be_heard_what_was_evaluated_approved_and_judged_as_things_are(hearing: Hearing, push: Push) -> None:
    hearing.check(push())


def test_it_refuses_what_nobody_evaluated_in_words(hearing: Hearing, push: Push) -> None:
    with pytest.raises(IllegalStep, match=r"no figures of an evaluation: run `attune train evaluate`.*may be a shadow"):
        hearing.check(push(evaluation=[]))


def test_it_refuses_what_nobody_answers_for_until_somebody_does(
    hearing: Hearing, push: Push, registry: Registry
) -> None:
    name = push(approved_by=" ")
    with pytest.raises(IllegalStep, match=f"nobody answers for it: `attune adapters approve {name}"):
        hearing.check(name)
    registry.approve(name, "Dr Lang", "read its evaluation")
    hearing.check(name)


def test_a_facility_may_ask_for_neither(registry: Registry, store: Store, push: Push) -> None:
    gates = POLICY.gates.model_copy(update={"evaluated": False, "approved": False})
    easy = POLICY.model_copy(update={"gates": gates})
    Hearing(registry, store, easy, trusting(store)).check(push(evaluation=[], approved_by=""))


@pytest.mark.parametrize(
    ("report", "says"),
    [
        ({"policy": "000000000000"}, "judged by the policy 000000000000"),
        ({"prompt": "p0"}, "judged with the prompt p0"),
        ({"beside": "calm@0"}, "judged beside calm@0, and the base model is heard"),
    ],
)
def test_it_refuses_a_report_of_other_times_and_says_how_it_is_judged_again(
    hearing: Hearing, push: Push, report: dict[str, str], says: str
) -> None:
    name = push(report=report)
    with pytest.raises(IllegalStep, match=says) as refused:
        hearing.check(name)
    assert f"attune adapters judge {name}" in str(refused.value)


def test_a_retired_version_returns_only_as_judged_beside_who_is_heard_now(
    hearing: Hearing, push: Push, registry: Registry
) -> None:
    one, two = push(1), push(2)
    for name in (one, two):
        registry.move(name, step(S.ACTIVE))
    with pytest.raises(IllegalStep, match=f"beside the base model, and {two} is heard"):
        hearing.check(one)


def test_the_active_one_is_outdated_by_policy_and_prompt_and_not_by_itself(
    hearing: Hearing, push: Push, registry: Registry
) -> None:
    name = push(report={"beside": "before@0"})
    registry.move(name, step(S.ACTIVE))
    assert hearing.outdated(name) == ""
    said = {"policy": POLICY.digest, "prompt": "p0", "beside": ""}
    registry.report(AdapterReport(name, "gates", 1.0, True, json.dumps(said)))
    assert "with the prompt p0" in hearing.outdated(name)


def test_it_says_that_files_are_gone(hearing: Hearing, push: Push, store: Store) -> None:
    name = push()
    store.forget(store.place(name))
    with pytest.raises(IllegalStep, match="push it again"):
        hearing.check(name)


def test_one_that_was_pushed_before_there_was_a_key_is_not_heard_until_the_same_contents_come_signed(
    registry: Registry, store: Store, push: Push, tmp_path: Path
) -> None:
    name = push()
    make_keys(tmp_path / "a.key", tmp_path / "a.pub")
    trust = trusting(store, tmp_path / "a.pub")
    hearing = Hearing(registry, store, POLICY, trust)
    with pytest.raises(IllegalStep, match=r"bundle.sig: missing.*`attune adapters seal FOLDER --key.*push it again"):
        hearing.check(name)
    with pytest.raises(IllegalStep, match="cannot be heard"):
        hearing.check_trust(name)
    assert "missing" in hearing.untrusted(name)
    intake = Intake(store, registry, trust)
    with pytest.raises(NotSigned):
        intake.take(packed(sealed(tmp_path / "again").folder), "Ana")
    seal(tmp_path / "again", tmp_path / "a.key")
    assert intake.take(packed(tmp_path / "again"), "Ana")[0].served_name == name
    hearing.check(name)
    assert hearing.untrusted(name) == "" and registry.reports(name)["signed"].passed


def test_one_that_was_signed_by_a_key_that_is_trusted_no_more_is_not_heard(
    registry: Registry, store: Store, push: Push, tmp_path: Path
) -> None:
    for key in "ab":
        make_keys(tmp_path / f"{key}.key", tmp_path / f"{key}.pub")
    name = push()
    seal(store.place(name), tmp_path / "a.key")
    Hearing(registry, store, POLICY, trusting(store, tmp_path / "a.pub")).check(name)
    with pytest.raises(IllegalStep, match=r"not of the key b\.pub"):
        Hearing(registry, store, POLICY, trusting(store, tmp_path / "b.pub")).check(name)


def packed(folder: Path) -> Path:
    archive = folder.with_suffix(".tar")
    with tarfile.open(archive, "w") as tar:
        for file in sorted(folder.iterdir()):
            tar.add(file, file.name)
    return archive
