"""Pitch and brightness are ours because librosa takes long to start; they are held to it here."""

import numpy as np
import pytest

from edge_agent.preprocess.voice import brightness_hz, pitch_hz

pytestmark = pytest.mark.unit
RATE_HZ = 16_000


def tone(hertz: float, seconds: float = 0.5) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """A voice-like tone: a fundamental with five falling harmonics."""
    time = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    return np.sum([np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 6)], axis=0).astype(np.float32) * 0.2


@pytest.mark.parametrize("hertz", [90.0, 180.0, 260.0, 420.0])
def test_it_hears_the_pitch_that_librosa_hears(hertz: float) -> None:
    librosa = pytest.importorskip("librosa")
    theirs = np.median(librosa.yin(tone(hertz), fmin=65, fmax=1000, sr=RATE_HZ, frame_length=1024))
    ours = np.nanmedian(pitch_hz(tone(hertz), RATE_HZ))
    assert ours == pytest.approx(theirs, rel=0.01)
    assert ours == pytest.approx(hertz, rel=0.01)


@pytest.mark.parametrize("hertz", [200.0, 700.0])
def test_it_finds_the_centroid_that_librosa_finds(hertz: float) -> None:
    librosa = pytest.importorskip("librosa")
    frames = librosa.feature.spectral_centroid(y=tone(hertz), sr=RATE_HZ, n_fft=1024, hop_length=512, center=False)
    assert brightness_hz(tone(hertz), RATE_HZ) == pytest.approx(float(np.median(frames)), rel=0.02)
