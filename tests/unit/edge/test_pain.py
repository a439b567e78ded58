"""Evidence of pain is read from facial actions, in both modes, and not where the face cannot be read."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel
from edge_agent.preprocess.pain import AU, LEAST_VARIANCE, pain, variance
from edge_agent.scoring import Scorer
from edge_agent.sensing.roster import roster
from services.vocabulary import Mode, describe

pytestmark = pytest.mark.unit

QUIET = {name: 0.05 for names in AU.values() for name in names}


def face(**parts: float) -> dict[str, float]:
    return QUIET | {name: value for part, value in parts.items() for name in AU[part]}


def test_every_action_of_pain_adds_to_it_and_a_smile_does_not() -> None:
    quiet = pain(QUIET)
    for part in ("brow", "cheek", "lid", "nose", "lip", "closed"):
        assert pain(face(**{part: 0.8})) > quiet, part
    assert pain(face(smile=0.8, cheek=0.6, lip=0.5)) <= quiet


def test_of_two_that_belong_together_the_stronger_counts() -> None:
    assert pain(face(cheek=0.8, lid=0.3)) == pain(face(cheek=0.8, lid=0.8))
    assert pain(face(nose=0.2, lip=0.7)) == pain(face(nose=0.7, lip=0.7))


def test_a_face_that_differs_from_side_to_side_or_look_to_look_is_less_sure() -> None:
    steady = variance([face(brow=0.6)] * 2)
    assert steady == pytest.approx(LEAST_VARIANCE)
    assert variance([face(brow=0.6) | {"browDownLeft": 0.1}] * 2) > steady + 0.001
    assert variance([face(brow=0.1), face(brow=0.9)]) > steady + 0.001


def test_it_is_told_without_consent_and_neither_a_smile_nor_a_calm_face_is_pain(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    def told(at_s: float) -> list[float]:
        scorer = Scorer(roster(find_model, Mode.OBSERVABLES).senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
        frames = [picture_at(at_s + k) for k in range(6)]
        rows = [
            scorer.score(Window(k + 1.0, (replace(one, pts_s=k + 0.5),))) for k, one in enumerate(frames)
        ]  # fmt: skip
        assert not [name for name in scorer.channels if describe(name).affect_only]
        column, doubt = (scorer.channels.index(name) for name in ("face.pain", "uncertainty.face.pain"))
        assert all(row.values[doubt] >= LEAST_VARIANCE for row in rows if np.isfinite(row.values[column]))
        return [row.values[column] for row in rows if np.isfinite(row.values[column])]

    smiling, still = told(2.0), told(16.0)
    assert len(smiling) >= 4
    assert len(still) >= 4
    assert max(*smiling, *still) < 0.4
    assert min(*smiling, *still) >= 0.0


def test_a_head_that_is_turned_away_says_nothing_of_pain(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    upside_down = picture_at(16.0).image[::-1].copy()
    scorer = Scorer(roster(find_model, Mode.OBSERVABLES).senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
    row = scorer.score(Window(1.0, (Frame(upside_down, 0.5),)))
    assert np.isnan(row.values[scorer.channels.index("face.pain")])
