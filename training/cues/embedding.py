"""Turns sounds into the embeddings that a head learns from, cut as the edge agent cuts them."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import onnxruntime
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from edge_agent.preprocess.acoustics import features
from edge_agent.preprocess.sound_models import FAMILIES, RATE_HZ, WINDOW, embedding_place, pooled, prepared
from edge_agent.preprocess.waves import Wave, loudness_dbfs, overlapping, repeated
from services.vocabulary.time import Seconds
from training.cues.labelled import NOTHING, Labelled, Unusable

_STATE = onnxruntime.capi.onnxruntime_pybind11_state
HOP_S: Seconds = 0.24
"""As the edge agent's sound_hop_s."""
NEAR_LOUDEST_DB = 20.0
"""Windows of a cue that are more than this under its loudest are not taken for it (source: guess)."""

Floats = NDArray[np.float32]


class SoundUnreadable(ValueError):
    """A file that no sound comes out of."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The windows of one labelled stretch: `vectors` (n, dimensions), and what the model itself calls them, `scores`
    (n, classes), where it says so."""

    of: Labelled
    vectors: Floats
    scores: Floats | None


class Embedding:
    """A sound model (ONNX) of a `family` that hears windows of 0.975 s and gives an embedding, to which what
    `acoustics` says of the window is added where wanted.

    Its input is (n, samples); the output with "embed" in its name, or `last_hidden_state`, is the embedding, and one
    named `scores` what the model calls the sound.

    Raises:
        Unusable: it is no such model.
    """

    def __init__(self, file: Path, family: str = "yamnet", acoustics: bool = False) -> None:
        self._family, self._acoustics, self.length = family, acoustics, WINDOW
        try:
            self.digest = hashlib.sha256(file.read_bytes()).hexdigest()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except OSError as error:
            raise Unusable(f"embedding {file}: {error.strerror}; expected an ONNX file") from error
        except (_STATE.InvalidProtobuf, _STATE.Fail, _STATE.InvalidGraph) as error:
            raise Unusable(f"embedding {file}: no ONNX model") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        place = embedding_place([one.name for one in outputs], [len(one.shape) for one in outputs])
        samples = WINDOW * FAMILIES[family].rate_hz // RATE_HZ
        shape = inputs[0].shape
        fits = len(inputs) == 1 and len(shape) == 2 and (shape[1] == samples or not isinstance(shape[1], int))
        if place is None or not fits:
            takes = {one.name: one.shape for one in inputs}
            gives = {one.name: one.shape for one in outputs}
            raise Unusable(f"embedding {file.name}: takes {takes} and gives {gives}; expected one input (n, {samples}) "
                           "and an output with 'embed' in its name, or last_hidden_state")  # fmt: skip
        self.name = file.name
        self._input = inputs[0].name
        self._wanted = [outputs[place].name, *(one.name for one in outputs if one.name == "scores")]

    def of(self, sound: Labelled) -> Embedded:
        """The windows of a stretch; of a cue only those that are nearly as loud as its loudest.

        Raises:
            SoundUnreadable: it cannot be decoded, or holds nothing.
        """
        waves, _ = overlapping(self._cut(sound), self.length, round(HOP_S * RATE_HZ))
        if sound.label != NOTHING:
            levels = np.array([loudness_dbfs(wave) for wave in waves])
            waves = waves[levels >= levels.max() - NEAR_LOUDEST_DB]
        found = self._session.run(self._wanted, {self._input: prepared(waves, self._family)})
        vectors = pooled(found[0])
        if self._acoustics:
            vectors = np.concatenate([vectors, features(waves, RATE_HZ)], axis=1)
        return Embedded(sound, vectors, found[1] if len(found) > 1 else None)

    @property
    def facts(self) -> dict[str, str]:
        """What an agent has to know of it to hear as a head learned to."""
        return {"embedding": self.name, "embedding_sha256": self.digest, "family": self._family,
                "acoustics": str(int(self._acoustics))}  # fmt: skip

    def _cut(self, sound: Labelled) -> Wave:
        """The stretch; a shorter one than a window takes of its surroundings, a shorter file is heard again."""
        whole = wave_of(sound.file)
        first = round(sound.start_s * RATE_HZ)
        last = len(whole) if sound.end_s is None else min(len(whole), round(sound.end_s * RATE_HZ))
        if first >= last:
            raise SoundUnreadable(f"{sound.file}: ends at {len(whole) / RATE_HZ:.1f} s, before the label's start at "
                                  f"{sound.start_s:g} s")  # fmt: skip
        if len(whole) < self.length:
            return repeated(whole, 2 * self.length)
        lacking = max(0, self.length - (last - first))
        first = min(max(0, first - lacking // 2), len(whole) - (last - first + lacking))
        return whole[first : max(last, first + self.length)]


@lru_cache(maxsize=1)
def wave_of(file: Path) -> Wave:
    """A file's sound, mono at 16 kHz, -1..1.

    Raises:
        SoundUnreadable: it has none, or cannot be decoded.
    """
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    parts: list[Floats] = []
    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise SoundUnreadable(f"{file}: holds no sound")
            for frame in container.decode(container.streams.audio[0]):
                parts += _parts(resampler, frame)
            parts += _parts(resampler, None)
    except (av.error.FFmpegError, OSError) as error:
        raise SoundUnreadable(f"{file}: cannot be decoded ({error.strerror or type(error).__name__})") from error
    wave = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if not len(wave) or not np.isfinite(wave).all() or not np.abs(wave).max():
        raise SoundUnreadable(f"{file}: holds only silence")
    return wave


def _parts(resampler: AudioResampler, frame: AudioFrame | None) -> list[Floats]:
    return [np.asarray(one.to_ndarray()[0], np.float32) for one in resampler.resample(frame)]
