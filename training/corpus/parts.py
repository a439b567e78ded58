"""What a message is made of: words, stretches of a recording, and measured series, all on one clock."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import Seconds
from training.corpus.errors import ExampleInvalid

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Modality(StrEnum):
    """What a model would need to perceive a part."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    SERIES = "series"
    POSE = "pose"


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str

    def __post_init__(self) -> None:
        if not self.text:
            raise ExampleInvalid("a text part without text; leave it out")

    @property
    def modality(self) -> Modality:
        """Text."""
        return Modality.TEXT


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stretch of a raw asset (`sha256:…`): from `start_s` to `end_s` of it. An image is a moment: both are equal."""

    modality: Modality
    asset: str
    start_s: Seconds = 0.0
    end_s: Seconds = 0.0

    def __post_init__(self) -> None:
        if self.modality not in (Modality.IMAGE, Modality.VIDEO, Modality.AUDIO):
            raise ExampleInvalid(f"a recorded part of modality {self.modality!r}; expected image, video or audio")
        if not _DIGEST.fullmatch(self.asset):
            raise ExampleInvalid(f"asset {self.asset!r}; expected sha256: and 64 hexadecimal digits")
        _stretch(self.start_s, self.end_s)
        if (self.modality is Modality.IMAGE) != (self.start_s == self.end_s):
            raise ExampleInvalid(f"{self.modality.value} from {self.start_s:g} to {self.end_s:g} s; an image is a "
                                 "moment, a video or a sound lasts")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """Numbers of `names` each `step_s` from `start_s`: `values` is (times, names), NaN where nothing was seen.

    `modality` is series (scores, prosody) or pose (joint coordinates and measures).
    """

    modality: Modality
    names: tuple[str, ...]
    start_s: Seconds
    step_s: Seconds
    values: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if self.modality not in (Modality.SERIES, Modality.POSE):
            raise ExampleInvalid(f"a measured part of modality {self.modality!r}; expected series or pose")
        if not self.names or len(set(self.names)) < len(self.names) or not all(self.names):
            raise ExampleInvalid(f"names {self.names!r}; expected at least one, each once, none empty")
        if not (math.isfinite(self.step_s) and self.step_s > 0.0):
            raise ExampleInvalid(f"step of {self.step_s:g} s; expected more than 0")
        _stretch(self.start_s, self.start_s)
        if not self.values or any(len(row) != len(self.names) for row in self.values):
            raise ExampleInvalid(f"values of {self.names!r}: expected rows of {len(self.names)} numbers, at least one")
        if any(math.isinf(value) for row in self.values for value in row):
            raise ExampleInvalid(
                f"values of {self.names!r}: infinite; expected a number, or NaN where nothing was seen"
            )

    @property
    def end_s(self) -> Seconds:
        """When the last value's step is over."""
        return self.start_s + self.step_s * len(self.values)


Part = Text | Recorded | Measured


def _stretch(start_s: Seconds, end_s: Seconds) -> None:
    if not (math.isfinite(start_s) and math.isfinite(end_s) and 0.0 <= start_s <= end_s):
        raise ExampleInvalid(f"a stretch from {start_s} to {end_s} s; expected 0 <= start <= end")
