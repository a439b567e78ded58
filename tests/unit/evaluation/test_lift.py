"""What an opinion adds to the detector is what a hand would count, episode by episode. Kind: unit."""

import pytest

from services.evaluation.lift import Heard, Level, Lift, Noticed, What, lifts
from services.vocabulary import Tier

pytestmark = pytest.mark.unit
ONE, TWO, THREE = Tier.IMMEDIATE, Tier.URGENT, Tier.MONITOR


def of(noticed: list[Noticed], what: What, heard: Heard = Heard.RAISING, level: Level = Level.TOLD) -> Lift:
    [one] = [one for one in lifts(noticed) if (one.what, one.heard, one.level) == (what, heard, level)]
    return one


def asked(person: str, episode: str, since_s: float, detector: Tier, opinion: Tier | None) -> Noticed:
    return Noticed(person, episode, since_s, detector, opinion, asked=True)


def test_an_event_that_is_raised_before_the_detector_alarms_gains_the_time_between() -> None:
    night = [asked("a", "fall", -60.0, THREE, TWO), Noticed("a", "fall", 30.0, TWO)]
    lead = of(night, What.LEAD)
    assert (lead.alone.value, lead.both.value, lead.gain.value, lead.n) == (-30.0, 60.0, 90.0, 1)
    assert of(night, What.FOUND).gain.value == 0.0
    at_once = [one for one in lifts(night) if one.level is Level.AT_ONCE]
    assert What.LEAD not in {one.what for one in at_once}, "nobody reached tier 1"
    assert {one.alone.value for one in at_once} == {0.0}


def test_an_episode_that_only_the_opinion_finds_is_found_and_has_no_lead_to_compare() -> None:
    both = [asked("a", "fall", 5.0, THREE, ONE), asked("b", "fall", 5.0, TWO, TWO)]
    found, lead = of(both, What.FOUND), of(both, What.LEAD)
    assert (found.alone.value, found.both.value, found.gain.value, found.n) == (0.5, 1.0, 0.5, 2)
    assert (lead.gain.value, lead.n) == (0.0, 1)
    assert of(both, What.FOUND, level=Level.AT_ONCE).gain.value == 0.5


def test_lowering_counts_only_where_it_would_be_followed() -> None:
    ordinary = [asked("a", "", 0.0, TWO, THREE), asked("a", "", 0.0, THREE, TWO), asked("b", "", 0.0, ONE, TWO),
                Noticed("b", "", 0.0, ONE)]  # fmt: skip
    raising, followed = (of(ordinary, What.FALSE, heard) for heard in Heard)
    assert (raising.alone.value, raising.n) == (pytest.approx(2 / 3), 3), "the one nobody was asked about is left out"
    assert (raising.both.value, followed.both.value) == (1.0, pytest.approx(2 / 3))
    assert followed.gain.value == 0.0 and followed.gain.low <= 0.0 <= followed.gain.high
    assert of(ordinary, What.FALSE, Heard.FOLLOWED, Level.AT_ONCE).gain.value == pytest.approx(-1 / 3)
    missed = [asked("a", "fall", 0.0, TWO, THREE)]
    assert of(missed, What.FOUND, Heard.FOLLOWED).gain.value == -1.0 and of(missed, What.FOUND).gain.value == 0.0


def test_no_usable_opinion_leaves_the_detector_as_it_is_and_an_episode_nobody_asked_about_takes_no_part() -> None:
    for heard in Heard:
        silent = of([asked("a", "", 0.0, TWO, None)], What.FALSE, heard)
        assert (silent.alone.value, silent.gain.value) == (1.0, 0.0)
    assert lifts([Noticed("a", "fall", 0.0, TWO)]) == [] == lifts([])


def test_the_interval_is_over_people() -> None:
    same = [asked("a", "", 0.0, TWO, THREE) for _ in range(50)]
    one = of(same, What.FALSE, Heard.FOLLOWED)
    assert (one.gain.low, one.gain.high) == (-1.0, -1.0)
    two = of([*same, asked("b", "", 0.0, TWO, TWO)], What.FALSE, Heard.FOLLOWED)
    assert (two.gain.low, two.gain.high) == (-1.0, 0.0), "with two people it may be either"
