"""Finds what a text speaks of: channels and terms, by their names and by what people call them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from services.vocabulary import EMOTIONS, known_channels
from vlm_service.dialogue.names import SCORE, TRANSITION_RATE, VOLATILITY, channel_label

_CALLED: dict[str, tuple[str, ...]] = {
    "audio.vocal_energy": (
        "vocal energy", "voice energy", "vocal intensity", "vocal effort", "vocal output",
        "vocal activity", "uses the voice",
    ),
    "audio.loudness": ("loudness", "sound level", "noise level", "sound volume", "loud in the room"),
    "audio.pitch": ("pitch",),
    "emotion.fear": ("fearfulness", "anxiety", "apprehension", "fright"),
    "emotion.anger": ("irritability", "irritation", "rage", "angry expression"),
    "emotion.sadness": ("low mood", "sorrow"),
    "emotion.happiness": ("joy", "cheerfulness"),
    "motion.erratic": (
        "erratic motion", "erratic movements?", "erratic motion ratio", "erratic ratio", "erratically", "erratic",
        "erraticness",
        "jerkiness",
    ),
    "motion.ratio": ("amount of (?:motion|movement)", "overall (?:motion|movement)", "motion ratio",
                     "activity level", "physical activity"),
    "pose.speed": ("walking speed", "walking pace", "gait speed", "moves about"),
    "pose.wrist_speed": ("hand speed", "wrist speed", "speed of the hands", "hands", "hand movements?"),
    "pose.torso_angle": ("torso angle", "trunk angle"),
    "pose.hip_height": ("hip height", "height of the hips"),
    "affect.valence": ("valence",),
    "affect.arousal": ("arousal",),
    VOLATILITY: (
        "volatility index", "emotional volatility", "volatility", "fluctuations?", "instability", "swings",
        "second-to-second changes?", "changes? from second to second",
    ),
    TRANSITION_RATE: ("transition rate",),
    SCORE: ("(?:composite|event|overall|the|a|its) score", "scored"),
}  # fmt: skip
_KINDS: dict[str, tuple[str, ...]] = {
    r"motion|movements?|moves": ("motion.ratio", "motion.erratic", "pose.speed", "pose.wrist_speed"),
    r"voice|vocali[sz]ations?": ("audio.vocal_energy", "audio.loudness", "audio.pitch"),
}
"""Words that may mean several channels: a claim holds if it holds of one of them."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Characters `start` to `end` speak of one of `names`."""

    start: int
    end: int
    names: tuple[str, ...]

    @property
    def unnamed(self) -> bool:
        """Whether no word of the text names it: it is what the whole text is about."""
        return self.start == self.end


def mentions(text: str, names: tuple[str, ...]) -> list[Mention]:
    """What `text` (lower case) speaks of, in order; `names` are the event's own channels beside the known ones.

    >>> [one.names for one in mentions("vocal energy and fear rose", ())]
    [('audio.vocal_energy',), ('emotion.fear',)]
    """
    lexicon = _lexicon(names)
    return [Mention(found.start(), found.end(), lexicon.meant(found.group())) for found in lexicon.finds(text)]


@cache
def _known() -> dict[str, tuple[str, ...]]:
    words = {name: (re.escape(name), *called) for name, called in _CALLED.items()}
    for name in known_channels():
        words.setdefault(name, (re.escape(name), re.escape(channel_label(name))))
    for emotion in EMOTIONS:
        name = f"emotion.{emotion}"
        words[name] = (re.escape(name), emotion, *_CALLED.get(name, ()))
    words.pop("persons", None)
    return words


class _Lexicon:
    """Words for names, the longest first. One group less per word makes the search three times as fast: which word it
    was is asked only of what was found."""

    def __init__(self, about: dict[str, tuple[str, ...]]) -> None:
        self._about = about
        self._pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(about)})(?!\w)(?!\.\w)")
        self._found: dict[str, tuple[str, ...]] = {}

    def finds(self, text: str) -> Iterator[re.Match[str]]:
        """Every place in `text` where a word stands."""
        return self._pattern.finditer(text)

    def meant(self, said: str) -> tuple[str, ...]:
        """The names that `said`, which was found, may mean."""
        if said not in self._found:
            self._found[said] = next(names for word, names in self._about.items() if re.fullmatch(word, said))
        return self._found[said]


@lru_cache(256)
def _lexicon(names: tuple[str, ...]) -> _Lexicon:
    words = dict(_known())
    for name in names:
        if name not in words:
            label = channel_label(name)
            words[name] = (re.escape(name.lower()), *((re.escape(label),) if len(label) > 3 else ()))
    about: dict[str, tuple[str, ...]] = {}
    for name, all_words in words.items():
        for word in all_words:
            if name not in about.get(word, ()):
                about[word] = (*about.get(word, ()), name)
    return _Lexicon({word: about[word] for word in sorted(about, key=lambda word: -len(word))} | _KINDS)
