"""MediaPipe's face landmarker: the two TFLite nets inside its .task file."""

import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf2onnx

from training.export.recipe import Feeds, Made, NotConvertible
from training.export.tflite import runner
from training.export.tidy import tidied

_FACTS = {"licence": "Apache-2.0 (Google MediaPipe)", "source": "face_landmarker.task"}


def landmarks(folder: Path) -> Made:
    """478 landmarks of an upright face."""
    file = _member(folder, "face_landmarks_detector.tflite")
    facts = {**_FACTS, "input": "N,256,256,3 float32 RGB 0..1, rotated square ROI = 1.25 x YuNet box",
             "output": "1434 = 478*(x,y,z) in 256-px ROI; face_logit>0 = face"}  # fmt: skip

    def draw(rng: np.random.Generator) -> Feeds:
        return {"image": rng.uniform(0, 1, (1, 256, 256, 3)).astype(np.float32)}

    model, _ = tf2onnx.convert.from_tflite(str(file), opset=17)
    made = tidied(model, ["image"], ["landmarks", "face_logit", "aux"], facts)
    return Made(made, runner(file, 3), draw, 0.01, f"TFLite of TensorFlow {tf.__version__}")


def blendshapes(folder: Path) -> Made:
    """52 blendshapes of 146 landmarks."""
    file = _member(folder, "face_blendshapes.tflite")
    facts = {**_FACTS, "input": "1,146,2 float32 image-pixel xy of the 146-landmark subset",
             "output": "52 ARKit-style coefficients 0..1"}  # fmt: skip

    def draw(rng: np.random.Generator) -> Feeds:
        return {"points": rng.uniform(0, 256, (1, 146, 2)).astype(np.float32)}

    model, _ = tf2onnx.convert.from_tflite(str(file), opset=17)
    made = tidied(model, ["points"], ["blendshapes"], facts)
    return Made(made, runner(file, 1), draw, 1e-4, f"TFLite of TensorFlow {tf.__version__}")


def _member(folder: Path, name: str) -> Path:
    try:
        with zipfile.ZipFile(folder / "face_landmarker.task") as archive:
            return Path(archive.extract(name, folder))
    except (KeyError, zipfile.BadZipFile) as error:
        raise NotConvertible(f"face_landmarker.task: no {name} in it ({error})") from error
