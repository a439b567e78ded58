"""Energy, zero crossings, centroid, MFCC and tempo are ours, as librosa takes long to start; they are held to it."""

from pathlib import Path

import numpy as np
import pytest

from edge_agent.capture.frame import SAMPLE_RATE_HZ, Sound
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, load
from edge_agent.preprocess.acoustics import (
    COEFFICIENTS,
    FEATURES,
    HOP,
    LENGTH,
    MELS,
    centroid_hz,
    energy,
    features,
    framed,
    mel_db,
    mfcc,
    onsets,
    tempo_bpm,
    zero_crossings,
)  # fmt: skip
from edge_agent.sensing.audio import SILERO, YAMNET, Audio
from edge_agent.sensing.role import Moment
from edge_agent.sensing.sound_extras import CHANNELS, LEAST_S, Extras
from services.vocabulary import describe
from tests.unit.edge.test_vocalisation import wave_of

pytestmark = pytest.mark.unit

SOUNDS = ("esc10_cc0/baby_cry__3-151080-A.ogg", "esc10_cc0/rain__1-17367-A.ogg", "freedoom_bsd/DSPLPAIN.wav")


@pytest.fixture(params=SOUNDS)
def wave(request: pytest.FixtureRequest, asset_mirror: Path) -> np.ndarray:
    return wave_of(asset_mirror / "sounds" / request.param)


def test_frames_say_what_librosa_says(wave: np.ndarray) -> None:
    librosa = pytest.importorskip("librosa")
    frames, size = framed(wave), {"frame_length": LENGTH, "hop_length": HOP, "center": False}
    cut = {"n_fft": LENGTH, "hop_length": HOP, "center": False}
    assert energy(frames) == pytest.approx(librosa.feature.rms(y=wave, **size)[0], rel=1e-4, abs=1e-6)
    assert zero_crossings(frames) == pytest.approx(librosa.feature.zero_crossing_rate(wave, **size)[0], abs=2e-3)
    theirs = librosa.feature.spectral_centroid(y=wave, sr=SAMPLE_RATE_HZ, **cut)[0]
    loud = energy(frames) > 1e-4
    assert centroid_hz(frames, SAMPLE_RATE_HZ)[loud] == pytest.approx(theirs[loud], rel=1e-3)


def test_the_cepstrum_is_librosas(wave: np.ndarray) -> None:
    librosa = pytest.importorskip("librosa")
    theirs = librosa.feature.mfcc(
        y=wave, sr=SAMPLE_RATE_HZ, n_mfcc=COEFFICIENTS, n_mels=MELS, n_fft=LENGTH, hop_length=HOP, center=False
    )
    assert mfcc(framed(wave), SAMPLE_RATE_HZ) == pytest.approx(theirs.T, abs=0.05)


def clicks(bpm: float, seconds: float = 8.0) -> np.ndarray:
    wave = np.random.default_rng(0).normal(0, 1e-3, round(seconds * SAMPLE_RATE_HZ))
    for start in np.arange(0.1, seconds - 0.1, 60.0 / bpm):
        place = round(start * SAMPLE_RATE_HZ)
        wave[place : place + 800] += np.random.default_rng(1).normal(0, 0.3, 800)
    return wave.astype(np.float32)


@pytest.mark.parametrize("bpm", [75.0, 100.0, 120.0, 150.0])
def test_it_hears_the_tempo_that_librosa_hears(bpm: float) -> None:
    librosa = pytest.importorskip("librosa")
    wave = clicks(bpm)
    theirs = float(librosa.feature.tempo(y=wave, sr=SAMPLE_RATE_HZ, hop_length=HOP)[0])
    ours = tempo_bpm(onsets(mel_db(framed(wave), SAMPLE_RATE_HZ)), SAMPLE_RATE_HZ / HOP)
    assert ours == pytest.approx(theirs, rel=0.05)
    assert ours == pytest.approx(bpm, rel=0.05)


def test_noise_and_silence_have_no_tempo() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 8 * SAMPLE_RATE_HZ).astype(np.float32)
    for wave in (noise, np.zeros_like(noise)):
        assert np.isnan(tempo_bpm(onsets(mel_db(framed(wave), SAMPLE_RATE_HZ)), SAMPLE_RATE_HZ / HOP))


def test_the_features_of_a_window_do_not_depend_on_the_others(wave: np.ndarray) -> None:
    windows = np.stack([np.resize(wave, 15_600), np.resize(wave[4000:], 15_600)])
    both = features(windows, SAMPLE_RATE_HZ)
    assert both.shape == (2, FEATURES)
    assert np.isfinite(both).all()
    assert both[1] == pytest.approx(features(windows[1:], SAMPLE_RATE_HZ)[0], abs=1e-4)
    assert features(windows[:0], SAMPLE_RATE_HZ).shape == (0, FEATURES)


def test_a_room_says_how_far_above_its_usual_it_is() -> None:
    extras = Extras(["above_usual", "zero_crossings"])
    quiet = np.random.default_rng(0).normal(0, 0.001, SAMPLE_RATE_HZ).astype(np.float32)
    told = [extras.add(-60.0 + k % 3, quiet) for k in range(LEAST_S + 1)]
    assert all("audio.above_usual" not in one for one in told[:LEAST_S])
    assert told[-1]["audio.above_usual"] == pytest.approx(0.0, abs=1.0)
    extras.forget()
    assert extras.add(-29.0, quiet)["audio.above_usual"] == pytest.approx(30.0)
    assert told[0]["audio.zero_crossings"] == pytest.approx(0.5, abs=0.02)


def test_the_ear_tells_more_only_where_it_is_asked_to(find_model: FindModel) -> None:
    silero, yamnet = load(find_model(SILERO)), load(find_model(YAMNET))
    assert not set(CHANNELS.values()) & set(Audio(yamnet, silero).channels)
    ear = Audio(yamnet, silero, extras=tuple(CHANNELS))
    wave = clicks(120.0, 10.0)
    told = {}
    for k in range(10):
        part = wave[k * SAMPLE_RATE_HZ : (k + 1) * SAMPLE_RATE_HZ]
        told = dict(ear.read(Moment(Window(k + 1.0, (), (Sound(part, float(k)),)))).values)
    assert set(told) <= set(ear.channels)
    assert told["audio.tempo"] == pytest.approx(120.0, rel=0.06)
    assert not any(describe(name).judged for name in CHANNELS.values())
