"""The models alone, as their cards say: what the senses have to be at least as good as."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import SAMPLE_RATE_HZ, Frame, Sound
from edge_agent.capture.source import Expects, Source
from edge_agent.models import load
from edge_agent.preprocess.sounds import cue_probabilities
from edge_agent.sensing.expression_models import described
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.yunet import MODEL as YUNET

_WINDOW, _HOP = 15_600, 7_680
"""YAMNet's own patches: 0.975 s every 0.48 s."""


class BareEar:
    """YAMNet over a whole sound, silence behind what is too short."""

    def __init__(self, model: Path) -> None:
        self._model = load(model)

    def hear(self, file: Path) -> list[dict[str, float]]:
        """One row per patch: `time` of its middle, and each cue's probability."""
        source = Source(str(file), expects=Expects.SOUND)
        parts = [item.samples for item in decode(source, Counts()) if isinstance(item, Sound)]
        wave = np.concatenate(parts)
        wave = np.pad(wave, (0, max(0, _WINDOW - len(wave))))
        patches = np.lib.stride_tricks.sliding_window_view(wave, _WINDOW)[::_HOP]
        found = cue_probabilities(self._model.run({"waveform": np.ascontiguousarray(patches)})[0])
        middles = (np.arange(len(patches)) * _HOP + _WINDOW / 2) / SAMPLE_RATE_HZ
        columns = {f"audio.cue.{cue}": values for cue, values in found.items()}
        return [
            {"time": float(middle), **{name: float(values[k]) for name, values in columns.items()}}
            for k, middle in enumerate(middles)
        ]


class BareFace:
    """YuNet and one expression model on single pictures, its numbers as they come."""

    def __init__(self, folder: Path, file: str) -> None:
        self._faces, self._model, self._what = Faces(load(folder / YUNET)), load(folder / file), described(file)

    def read(self, image: NDArray[np.uint8]) -> str | None:
        """The most probable emotion of the clearest face; None without one."""
        found = self._faces.find(Frame(image, 0.0))
        seen = self._what.see(max(found, key=lambda face: face.score)) if found else None
        if seen is None:
            return None
        numbers = self._what.run(self._model, [seen])[0]
        return self._what.outputs[int(np.argmax(numbers))]


def pictures(file: Path, fps: float, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Frame]:
    """The pictures of a film."""
    for item in decode(Source(str(file), start_s, end_s, analysis_fps=fps), Counts()):
        if isinstance(item, Frame):
            yield item
