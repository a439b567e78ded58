"""The course that an event tells of its window."""

import numpy as np
import pytest

from services.vocabulary import COURSES
from threshold_service.judgement.course import course_of
from threshold_service.statistics.arc import ARCS, FALSE_RATE, Arc

pytestmark = pytest.mark.unit
SECONDS = np.linspace(0.0, 1.0, 45)


def told(course: np.ndarray, towards: float = 1.0) -> str:
    noise = np.random.default_rng(3).standard_normal((2, 45))
    window = np.stack([10.0 + 2.0 * course, noise[0], noise[1]], axis=1)
    return course_of(window, np.array([10.0, 0.0, 0.0]), np.array([2.0, 1.0, 1.0]), np.array([towards, 0.0, 0.0]))


def test_it_says_how_the_channel_that_speaks_went_in_its_own_direction() -> None:
    assert told(6.0 * SECONDS) == "building"
    assert told(8.0 * SECONDS**5) == "escalating"
    assert told(-6.0 * SECONDS) == "de-escalating"
    assert told(-6.0 * SECONDS, towards=-1.0) == "building", "what falls ever further speaks ever louder"
    assert told(0.0 * SECONDS) == "stable"


def test_it_says_nothing_where_too_little_was_seen_or_nothing_speaks() -> None:
    assert told(np.full(45, np.nan)) == ""
    assert told(6.0 * SECONDS, towards=0.0) == ""


def test_it_seldom_finds_a_course_in_noise_that_forgets_as_fast_as_supposed() -> None:
    rng, found = np.random.default_rng(5), 0
    for _ in range(400):
        noise = rng.standard_normal((45, 1))
        for second in range(1, 45):
            noise[second] = 0.6 * noise[second - 1] + 0.8 * noise[second]
        found += course_of(noise, np.zeros(1), np.ones(1), np.ones(1)) != "stable"
    assert 0 < found <= 400 * FALSE_RATE * 1.8


def test_it_has_a_word_in_the_vocabulary_for_every_course() -> None:
    assert set(COURSES) == {arc.value for arc in ARCS} - {Arc.UNSEEN.value}
