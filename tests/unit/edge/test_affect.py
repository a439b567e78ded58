"""What face, voice and body say of arousal is brought together, smoothed, and their contradictions are told."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source
from edge_agent.models import FindModel
from edge_agent.preprocess.fusion import FORGET_S, Opinion, Smoothing, conflict, fused
from edge_agent.scoring import Scorer
from edge_agent.sensing.affect import body, voice
from edge_agent.sensing.roster import Choice, roster
from services.vocabulary import Mode

pytestmark = pytest.mark.unit

OPINIONS = st.builds(Opinion, st.floats(-2, 2), st.floats(0.001, 1.0))


@given(st.lists(OPINIONS, min_size=1, max_size=4))
def test_it_stays_within_bounds_and_is_surer_than_the_surest_expert(opinions: list[Opinion]) -> None:
    together = fused(opinions)
    assert together is not None
    assert -1.0 <= together.value <= 1.0
    assert together.variance <= min(one.variance for one in opinions) + 1e-12


def test_the_surer_expert_weighs_more_and_a_missing_one_nothing() -> None:
    together = fused([Opinion(0.0, 0.01), Opinion(1.0, 0.09), Opinion(float("nan"), 0.01)])
    assert together is not None
    assert together.value == pytest.approx(0.1)
    assert together.variance == pytest.approx(0.009)
    assert fused([]) is None
    assert fused([Opinion(float("nan"), 0.1)]) is None


@given(OPINIONS, OPINIONS)
def test_a_contradiction_is_mutual_and_grows_with_the_distance(one: Opinion, other: Opinion) -> None:
    assert conflict(one, other) == conflict(other, one)
    assert 0.0 <= conflict(one, other) <= 1.0
    farther = Opinion(one.value + 2 * (other.value - one.value), other.variance)
    assert conflict(one, farther) >= conflict(one, other)


def test_smoothing_remembers_seven_tenths() -> None:
    smoothing = Smoothing()
    told = [smoothing.add(k, Opinion(value, 0.01)).opinion.value for k, value in enumerate((0.0, 1.0, 1.0))]
    assert told == pytest.approx([0.0, 0.3, 0.51])


def test_a_second_that_is_too_unsure_moves_nothing() -> None:
    smoothing = Smoothing()
    smoothing.add(0.0, Opinion(0.2, 0.01))
    assert smoothing.add(1.0, Opinion(-1.0, 0.17)).opinion.value == 0.2
    assert smoothing.add(2.0, Opinion(-1.0, 0.15)).opinion.value == pytest.approx(-0.16)


def test_it_begins_anew_after_a_silence_and_when_time_goes_back() -> None:
    for later in (FORGET_S + 1.0, -5.0):
        smoothing = Smoothing()
        smoothing.add(0.0, Opinion(0.8, 0.01))
        assert smoothing.add(later, Opinion(-0.5, 0.01)).opinion.value == -0.5


def test_it_says_how_steady_what_it_was_told_is() -> None:
    calm, torn = Smoothing(), Smoothing()
    for k in range(10):
        still = calm.add(k, Opinion(0.1, 0.01))
        wild = torn.add(k, Opinion(0.5 * (-1) ** k, 0.01))
    assert still.stability == pytest.approx(0.0)
    assert still.jitter == 0.0
    assert wild.stability == pytest.approx(0.25)
    assert wild.jitter == pytest.approx(1.0)


def test_silence_and_an_unseen_body_say_nothing() -> None:
    assert voice({}) is None
    assert voice({"audio.vocal_energy": 0.01}) is None
    assert body({}) is None


def test_the_voice_lifts_the_arousal_that_a_calm_face_tells_and_contradicts_it(
    find_model: FindModel, demo_clip: Path
) -> None:
    """From second 24 on the man of the clip keeps a neutral face while he gestures and cries are heard."""

    def seen(sound: bool, experts: tuple[str, ...] = ("voice", "body")) -> dict[str, float]:
        items = decode(Source(str(demo_clip), 20.0, 29.0), Counts())
        senses = roster(find_model, Mode.AFFECT, Choice(experts=experts)).senses
        scorer = Scorer(senses, Mode.AFFECT, monotonic=lambda: 0.0)
        rows = list(scorer.run(item for item in items if sound or isinstance(item, Frame)))
        told = {name: np.array([row.values[k] for row in rows]) for k, name in enumerate(scorer.channels)}
        agitated = {name: float(np.nanmean(values[-3:])) if np.isfinite(values[-3:]).any() else math.nan
                    for name, values in told.items()}  # fmt: skip
        return {**agitated, "before": float(np.nanmean(told["affect.arousal"][:3]))}

    heard, unheard, face = seen(sound=True), seen(sound=False), seen(sound=True, experts=())
    assert heard["affect.arousal"] > heard["before"] + 0.2
    assert heard["affect.arousal"] > unheard["affect.arousal"] + 0.1
    assert face["affect.arousal"] == pytest.approx(face["before"], abs=0.15)
    assert "conflict.face-voice" not in face
    assert heard["conflict.face-voice"] > 0.5
    assert math.isnan(unheard["conflict.face-voice"])
    assert heard["affect.valence"] == pytest.approx(unheard["affect.valence"], abs=1e-9)
    assert heard["uncertainty.affect.arousal"] < unheard["uncertainty.affect.arousal"]
