"""A reply is read tolerantly, and never guessed."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.vocabulary import Mode, Opinion, Tier
from tests.unit.vlm.specimens import AGITATED, RESTLESS, VERDICT
from vlm_service.dialogue import (
    AnswerError,
    ForbiddenWord,
    InvalidAnswer,
    NoVerdict,
    Reply,
    assistant_message,
    read_reply,
    render_answer,
    verdict_schema,
    verdict_to_json,
)
from vlm_service.dialogue.lint import UNSAID, WITHHELD, diagnosis_words, screen_thinking

pytestmark = pytest.mark.unit

JSON = verdict_to_json(VERDICT)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(f"\n\n{JSON}", "thought"),
        Reply(f"<think>\nthought\n</think>\n\n{JSON}"),
        Reply(f"thought</think>{JSON}<|im_end|>"),
        Reply(f"</think>\n{JSON}", "<think>thought"),
        Reply(f"```json\n{JSON}\n```", "thought"),
        Reply(render_answer(VERDICT), "thought"),
        Reply(f"thought\n</think>\n{render_answer(VERDICT)}\n"),
        Reply(assistant_message("thought", VERDICT).content),
        Reply(None, f"<think>thought</think>\n{JSON}"),
        Reply("", f"thought</think>\n{render_answer(VERDICT)}"),
    ],
)
def test_it_finds_thinking_and_verdict_wherever_the_server_puts_them(reply: Reply) -> None:
    answer = read_reply(reply, AGITATED)
    assert answer.thinking == "thought"
    assert answer.verdict == VERDICT


def test_it_finds_the_end_of_thinking_that_speaks_of_its_own_tag() -> None:
    answer = read_reply(Reply(f"<think>I write </think> when I am done.</think>{JSON}"), AGITATED)
    assert (answer.thinking, answer.verdict) == ("I write </think> when I am done.", VERDICT)
    quoting = JSON.replace("a cry", "a cry </think>")
    assert read_reply(Reply(f"thought</think>{quoting}"), AGITATED).verdict.indicators[1].text == "a cry </think>"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(None, "thinking that was cut o", "length"),
        Reply(None, f"it could be {JSON}", "stop"),
        Reply(None, "one</think>two", "stop"),
        Reply("", "thinking"),
        Reply("<think>\nthinking that was cut o", None, "length"),
        Reply(f"Okay, let me see. The answer could be {JSON}", None, "length"),
        Reply(f"<think>it could be {JSON}"),
        Reply("thought</think>I think somebody should go."),
        Reply(JSON[:60], "thought", "length"),
    ],
)
def test_it_calls_a_reply_without_an_answer_no_verdict(reply: Reply) -> None:
    with pytest.raises(NoVerdict):
        read_reply(reply, AGITATED)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tier": 4}, "tier"),
        ({"tier": "1"}, "tier"),
        ({"confidence": 1.5}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
        ({"situation": " \n"}, "situation"),
        ({"indicators": []}, "indicators"),
        ({"mood": "x"}, "mood"),
        ({"indicators": [{"text": "heart rate", "evidence": "heart.rate"}]}, "evidence"),
    ],
)
def test_it_refuses_a_malformed_verdict_and_names_the_field(changes: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidAnswer, match=named):
        read_reply(Reply(json.dumps(json.loads(JSON) | changes), "thought"), AGITATED)


def test_it_compares_the_tiers_itself() -> None:
    for tier, opinion in ((Tier.IMMEDIATE, Opinion.LOWERED), (Tier.URGENT, Opinion.AGREED), (Tier.MONITOR, "raised")):
        claims = json.dumps(json.loads(JSON) | {"opinion": "agreed"})
        assert read_reply(Reply(claims, "t"), replace(AGITATED, tier=tier)).verdict.opinion == opinion


def test_it_accepts_what_people_call_the_evidence() -> None:
    said = json.loads(JSON) | {"indicators": [{"text": "x", "evidence": "anger"}, {"text": "y", "evidence": "cry"}]}
    names = [one.evidence for one in read_reply(Reply(json.dumps(said), "t"), AGITATED).verdict.indicators]
    assert names == ["emotion.anger", "audio.cue.cry"]


@pytest.mark.parametrize("key", ["situation", "context", "action", "urgency"])
def test_it_refuses_an_inner_state_in_observables_mode_only(key: str) -> None:
    reply = Reply(json.dumps(json.loads(JSON) | {key: "The person is Angry."}), "thought")
    with pytest.raises(ForbiddenWord, match="inner state") as refusal:
        read_reply(reply, RESTLESS)
    assert refusal.value.words == ("angry",)
    assert "angry" not in str(refusal.value)
    assert read_reply(reply, AGITATED)


def test_it_withholds_thinking_that_names_an_inner_state_in_observables_mode() -> None:
    reply = Reply(JSON, "She must be afraid.")
    assert read_reply(reply, RESTLESS).thinking == WITHHELD
    assert read_reply(reply, AGITATED).thinking == "She must be afraid."


def test_it_refuses_a_diagnosis_in_every_mode() -> None:
    reply = Reply(json.dumps(json.loads(JSON) | {"context": "Probably delirium."}), "thought")
    for event in (AGITATED, RESTLESS):
        with pytest.raises(ForbiddenWord, match="diagnosis") as refusal:
            read_reply(reply, event)
        assert refusal.value.words == ("delirium",)


def test_it_keeps_no_sentence_of_the_thinking_that_names_a_diagnosis() -> None:
    thinking = "The cry lasts 3.5 s. This may be a seizure, e.g. of epilepsy. Anger rose."
    for event in (AGITATED, replace(RESTLESS, id="other")):
        said = read_reply(Reply(JSON, thinking.replace("Anger rose", "Movement rose")), event)
        assert said.thinking == f"The cry lasts 3.5 s. {UNSAID} Movement rose."
        assert not any(diagnosis_words(f"{one.words} {one.why}") for one in said.grounding.claims)


@given(
    st.lists(
        st.sampled_from(["a stroke", "Calm. ", "dementia!", " 3.5 s", "\n", "uti.", "e.g. sepsis", "?"]), max_size=12
    )
)
def test_no_diagnosis_is_left_wherever_it_stands(parts: list[str]) -> None:
    kept = screen_thinking(" ".join(parts), Mode.AFFECT)
    assert not diagnosis_words(kept.replace(UNSAID, ""))


@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=40)), st.sampled_from(["stop", "length", ""]))
@settings(max_examples=100, deadline=None)
def test_it_never_fails_in_another_way(content: str, reasoning: str | None, finish: str) -> None:
    with pytest.raises(AnswerError):
        read_reply(Reply(content, reasoning, finish), AGITATED)


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=9)),
                    lambda inner: st.one_of(st.lists(inner, max_size=3),
                                            st.dictionaries(st.sampled_from(list(json.loads(JSON))), inner)),
                    max_leaves=8))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_it_refuses_any_json_that_is_no_verdict(value: object) -> None:
    with pytest.raises(AnswerError):
        read_reply(Reply(json.dumps({"tier": value}), "t"), AGITATED)


def test_its_schema_lets_an_indicator_point_only_at_what_the_event_has() -> None:
    def offered(event: object) -> list[str]:
        return verdict_schema(event)["properties"]["indicators"]["items"]["properties"]["evidence"]["enum"]  # type: ignore[arg-type,no-any-return]

    assert {"emotion.anger", "audio.cue.cry", "motion.erratic", "volatility", "prior"} <= set(offered(AGITATED))
    assert "audio.cue.scream" not in offered(AGITATED)
    assert not [name for name in offered(RESTLESS) if "emotion" in name or "conflict" in name]
