"""Residents differ by what is beyond chance, as an analysis of variance by hand has it. Kind: unit."""

import math

import numpy as np
import pytest

from services.evaluation.opinions import Measure, Said
from services.evaluation.stability import between, stability

pytestmark = pytest.mark.unit


def said(person: str, *values: float) -> list[Said]:
    return [Said(f"{person}{i}", "L2", (), {Measure.TIER: value}, person) for i, value in enumerate(values)]


def test_it_is_the_analysis_of_variance_of_unequal_groups() -> None:
    groups = [np.array([1.0, 1.0, 0.0]), np.array([0.0, 0.0]), np.array([1.0])]
    # n = 6, k = 3, mean 0.5; among (3 * (1/6)**2 + 2 * 0.25 + 0.25) / 2, within (2/3) / 3, size (6 - 14/6) / 2
    among, within, size = (3 / 36 + 0.5 + 0.25) / 2, (2 / 3) / 3, (6 - 14 / 6) / 2
    assert between(groups) == pytest.approx(math.sqrt((among - within) / size))


def test_chance_alone_is_no_spread_and_a_resident_for_whom_it_never_works_is() -> None:
    rng = np.random.default_rng(3)
    alike = [one for person in range(12) for one in said(f"p{person}", *(rng.uniform(size=40) < 0.7))]
    [same] = stability(alike)
    assert same.spread.value < 0.1 and same.spread.low == 0.0 and same.residents == 12
    uneven = [one for person in range(12) for one in said(f"p{person}", *(rng.uniform(size=40) < 0.9 * (person % 2)))]
    [other] = stability(uneven)
    assert other.spread.low > 0.3 and other.spread.value == pytest.approx(0.47, abs=0.05)


def test_too_few_residents_or_answers_say_nothing() -> None:
    assert stability([*said("a", 1, 0), *said("b", 1, 0)]) == []
    assert stability([*said("a", 1), *said("b", 1), *said("c", 0)]) == []
    assert stability([*said("", 1, 0), *said("b", 1, 0), *said("c", 0, 1)]) == [], "who is nobody is not counted"
    assert math.isnan(between([np.array([1.0])]))
