"""A home for DeepFace with weights in it: its own cannot be had here, so a net of the shelf stands behind its input."""

import os
import tempfile
from functools import cache
from pathlib import Path

from edge_agent.models import FindModel
from edge_agent.sensing.deepface import DeepFaceModel, load_deepface
from tests.bench.sensing.deepface_alone import EXPRESSION, as_deepface_wants_it


@cache
def deepface(find: FindModel) -> DeepFaceModel:
    """DeepFace itself, with the shelf's `fer_minixception.onnx` (the same seven emotions, FER2013) for weights."""
    home = Path(tempfile.mkdtemp())
    weights = home / ".deepface" / "weights"
    weights.mkdir(parents=True)
    as_deepface_wants_it(find(EXPRESSION), weights / "facial_expression_model_weights.onnx")
    os.environ["DEEPFACE_HOME"] = str(home)
    return load_deepface()
