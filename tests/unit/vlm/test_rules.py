"""The rules answer from the event alone, in words a caregiver understands, and claim nothing that it does not hold."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from services.vocabulary import Cue, CueName, Deviation, Event, Mode, Opinion, Reason, Tier
from tests.unit.vlm.specimens import AGITATED, RESTLESS, events
from vlm_service.dialogue import check_verdict, evidence_names, parse_answer, render_answer
from vlm_service.dialogue.verdict import verdict_from_json, verdict_to_json
from vlm_service.rules import reason_about

pytestmark = pytest.mark.unit


def test_it_says_what_a_caregiver_would_want_to_hear() -> None:
    verdict = reason_about(RESTLESS)
    assert verdict.situation == "Moves much more erratically than usual for them; crying heard 2 s before."
    assert verdict.tier is Tier.URGENT
    assert verdict.opinion is Opinion.AGREED
    assert [one.evidence for one in verdict.indicators] == ["audio.cue.cry", "motion.erratic", "volatility"]
    assert verdict.context.startswith("Day room, 14:05. In the 24 hours before: 1 of tier 1, 3 of tier 3.")


def test_it_speaks_of_the_face_in_affect_mode() -> None:
    assert "the face shows much more anger than usual" in reason_about(AGITATED).situation


@given(events)
@settings(max_examples=100, deadline=None)
def test_it_points_only_at_evidence_of_the_event(event: Event) -> None:
    verdict = reason_about(event)
    assert verdict.indicators
    assert {one.evidence for one in verdict.indicators} <= set(evidence_names(event))
    assert verdict.tier is event.tier
    assert 0.1 <= verdict.confidence <= 0.9


@given(events)
@settings(max_examples=100, deadline=None)
def test_it_says_nothing_that_the_mode_forbids(event: Event) -> None:
    for mode in Mode:
        watched = replace(event, evidence=replace(event.evidence, mode=mode))
        verdict = reason_about(watched)
        if mode is Mode.OBSERVABLES:
            check_verdict(verdict, mode)


@given(events)
@settings(max_examples=100, deadline=None)
def test_its_verdict_survives_every_format(event: Event) -> None:
    verdict = reason_about(event)
    assert parse_answer(render_answer(verdict)) == verdict
    assert verdict_from_json(verdict_to_json(verdict), event.tier) == verdict


def test_it_gives_the_same_verdict_twice() -> None:
    assert reason_about(AGITATED) == reason_about(AGITATED)


def test_it_leaves_out_changes_for_the_better() -> None:
    better = (Deviation("motion.erratic", 0.0, 0.3, 0.05, -6.0, 0.5), Deviation("pose.speed", 2.0, 0.5, 0.1, 4.0, 0.1))
    names = [one.evidence for one in reason_about(replace(RESTLESS, deviations=better)).indicators]
    assert "motion.erratic" not in names
    assert "pose.speed" in names


def test_it_does_not_take_laughter_for_a_bad_sign() -> None:
    merry = replace(RESTLESS.evidence, cues=(Cue(CueName.LAUGHTER, 0.9, 40.0),))
    verdict = reason_about(replace(RESTLESS, evidence=merry))
    assert "audio.cue.laughter" not in [one.evidence for one in verdict.indicators]
    assert "heard" not in verdict.situation


def test_it_admits_that_nothing_stands_out() -> None:
    bare = replace(RESTLESS.evidence, cues=(), volatility=float("nan"))
    verdict = reason_about(replace(RESTLESS, deviations=(), evidence=bare))
    assert "no single measurement stands out" in verdict.situation
    assert [one.evidence for one in verdict.indicators] == ["motion"]


def test_it_is_less_sure_and_says_why_when_little_is_known() -> None:
    sure = reason_about(RESTLESS)
    unsure = reason_about(replace(RESTLESS, learning=True, evidence=replace(RESTLESS.evidence, seen_share=0.3)))
    assert unsure.confidence < sure.confidence
    assert any("still being learned" in text for text in unsure.unknowns)
    assert any("only 30 % of the time" in text for text in unsure.unknowns)


def test_it_sends_somebody_to_look_when_the_room_is_blind() -> None:
    verdict = reason_about(replace(RESTLESS, reason=Reason.BLIND))
    assert "cannot be watched" in verdict.situation
    assert "Look in person" in verdict.action


def test_it_warns_of_what_lies_on_the_floor() -> None:
    fallen = replace(RESTLESS.evidence, cues=(Cue(CueName.FALL_NOISE, 0.9, 44.0), Cue(CueName.GLASS, 0.6, 44.0)))
    action = reason_about(replace(RESTLESS, evidence=fallen)).action
    assert "Check for a fall before moving them." in action
    assert "broken glass" in action
