"""Reads faces with DeepFace, an alternative to the models of the shelf: `expression = ["deepface"]`.

Serengil and Ozpinar, https://github.com/serengil/deepface; the extra `edge-deepface`. Faces are found here and cut out
in memory: DeepFace sees nothing but crops, writes nothing and is never let to fetch anything.
"""

import importlib.util
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.models import Array, Model, ModelMissing, ModelUnfit, ModelUnreadable, Shape, load

NAME = "deepface"
"""By this name it is asked for, like a model's file."""
WEIGHTS = "facial_expression_model_weights.onnx"
SIDE, GREY = 224, 48
"""Pixels of the square that DeepFace's models are given, and of the grey one that it makes of it for emotions."""
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""What its numbers stand for, in its order."""


class DeepFaceModel(Model):
    """DeepFace's net for emotions as a model of ours: n x 224 x 224 x 3 (BGR, 0..1) in, n x 7 probabilities out.
    Its session is DeepFace's own: `DEEPFACE_ONNX_PROVIDERS` chooses the processor, and it takes as many threads as
    there are cores."""

    def __init__(self, client: Any, file: Path, digest: str) -> None:
        super().__init__(file, digest, client.model, together=False)
        self.name = NAME
        self._client = client
        self.run = self._emotions

    @property
    def takes(self) -> Mapping[str, Shape]:
        """Its one input."""
        return {"faces": (0, SIDE, SIDE, 3)}

    @property
    def gives(self) -> tuple[Shape, ...]:
        """Its one output."""
        return ((0, len(EMOTIONS)),)

    def idle_inputs(self, rows: int, sizes: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """Black faces, so many of them."""
        return {"faces": np.zeros((rows, SIDE, SIDE, 3), np.float32), **(sizes or {})}

    def _emotions(self, inputs: Mapping[str, Array]) -> list[Array]:
        return [np.atleast_2d(self._client.predict(inputs["faces"]))]


def weights_file() -> Path:
    """Where DeepFace looks for its net: below `DEEPFACE_HOME`, or else the home directory."""
    return Path(os.environ.get("DEEPFACE_HOME") or Path.home()) / ".deepface" / "weights" / WEIGHTS


def load_deepface() -> DeepFaceModel:
    """DeepFace's net for emotions, on ONNX Runtime.

    Raises:
        ModelMissing: it is not installed, or its weights are not there.
        ModelUnreadable, ModelUnfit: its weights are no ONNX model, or another one; DeepFace's own settings are wrong.
    """
    if importlib.util.find_spec("deepface") is None:
        raise ModelMissing("deepface: is not installed; `pip install 'attune[edge-deepface]'`")
    file = weights_file()
    if not file.is_file():
        raise ModelMissing(
            f"{file}: DeepFace's weights are not there, and an agent fetches nothing by itself; bring the file from a "
            f"machine on which DeepFace fetched it ($DEEPFACE_HOME/.deepface/weights/{WEIGHTS})"
        )
    plain = load(file, "CPU")
    if list(plain.takes.values()) != [(0, GREY, GREY, 1)] or plain.gives != ((0, len(EMOTIONS)),):
        raise ModelUnfit(f"{file}: takes {dict(plain.takes)} and gives {list(plain.gives)}, expected n grey faces of "
                         f"{GREY} x {GREY} and {len(EMOTIONS)} emotions: it is not DeepFace's net")  # fmt: skip
    os.environ.setdefault("DEEPFACE_BACKEND_ENGINE", "onnx")
    try:
        with warnings.catch_warnings():  # it silences all warnings of the process
            from deepface import DeepFace
        client = DeepFace.build_model("Emotion", task="facial_attribute")
    except ImportError as error:
        raise ModelMissing(f"deepface: {error}; `pip install 'attune[edge-deepface]'`") from error
    except ValueError as error:
        raise ModelUnreadable(f"deepface: {error}") from error
    return DeepFaceModel(client, file, plain.digest)
