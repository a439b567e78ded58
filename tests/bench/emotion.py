"""Emotion alone beside DeepFace `analyze`: the same pictures, YuNet boxes and ONNX model, pass by pass in turn.

DeepFace (the extra `edge-deepface`) runs in a process of its own, with a pass of ours between two of its.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import load
from edge_agent.sensing.expression import Expression
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.role import Face, Moment
from edge_agent.sensing.yunet import MODEL as YUNET
from services.runtime.assets import Shelf
from services.vocabulary import EMOTIONS
from tests.bench.sensing import deepface_alone
from tests.bench.sensing.bare import pictures
from tests.bench.table import Figure, publish

ROUNDS = 7
NAMED = {"happy": "happiness", "sad": "sadness", "angry": "anger"}


def main() -> int:
    """Measure and print; processor time, the median of seven passes each, taken in turn."""
    cv2.setNumThreads(1)
    shelf = Shelf.open()
    models = shelf.find(YUNET).parent
    faces = Faces(load(models / YUNET))
    expression = Expression([load(models / deepface_alone.EXPRESSION)], 1.0, passes=1)
    frames = list(pictures(shelf.find("demo_open_56s.mp4"), 2.0, 0.0, 42.0))
    seconds = [Moment(Window(k / 2 + 1.0, tuple(frames[k : k + 2]))) for k in range(0, len(frames), 2)]
    found = [max(faces.find(frame), key=lambda face: face.score) for frame in frames]

    def emotion(frame: Frame, face: Face) -> str:
        values = expression.read(Moment(Window(1.0, (frame,)), 1, (face,))).values
        return max(EMOTIONS, key=lambda name: values.get(f"emotion.{name}", 0.0))

    passes: dict[str, Callable[[], list[str]]] = {
        "analyze": lambda: [emotion(face.frame, face) for second in seconds for face in faces.read(second).faces],
        "skip": lambda: [emotion(frame, face) for frame, face in zip(frames, found, strict=True)],
    }
    took: dict[tuple[str, str], list[float]] = {}
    agree = 1.0
    with tempfile.TemporaryDirectory() as home:
        peer = _peer(frames, found, models, Path(home))
        for _ in range(ROUNDS):
            for job, run in passes.items():
                began = time.process_time()
                ours = run()
                took.setdefault(("ours", job), []).append(time.process_time() - began)
                spent, theirs = _ask(peer, job)
                took.setdefault(("DeepFace", job), []).append(spent)
                agree = float(np.mean([mine == other for mine, other in zip(ours, theirs, strict=True)]))
        peer.communicate()
    return publish("emotion", [*_figures(took, len(frames)), _same(agree)])


def _figures(took: dict[tuple[str, str], list[float]], n: int) -> list[Figure]:
    figures = []
    for job, what in (("skip", "emotion alone, boxes given"), ("analyze", "faces found and emotion")):
        ours = n / float(np.median(took["ours", job]))
        peer = n / float(np.median(took["DeepFace", job]))
        bar = ("5", ours / peer >= 5) if job == "analyze" else ("", None)
        figures.append(Figure(f"{what}: {deepface_alone.EXPRESSION}", ours, "pictures/s",
                              f"DeepFace analyze, {job}: {peer:.1f}", ours / peer, *bar))  # fmt: skip
    return figures


def _same(agree: float) -> Figure:
    return Figure("the same emotion is most probable", agree, "share", "DeepFace, its own crop and alignment")


def _peer(frames: list[Frame], found: list[Face], models: Path, home: Path) -> "subprocess.Popen[str]":
    file = home / "pictures.npz"
    boxes = [[max(0, round(v)) for v in (f.box.x, f.box.y, f.box.width, f.box.height)] for f in found]
    np.savez(file, images=np.stack([frame.image for frame in frames]), boxes=np.array(boxes))
    told = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        [sys.executable, deepface_alone.__file__, str(file), str(models), str(home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**told, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def _ask(peer: "subprocess.Popen[str]", job: str) -> tuple[float, list[str]]:
    assert peer.stdin is not None
    assert peer.stdout is not None
    peer.stdin.write(job + "\n")
    peer.stdin.flush()
    seconds, *said = peer.stdout.readline().split()
    return float(seconds), [NAMED.get(word, word) for word in said]


if __name__ == "__main__":
    sys.exit(main())
