"""The lint finds inner states and diagnoses however they are written, and leaves observations alone."""

import pytest

from services.vocabulary import EMOTIONS
from vlm_service.dialogue import emotion_words
from vlm_service.dialogue.lint import diagnosis_words

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("word", [*EMOTIONS, "Anxious", "FRIGHTENED", "upset", "emotional", "mood", "distressed"])
def test_it_finds_every_inner_state(word: str) -> None:
    assert emotion_words(f"The person, {word}, moves.")


@pytest.mark.parametrize(
    "text", ["emotion.anger", "fear_index", "angerIndex", "ＡＮＧＥＲ", "fe\u200bar", "seems calm", "is very calm"]
)
def test_it_is_not_fooled_by_spelling(text: str) -> None:
    assert emotion_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "Crying heard 2 s before; moves much more erratically than usual for them.",
        "Screaming, whimpering and restless pacing; a noise like a fall.",
        "Speak calmly, stay with the person and look for pain.",
        "The alarm sounded; the joystick of the chair moved; the fall was near the danger sign.",
        "brow down left, mouth smile left, laughter",
    ],
)
def test_it_leaves_observations_and_advice_alone(text: str) -> None:
    assert emotion_words(text) == ()
    assert diagnosis_words(text) == ()


@pytest.mark.parametrize("text", ["Dementia likely", "signs of a stroke", "possible UTI", "panic attack"])
def test_it_finds_diagnoses(text: str) -> None:
    assert diagnosis_words(text)
