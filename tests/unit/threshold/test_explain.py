"""`attune threshold explain` on the ledger that an engine wrote: what it shows, draws, refuses and never says."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from services.ledger import Database, EventRepository
from services.ledger.explained import explained
from services.ledger.tables import events
from services.runtime.batch import Batch
from services.runtime.codec import from_json, to_json
from services.vocabulary import EMOTIONS, Budget, Event, Mode, Own, Policy, Resident, Tier, Timing, Usual, explain
from tests.unit.threshold.conftest import CHANNELS, START, House, said
from threshold_service import explain as command

pytestmark = pytest.mark.unit
LEARNED = 54 * 300 + 600
"""Seconds after which thresholds are in force."""
RISE = LEARNED + 300
PLACES = ((0.1, 0.02), (-50.0, 2.0), (0.1, 0.01))


def lived(house: House, *seats: Resident, seconds: int = RISE + 60) -> Event:
    """Five hours of an ordinary life, then movement and sound rise far beyond it."""
    rng = np.random.default_rng(1)
    middle, spread = np.array(PLACES).T
    values = rng.normal(middle, spread, (seconds, 3))
    values[RISE:] += 14 * spread
    run = house.connect(said(*seats))
    for first in range(0, seconds, 2000):
        rows = values[first : first + 2000]
        n = len(rows)
        sequences = np.arange(first + 1, first + n + 1, dtype=np.uint64)
        run.accept(
            Batch(
                sequences=sequences, seats=np.zeros(n, np.uint32), times=START + sequences.astype(float),
                values=rows.astype(np.float32), quality=np.ones(n, np.float32), persons=np.ones(n, np.int32),
            )
        )  # fmt: skip
    run.snapshot()
    return most_urgent(house)


def most_urgent(house: House) -> Event:
    return min(house.events(), key=lambda event: (event.tier.value, -event.opened_at))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of one resident's five hours, lived once."""
    folder = tmp_path_factory.mktemp("lived")
    ledger = Database(f"sqlite:///{folder / 'ledger.db'}")
    ledger.migrate()
    lived(House(ledger))
    ledger.close()
    return folder / "ledger.db"


@pytest.fixture
def database(tmp_path: Path, learned: Path) -> Iterator[Database]:
    (tmp_path / "ledger.db").write_bytes(learned.read_bytes())
    ledger = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield ledger
    ledger.close()


@pytest.fixture
def event(house: House) -> Event:
    """What was found in those hours."""
    return most_urgent(house)


