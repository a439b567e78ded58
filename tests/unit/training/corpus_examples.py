"""Examples as the tests of the corpus make them."""

import math
from pathlib import Path

import cv2
import numpy as np

from training.corpus.example import Example, Kind, Layer, Message, Role, Source, Split
from training.corpus.parts import Measured, Modality, Recorded, Text

PNG = cv2.imencode(".png", np.full((32, 32, 3), 127, np.uint8))[1].tobytes()


def example(
    name: str = "one", kind: Kind = Kind.CLASSIFICATION, layer: Layer = Layer.GENERAL, split: Split = Split.TRAIN,
    subject: str = "p1", question: str = "Which emotion is seen?", asset: str = "",
) -> Example:  # fmt: skip
    picture = (Recorded(Modality.IMAGE, asset),) if asset else ()
    series = Measured(Modality.SERIES, ("affect.valence",), 0.0, 1.0, ((0.25,), (math.nan,)))
    user = Message(Role.USER, (*picture, Text(question), series))
    answer = Message(Role.ASSISTANT, (Text(f"answer {name}"),), "It looks so." if kind is Kind.THINKING else "")
    return Example(name, layer, kind, split, Source("MADE", name, "CC0-1.0", subject, "test"), (user, answer))


def picture(folder: Path, name: str = "a.png", tail: bytes = b"") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(PNG + tail)
    return file
