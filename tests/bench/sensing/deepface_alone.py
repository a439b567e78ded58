"""DeepFace on its own interpreter: reads pictures and boxes once, then times one pass whenever a line asks for it.

Run as `PYTHON deepface_alone.py PICTURES.npz MODELS HOME`; imports nothing of this project.
"""

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

EXPRESSION, YUNET = "fer_minixception.onnx", "face_detection_yunet_2026may.onnx"


def main(pictures: Path, models: Path, home: Path) -> None:
    """Answer `analyze` and `skip` with the processor seconds of one pass and the emotions it found."""
    weights = home / ".deepface" / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(models / YUNET, weights / "face_detection_yunet_2023mar.onnx")
    as_deepface_wants_it(models / EXPRESSION, weights / "facial_expression_model_weights.onnx")
    os.environ.update(DEEPFACE_HOME=str(home), DEEPFACE_BACKEND_ENGINE="onnx", yunet_score_threshold="0.7")
    import cv2
    from deepface import DeepFace

    cv2.setNumThreads(1)
    loaded = np.load(pictures)
    whole = list(loaded["images"])
    crops = [image[y : y + h, x : x + w] for image, (x, y, w, h) in zip(whole, loaded["boxes"].tolist(), strict=True)]
    jobs = {"analyze": (whole, "yunet"), "skip": (crops, "skip")}
    for line in sys.stdin:
        images, detector = jobs[line.strip()]
        began = time.process_time()
        said = [
            DeepFace.analyze(
                image, actions=["emotion"], detector_backend=detector, silent=True, enforce_detection=False
            )
            for image in images
        ]
        took = time.process_time() - began
        print(took, *(one[0]["dominant_emotion"] for one in said), flush=True)


def as_deepface_wants_it(model: Path, target: Path) -> None:
    """The same net behind DeepFace's own input: 48 x 48 x 1 in 0..1, where the net was trained on 64 x 64 in -1..1."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    net = onnx.load(model)
    inner = net.graph.input[0].name

    def constant(name: str, value: Any, kind: Any) -> Any:
        return numpy_helper.from_array(np.array(value, kind), name)

    net.graph.initializer.extend([
        constant("df_sizes", [1.0, 64 / 48, 64 / 48, 1.0], np.float32),
        constant("df_two", 2.0, np.float32), constant("df_one", 1.0, np.float32),
    ])  # fmt: skip
    added = [
        helper.make_node("Resize", ["df_in", "", "df_sizes"], ["df_large"], mode="linear"),
        helper.make_node("Mul", ["df_large", "df_two"], ["df_doubled"]),
        helper.make_node("Sub", ["df_doubled", "df_one"], [inner]),
    ]
    nodes = list(net.graph.node)
    del net.graph.node[:]
    net.graph.node.extend([*added, *nodes])
    del net.graph.input[:]
    net.graph.input.append(helper.make_tensor_value_info("df_in", TensorProto.FLOAT, ["n", 48, 48, 1]))
    onnx.save(net, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