@pytest.fixture
def ask(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setenv("ATTUNE_HISTORY_FOLDER", str(tmp_path / "history"))

    def asked(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = command.main(arguments)
        out = capsys.readouterr()
        return code, out.out, out.err

    return asked


Ask = Callable[..., tuple[int, str, str]]


def test_it_shows_every_term_and_parameter_and_draws_them(event: Event, ask: Ask, tmp_path: Path) -> None:
    assert event.tier is Tier.IMMEDIATE
    code, text, err = ask(event.id, f"--plot={tmp_path / 'event.png'}")
    assert code == 0
    assert "provisional; calibration" in text and Policy().version in text and "budget 1.4, 4.9, 50" in text
    for rule in ("composite", "channel", "sustained", "volatility", "mild", "drift", "cue"):
        assert re.search(rf"│ {rule} +│ +[123] ", text), rule
    for term in event.terms:
        assert re.search(rf"│ {term.name} +│", text), term
    assert "what was usual then (from score history)" in re.sub(r"\s+", " ", text)
    assert re.search(r"│ rapid escalation +│", text) and "not recorded" not in text
    assert "plotted: score and 2 channels" in err
    assert (tmp_path / "event.png").read_bytes().startswith(b"\x89PNG")


def test_it_tells_programs_the_same_numbers(event: Event, ask: Ask) -> None:
    code, text, _ = ask(event.id, "--json")
    told = json.loads(text)
    assert code == 0
    readings = {one["reason"]: one for one in told["calibration"]["readings"]}
    assert told["composite"] == pytest.approx(readings["composite"]["score"])
    assert told["score"] == readings[event.reason.value]["score"] == event.score
    assert told["times"] == pytest.approx(event.score / event.threshold) and told["times"] > 1
    spoke = readings[event.reason.value]
    assert (spoke["threshold"], spoke["provisional"]) == (event.threshold, told["provisional"])
    assert readings["composite"]["weekly"] == pytest.approx(0.2 * Policy().budget.tier1)
    usual = {one["channel"]: one for one in told["usual"]}
    assert usual["motion.erratic"]["level"] == pytest.approx(0.1, abs=0.02)
    likeness = [one["log_odds"] for one in told["calibration"]["resembles"]]
    assert len(likeness) == 6 and likeness == sorted(likeness, reverse=True)
    assert likeness[0] == pytest.approx(readings["escalation"]["score"]), "the likeliest kind is what the rule looks at"
    assert told["calibration"]["watched_s"] >= 48 * 300 and told["calibration"]["standing"] == "usable"


def test_it_says_no_word_of_emotion_about_who_did_not_consent(event: Event, ask: Ask) -> None:
    code, text, _ = ask(event.id)
    machine = ask(event.id, "--json")[1]
    assert code == 0
    for word in (*EMOTIONS, "emotion", "valence", "arousal"):
        assert word not in text and word not in machine, word
    # also where an older event says one: what the resident's mode forbids is left out
    forbidden = replace(event.deviations[0], channel="emotion.fear")
    known = explain(replace(event, deviations=(forbidden, *event.deviations)), (Usual("emotion.fear", 0.1, 0.1),))
    assert "emotion" not in to_json(known)


def test_it_tells_what_the_policy_says_of_this_resident_and_of_no_other(event: Event) -> None:
    mine = Own("r-1", Budget(0.5, 2.0, 9.0), Timing(), 0.9, ("scream",))
    theirs = replace(mine, resident="r-2", private=("08:00-09:00",))
    policy = replace(Policy(), residents=(mine, theirs))
    known = explain(replace(event, policy_version=policy.version), policies=(policy,))
    assert known.policy is not None and known.policy.budget.tier1 == 0.5
    assert "r-2" not in to_json(known) and "08:00" not in to_json(known)


def test_it_calls_a_fixed_threshold_not_provisional(event: Event) -> None:
    assert explain(event).provisional
    assert explain(replace(event, threshold=event.threshold / 2)).provisional is False


def test_it_shows_expressions_of_who_consented(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'consented.db'}"
    monkeypatch.setenv("ATTUNE_DATABASE_URL", url)
    ledger = Database(url)
    ledger.migrate()
    event = lived(House(ledger), Resident("r-1", "Room 1", "", Mode.AFFECT, "", "consent-1"))
    ledger.close()
    assert "emotion.fear" in ask(event.id)[1]


def test_it_names_what_an_older_event_does_not_hold(event: Event, database: Database, ask: Ask) -> None:
    body = json.loads(to_json(event))
    del body["calibration"]
    body["policy_version"] = "house-3@0123456789ab"
    with database.write() as connection:
        connection.execute(update(events).where(events.c.id == event.id).values(body=json.dumps(body)))
    with database.read() as connection:
        old = EventRepository(connection).get(event.id)
    assert old is not None and old.calibration is None
    code, text, _ = ask(event.id)
    text = re.sub(r"\s+", " ", text)
    assert code == 0
    assert "whether it was provisional is not recorded" in text
    assert "What policy house-3@0123456789ab said" in text and "every rule in that second" not in text


def test_it_says_when_the_history_of_that_second_is_gone(event: Event, database: Database, tmp_path: Path) -> None:
    moved = replace(event, opened_at=event.opened_at - 90 * 86_400, updated_at=event.updated_at - 90 * 86_400, id="x")
    assert moved.calibration is not None
    moved = replace(moved, calibration=replace(moved.calibration, at=moved.opened_at))
    with database.write() as connection:
        EventRepository(connection).record(moved)
    known = explained(database, tmp_path / "history", "x", (Policy(),))
    assert known is not None and len(known.past) == 0
    assert known.explanation.usual_source == "the event"
    (gap,) = known.explanation.not_recorded
    assert "channels that did not speak" in gap


def test_it_lists_events_and_says_how_when_an_id_is_not_known(event: Event, ask: Ask) -> None:
    code, text, err = ask("no-such-event")
    assert (code, text) == (2, "") and "'no-such-event'" in err and "attune threshold events" in err
    code, text, _ = ask("--resident=r-1", "--tier=1")
    assert code == 0 and event.id in text
    assert "no event is in this ledger yet" in ask("--resident=nobody")[1]


def test_it_makes_no_ledger_where_there_is_none(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", f"sqlite:///{tmp_path / 'other' / 'ledger.db'}")
    code, _, err = ask("some-event")
    assert code == 2 and "ATTUNE_DATABASE_URL" in err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(("plot", "says"), [("event.txt", "ends in .png"), ("nowhere/event.png", "no folder")])
def test_it_refuses_a_picture_it_cannot_write_before_it_works(ask: Ask, tmp_path: Path, plot: str, says: str) -> None:
    code, text, err = ask("some-event", f"--plot={tmp_path / plot}")
    assert (code, text) == (2, "") and says in err


def test_it_keeps_a_calibration_through_text_and_back(event: Event) -> None:
    assert to_json(from_json(Event, to_json(event))) == to_json(event)
    assert event.calibration is not None and event.calibration.at >= event.opened_at
    assert CHANNELS[0] in {one.channel for one in event.deviations}
