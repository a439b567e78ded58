"""The lint finds inner states and diagnoses however they are written, and leaves observations alone."""

import tomllib
from pathlib import Path

import pytest

from services.vocabulary import EMOTIONS, HEARD, CueName
from vlm_service.dialogue import emotion_words
from vlm_service.dialogue.lint import diagnosis_words
from vlm_service.dialogue.names import cue_label

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


GERMAN = Path(__file__).parents[3] / "services" / "console" / "languages" / "de.toml"


@pytest.mark.parametrize("cue", list(CueName))
def test_it_finds_no_inner_state_in_what_any_cue_is_called(cue: CueName) -> None:
    shown = cue.value.replace("_", " ")
    german = tomllib.loads(GERMAN.read_text())[shown]
    assert [emotion_words(text) for text in (shown, HEARD[cue], cue_label(cue), german)] == [()] * 4


@pytest.mark.parametrize("word", ["agitation", "agitated vocalisation", "erregt", "Unmut, Aufregung und Angst"])
def test_it_would_find_one_in_a_cue_that_judged(word: str) -> None:
    assert emotion_words(word)
