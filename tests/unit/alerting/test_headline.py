"""Holds the sentence of an alert to plain English, and to its mode."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.headline import headline
from services.vocabulary import EMOTIONS, Cue, CueName, Deviation, Event, Evidence, Mode, Reason, known_channels
from tests.unit.ledger.nouns import event

pytestmark = pytest.mark.unit

EMOTION_WORDS = re.compile(
    "|".join([*EMOTIONS, "happy", "sad", "angry", "afraid", "emotion", "valence", "arousal", "expression"])
)


def about(mode: Mode, cues: tuple[Cue, ...] = (), *deviations: Deviation, **facts: object) -> Event:
    return event(evidence=Evidence(mode, 45.0, cues=cues), deviations=deviations, **facts)


def test_it_names_the_clearest_sound_and_the_two_strongest_changes() -> None:
    sentence = headline(
        about(
            Mode.OBSERVABLES,
            (Cue(CueName.SIGH, 0.6), Cue(CueName.CRY, 0.9), Cue(CueName.SCREAM, 0.2)),
            Deviation("pose.speed", 1.0, 0.1, 0.1, 3.2, 0.1),
            Deviation("motion.erratic", 1.0, 0.1, 0.1, 9.0, 0.5),
            Deviation("audio.loudness", -60.0, -40.0, 5.0, -4.0, 0.2),
        )
    )
    assert sentence == (
        "Crying was heard, movement was far more erratic than usual, and the room was clearly quieter than usual."
    )


def test_it_says_that_nobody_can_tell_whose_fall_it_is() -> None:
    seen = about(Mode.OBSERVABLES, (Cue(CueName.FALL, 0.9, uncertainty=1.0),))
    assert headline(seen) == "A fall was seen (not clear whose)."


def test_it_names_an_emotion_in_affect_mode() -> None:
    sentence = headline(about(Mode.AFFECT, (), Deviation("emotion.fear", 0.5, 0.1, 0.1, 4.0, 0.5)))
    assert sentence == "The face suggested clearly more fear than usual."


channels = st.sampled_from([*known_channels(), "face.browDownLeft", "emotion.calm", "x{z}", "weight_kg", "a.b.c"])
numbers = st.floats(allow_nan=True, allow_infinity=True)
deviations = st.builds(Deviation, channels, numbers, numbers, numbers, numbers, numbers)
cues = st.builds(Cue, st.sampled_from(CueName), st.floats(0, 1))


@given(st.lists(deviations, max_size=6), st.lists(cues, max_size=4), st.sampled_from(Reason), st.booleans())
def test_it_never_names_an_emotion_in_observables_mode(
    some: list[Deviation], heard: list[Cue], reason: Reason, learning: bool
) -> None:
    sentence = headline(about(Mode.OBSERVABLES, tuple(heard), *some, reason=reason, learning=learning))
    assert not EMOTION_WORDS.search(sentence.lower())
    assert sentence.endswith(".") and sentence[0].isupper() and "{much}" not in sentence
    assert ("being learned" in sentence) == learning


def test_it_says_something_when_there_is_no_evidence() -> None:
    bare = about(Mode.OBSERVABLES)
    assert headline(bare) == "This person is not their usual self."
    assert headline(replace(bare, reason=Reason.BLIND)) == "The room cannot be seen."


def test_it_says_first_that_the_usual_moved_and_then_where_to() -> None:
    faster = about(Mode.OBSERVABLES, (), Deviation("pose.speed", 0.138, 0.072, 0.03, 2.2), reason=Reason.DRIFT)
    sentence = headline(faster)
    assert sentence.startswith("This person's usual has been shifting slowly, and the body moved ")
    assert sentence.endswith(" faster than usual.")
