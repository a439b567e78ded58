"""The learned opinion: arrays give what the library gave, absence says nothing, and help is measured on persons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.evaluation.figures import Observed
from services.evaluation.nouns import Label
from threshold_service.evaluated_learning import Seen, opinion, teach, told
from threshold_service.judgement.learned import GROUPS, TIMES_S, probability, read, write

pytestmark = pytest.mark.unit
Floats = NDArray[np.float64]
INPUTS = len(GROUPS) * len(TIMES_S)


def seen() -> Seen:
    rng = np.random.default_rng(1)
    features = [rng.normal(size=(2000, INPUTS)) for _ in range(3)]
    labels = tuple(
        Label(i, "rapid_escalation", float(t), t + 60.0, t + 900.0, t + 1200.0)
        for i in range(3)
        for t in range(10_800, DAY_S, 10_800)
    )
    blind = told(listening(opinion(), 3), Observed(np.ones(3), labels))
    seeing = told(listening(opinion(), 3, louder=3.0), Observed(np.ones(3), labels))
    lifts = [float(text.rsplit("lift ", 1)[1].split(" ", 1)[0]) for text in (blind, seeing)]
    assert lifts[1] > 0.5 > lifts[0], (blind, seeing)
    assert "of one person" in told(listening(opinion()), Observed(np.ones(1), labels[:7]))


FOREST = read(write(teach(seen(), range(1), 1), {}))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_it_is_a_probability_whatever_is_asked(seed: int) -> None:
    asked = np.random.default_rng(seed).normal(scale=100.0, size=(50, INPUTS))
    made = probability(FOREST, asked)
    assert np.all((made >= 0.0) & (made <= 1.0))
