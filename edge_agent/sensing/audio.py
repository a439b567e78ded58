"""Listens: loudness, how much voice there is and how strong, its pitch, and cues that are no words."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.capture.frame import SAMPLE_RATE_HZ, Samples
from edge_agent.capture.windows import Window, joined
from edge_agent.models import Array, Model, as_float
from edge_agent.preprocess.sounds import VOCAL, cue_probabilities
from edge_agent.preprocess.vocalisation import duration_s, lasting
from edge_agent.preprocess.voice import brightness_hz, pitch_hz
from edge_agent.preprocess.waves import DEAD_MICROPHONE_DBFS, loudness_dbfs, overlapping, vocal_energy
from edge_agent.sensing.cue_head import DIMENSIONS, CueHead
from edge_agent.sensing.role import Moment, Reading
from edge_agent.sensing.sound_extras import Extras
from edge_agent.sensing.vocalisation import HEARD_AS, LEAST_PROBABILITY
from services.vocabulary import Absence, Cue, CueName, Seconds
from services.vocabulary import Sense as SenseName

YAMNET = "yamnet.onnx"
SILERO = "silero_vad.onnx"
LEAST_VOICE = 0.2
"""Probability of speech or voice from which its pitch and brightness are measured (source: guess)."""
_WINDOW = 15_600
_VAD_STEP, _VAD_CONTEXT = 512, 64
_VOICE = 0.5
_LEAST_PITCHED = 4
_SMALLEST_SHARE = 0.2
_JOIN_S: Seconds = 0.05


class Audio:
    """Sound of the room. Only numbers leave it: no sample and no word is kept.

    Channels: `audio.loudness` dBFS; `audio.speech` share of the second with speech, 0..1; `audio.vocal_energy` 0..1;
    `audio.pitch` (Hz) and `audio.brightness` (spectral centroid, Hz) of voice, absent without. Every cue is
    told with the largest probability that YAMNet gives it in the windows of 0.975 s that end in the second; they begin
    every `hop_s`; a `head` made of an operator's own sounds may speak of some (vocal energy, which is judged,
    stays YAMNet's own).
    More channels there are for who asks for them (`extras`: see `sensing.sound_extras`).
    What is heard as a groan or a moan is also told as one vocalisation, with its loudness and duration.
    """

    title = "audio"
    name = SenseName.AUDIO
    channels: tuple[str, ...] = (
        "audio.loudness", "audio.vocal_energy", "audio.speech", "audio.pitch", "audio.brightness",
    )  # fmt: skip
    needs = (YAMNET, SILERO)

    def __init__(
        self, yamnet: Model, silero: Model, hop_s: Seconds = 0.24, head: CueHead | None = None,
        extras: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._head, self._extras = head, Extras(extras)
        self.channels = (*Audio.channels, *self._extras.channels)
        self._hop = max(1, round(hop_s * SAMPLE_RATE_HZ))
        self._heard_until_s: Seconds = float("inf")
        self._yamnet = yamnet.fits({"waveform": (0, _WINDOW)}, [(0, 521), (0, DIMENSIONS)])
        self._silero = silero.fits({"input": (0, 0), "state": (2, 0, 128), "sr": ()}, [(0, 1)])
        self._forget()

    def read(self, moment: Moment) -> Reading:
        """Abstains where there is no sound, or only a dead microphone's."""
        samples = joined(moment.window.sounds)
        if samples is None or len(samples) < _SMALLEST_SHARE * SAMPLE_RATE_HZ:
            self._forget()
            return Reading.absent(Absence.MICROPHONE_SILENT)
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        level = loudness_dbfs(samples)
        if level <= DEAD_MICROPHONE_DBFS:
            self._forget()
            return Reading.absent(Absence.MICROPHONE_SILENT)
        if moment.window.sounds[0].pts_s - self._heard_until_s > _JOIN_S:
            self._forget()
        self._heard_until_s = moment.window.sounds[-1].end_s
        speech, steps = self._speech(samples)
        cues, voice, windows = self._cues(samples, moment.window)
        values = {
            "audio.loudness": level,
            "audio.vocal_energy": vocal_energy(level, max(speech, voice)),
            "audio.speech": speech,
        }
        if max(speech, voice) >= LEAST_VOICE:
            values |= _features(samples)
        values |= self._extras.add(level, samples)
        return Reading(values, min(1.0, len(samples) / SAMPLE_RATE_HZ), cues, inferences=steps + windows)

    def _forget(self) -> None:
        self._unheard: Samples = np.zeros(0, np.float32)
        self._unspoken: Samples = np.zeros(0, np.float32)
        self._context: Samples = np.zeros(_VAD_CONTEXT, np.float32)
        self._state: NDArray[np.float32] = np.zeros((2, 1, 128), np.float32)
        self._heard_until_s = float("inf")
        self._vocalising = 0
        self._extras.forget()

    def _speech(self, samples: Samples) -> tuple[float, int]:
        """Share of the steps in which someone speaks, and how many steps there were."""
        self._unspoken = np.concatenate([self._unspoken, samples])
        rate = np.array(SAMPLE_RATE_HZ, np.int64)
        spoken: list[bool] = []
        while len(self._unspoken) >= _VAD_STEP:
            step, self._unspoken = self._unspoken[:_VAD_STEP], self._unspoken[_VAD_STEP:]
            heard = as_float(np.concatenate([self._context, step])[None])
            probability, self._state = self._silero.run({"input": heard, "state": self._state, "sr": rate})
            self._context = step[-_VAD_CONTEXT:]
            spoken.append(float(probability[0, 0]) >= _VOICE)
        return (sum(spoken) / len(spoken) if spoken else 0.0), len(spoken)

    def _cues(self, samples: Samples, window: Window) -> tuple[tuple[Cue, ...], float, int]:
        """Cues of the windows that end in this second, how much of it is voice, and how many windows there were."""
        begins_s = window.sounds[-1].end_s - (len(self._unheard) + len(samples)) / SAMPLE_RATE_HZ
        self._unheard = np.concatenate([self._unheard, samples])
        waves, used = overlapping(self._unheard, _WINDOW, self._hop)
        self._unheard = self._unheard[used:]
        if not len(waves):
            return (), 0.0, 0
        scores, embeddings = self._yamnet.run({"waveform": waves})[:2]
        own = cue_probabilities(scores)
        found = own if self._head is None else self._head.added(own, embeddings, waves)
        middles_s = begins_s + (np.arange(len(waves)) * self._hop + _WINDOW / 2) / SAMPLE_RATE_HZ
        cues = [self._vocalisation(waves, found, middles_s - window.end_s)]
        for name, probabilities in found.items():
            best = int(probabilities.argmax())
            offset_s = min(0.0, float(middles_s[best]) - window.end_s)
            cues.append(Cue(name, float(np.clip(probabilities[best], 0.0, 1.0)), offset_s))
        voice = float(np.mean(np.max([own[name] for name in VOCAL], axis=0)))
        return tuple(cues), voice, len(waves)

    def _vocalisation(self, waves: Array, found: Mapping[CueName, Array], offsets_s: Array) -> Cue:
        probabilities = np.max([found[name] for name in HEARD_AS], axis=0)
        here = probabilities >= LEAST_PROBABILITY
        longest, self._vocalising = lasting(here, self._vocalising)
        loudest = max((loudness_dbfs(wave) for wave in waves[here]), default=None)
        best = int(probabilities.argmax())
        lasted = duration_s(longest, self._hop / SAMPLE_RATE_HZ) if longest else None
        return Cue(
            CueName.VOCALISATION_UNRESOLVED, float(np.clip(probabilities[best], 0.0, 1.0)),
            min(0.0, float(offsets_s[best])), loudest, lasted,
        )  # fmt: skip


def _features(samples: Samples) -> dict[str, float]:
    values = {}
    pitches = pitch_hz(samples, SAMPLE_RATE_HZ)
    if np.isfinite(pitches).sum() >= _LEAST_PITCHED:
        values["audio.pitch"] = float(np.nanmedian(pitches))
    brightness = brightness_hz(samples, SAMPLE_RATE_HZ)
    if np.isfinite(brightness):
        values["audio.brightness"] = brightness
    return values
