"""What senses say of their own doubts reaches the event, and only where the mode allows it."""

import numpy as np
import pytest

from services.runtime.batch import Batch
from services.vocabulary import Derived, Event, Mode, Policy, Resident
from threshold_service.engine import Engine

pytestmark = pytest.mark.unit
CHANNELS = (
    "affect.valence", "audio.vocal_energy", "motion.erratic", "conflict.face-voice", "conflict.face-body",
    "uncertainty.affect.valence", "uncertainty.audio.vocal_energy",
)  # fmt: skip
USUAL = np.array([0.2, 0.05, 0.05, 0.1, 0.1, 0.02, 0.01])
SPREAD = np.array([0.1, 0.02, 0.02, 0.05, 0.05, 0.005, 0.002])
LEARNED_S, START = 17_000, 1_750_000_000.0


def shaken(mode: Mode) -> Event:
    """The first serious event of somebody whose face and voice disagree."""
    resident = Resident("r-1", "Room 1", mode=mode, consent="paper 7" if mode is Mode.AFFECT else "")
    judge = Engine(CHANNELS, (resident,), Policy(), "edge-1", "0" * 32)
    judge.continue_in("0" * 32, derived=(Derived("affect.valence", 0.06), Derived("affect.arousal", 0.06)))
    judge = Engine.load(judge.dump(), Policy())
    n = LEARNED_S + 60
    values = np.random.default_rng(1).normal(USUAL, SPREAD, (n, len(CHANNELS))).astype(np.float32)
    values[LEARNED_S:, :5] = (-0.7, 0.9, 0.8, 0.9, 0.6)
    told = judge.judge(
        Batch(
            np.arange(1, n + 1, dtype=np.uint64), np.zeros(n, np.uint32), START + np.arange(n), values,
            np.ones(n, np.float32), np.ones(n, np.int32),
        )
    )  # fmt: skip
    return next(event for event in told.events if event.opened_at >= START + LEARNED_S and event.tier <= 2)


def test_it_tells_which_senses_contradict_one_another_and_what_each_says() -> None:
    strongest, other = shaken(Mode.AFFECT).evidence.conflicts
    assert (strongest.pair, strongest.first, strongest.second) == ("face-voice", "valence -0.70", "vocal_energy 0.90")
    assert strongest.strength == pytest.approx(0.9) and other.pair == "face-body"


def test_it_tells_how_uncertain_a_channel_is_that_speaks() -> None:
    event = shaken(Mode.AFFECT)
    doubts = {trend.channel: trend.values[-1] for trend in event.evidence.trends if "uncertainty" in trend.channel}
    assert doubts["uncertainty.affect.valence"] == pytest.approx(0.02, abs=0.03)


def test_it_says_nothing_of_faces_without_consent() -> None:
    evidence = shaken(Mode.OBSERVABLES).evidence
    assert evidence.conflicts == ()
    assert not [trend for trend in evidence.trends if "affect" in trend.channel]


def test_it_takes_a_value_that_tells_nothing_as_absent() -> None:
    resident = Resident("r-1", "Room 1", mode=Mode.AFFECT, consent="paper 7")
    judge = Engine(CHANNELS, (resident,), Policy(), "edge-1", "0" * 32)
    judge.continue_in("0" * 32, derived=(Derived("affect.valence", 0.06), Derived("affect.arousal", 0.06)))
    judge = Engine.load(judge.dump(), Policy())
    values = np.tile(USUAL, (20, 1)).astype(np.float32)
    values[:, CHANNELS.index("uncertainty.affect.valence")] = 0.3
    judge.judge(
        Batch(
            np.arange(1, 21, dtype=np.uint64), np.zeros(20, np.uint32), START + np.arange(20), values,
            np.ones(20, np.float32), np.ones(20, np.int32),
        )
    )  # fmt: skip
    level = judge.usual().level[0]
    assert np.isnan(level[0]) and np.isfinite(level[1:3]).all()


def test_it_tells_which_of_the_numbers_shown_nobody_measured() -> None:
    assert shaken(Mode.AFFECT).evidence.derived == (Derived("affect.valence", 0.06),)
    assert shaken(Mode.OBSERVABLES).evidence.derived == ()
