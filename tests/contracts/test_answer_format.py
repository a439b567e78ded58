"""The answer format that is trained, served, stored and read: one verdict, as JSON and as text, always equal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.codec import from_json, to_json
from services.vocabulary import Indicator, Opinion, Tier, Verdict
from tests.unit.vlm.specimens import VERDICT
from vlm_service.dialogue import (
    InvalidAnswer,
    parse_answer,
    render_answer,
    tidy_verdict,
    verdict_from_json,
    verdict_to_json,
)
from vlm_service.dialogue.lines import one_line

pytestmark = pytest.mark.contract

GOLDEN_TEXT = """\
ASSESSMENT: Tier 2 (lowered), urgency: within 10 minutes
Situation: Moves far more than usual after crying.
Key indicators:
- erratic motion 0.62 (usually 0.08) [motion.erratic]
- a cry [audio.cue.cry]
Context: Day room, early afternoon.
Recommended action: Look in and ask what is needed.
Confidence: 0.70
Not known:
- What came before."""

GOLDEN_JSON = (
    '{"tier":2,"urgency":"within 10 minutes","situation":"Moves far more than usual after crying.","indicators":['
    '{"text":"erratic motion 0.62 (usually 0.08)","evidence":"motion.erratic"},'
    '{"text":"a cry","evidence":"audio.cue.cry"}],"context":"Day room, early afternoon.",'
    '"action":"Look in and ask what is needed.","confidence":0.7,"unknowns":["What came before."]}'
)

said = st.text(min_size=1, max_size=60).filter(lambda text: bool(one_line(text)))
verdicts = st.builds(
    Verdict,
    tier=st.sampled_from(Tier),
    opinion=st.sampled_from(Opinion),
    urgency=said,
    situation=said,
    indicators=st.lists(st.builds(Indicator, said, said), min_size=1, max_size=4).map(tuple),
    context=st.text(max_size=60),
    action=said,
    confidence=st.floats(0, 1),
    unknowns=st.lists(st.text(max_size=40), max_size=3).map(tuple),
)


def test_it_stays_as_it_is_written_here() -> None:
    assert render_answer(VERDICT) == GOLDEN_TEXT
    assert parse_answer(GOLDEN_TEXT) == VERDICT
    assert verdict_to_json(VERDICT) == GOLDEN_JSON
    assert verdict_from_json(GOLDEN_JSON, Tier.IMMEDIATE) == VERDICT


@given(verdicts)
@settings(max_examples=150, deadline=None)
def test_it_gives_back_every_verdict_from_its_text(verdict: Verdict) -> None:
    assert parse_answer(render_answer(verdict)) == tidy_verdict(verdict)


@given(verdicts)
@settings(max_examples=100, deadline=None)
def test_it_gives_back_every_verdict_from_its_json_and_from_the_ledger(verdict: Verdict) -> None:
    tidy = tidy_verdict(verdict)
    again = verdict_from_json(verdict_to_json(tidy), tidy.tier)
    assert (again.situation, again.indicators, again.unknowns) == (tidy.situation, tidy.indicators, tidy.unknowns)
    assert from_json(Verdict, to_json(tidy)) == tidy


@given(verdicts)
@settings(max_examples=100, deadline=None)
def test_it_is_already_tidy_when_tidied_once(verdict: Verdict) -> None:
    assert tidy_verdict(tidy_verdict(verdict)) == tidy_verdict(verdict)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("ASSESSMENT: Tier 2", "ASSESSMENT: Tier 5", "first line"),
        ("Situation: Moves far more than usual after crying.\n", "", "Situation"),
        ("Confidence: 0.70", "Confidence: high", "Confidence"),
        ("Confidence: 0.70", "Confidence: 7", "Confidence"),
        (" [audio.cue.cry]", "", "Key indicators"),
        ("Context: Day", "Guess: Day", "unexpected line"),
        ("Context: Day", "Situation: Day", "twice"),
        (" (lowered)", "", "opinion"),
    ],
)
def test_it_refuses_a_text_that_is_not_in_the_format(old: str, new: str, named: str) -> None:
    assert old in GOLDEN_TEXT
    with pytest.raises(InvalidAnswer, match=named):
        parse_answer(GOLDEN_TEXT.replace(old, new))
