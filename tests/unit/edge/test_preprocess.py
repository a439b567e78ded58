"""Pixels and samples reach each model as it was trained to see them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.preprocess.crops import Box, crop, inverse, letterbox, mapped, rgb, unit, upright_face
from edge_agent.preprocess.probabilities import CIRCUMPLEX, circumplex, softened, softmax
from edge_agent.preprocess.skeleton import Skeleton, hip_height, scale_px, torso_angle, travelled
from edge_agent.preprocess.voice import brightness_hz, pitch_hz
from edge_agent.preprocess.waves import loudness_dbfs, overlapping, vocal_energy
from services.vocabulary import EMOTIONS

pytestmark = pytest.mark.unit

SIZES = st.integers(2, 300)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(SIZES, SIZES)
def test_it_letterboxes_any_size_and_finds_the_way_back(height: int, width: int) -> None:
    boxed = letterbox(noise(height, width), 192)
    assert boxed.image.shape == (192, 192, 3)
    corner = np.array([width, height]) * boxed.scale + (boxed.left, boxed.top)
    assert corner.max() == pytest.approx(192, abs=1.0)
    assert (corner <= 193).all()


@given(SIZES, SIZES, st.floats(-200, 400), st.floats(-200, 400), st.floats(1, 300))
def test_it_crops_only_what_is_in_the_picture(height: int, width: int, x: float, y: float, side: float) -> None:
    cut = crop(noise(height, width), Box(x, y, side, side), 64)
    assert cut is None or cut.shape == (64, 64, 3)


def test_it_leaves_out_a_box_beside_the_picture() -> None:
    assert crop(noise(50, 50), Box(60, 10, 20, 20), 64) is None


def test_it_turns_a_tilted_face_upright() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    right_eye, left_eye = (80.0, 80.0), (120.0, 120.0)
    square, back = upright_face(image, Box(60, 60, 80, 80), right_eye, left_eye, 256)
    eyes = mapped(np.array([right_eye, left_eye]), inverse(back))
    assert square.shape == (256, 256, 3)
    assert eyes[0, 1] == pytest.approx(eyes[1, 1])
    assert eyes[0, 0] < eyes[1, 0]
    assert mapped(np.array([[128.0, 128.0]]), back)[0] == pytest.approx([100.0, 100.0])


def test_it_changes_blue_and_red_and_scales_to_one() -> None:
    picture = np.array([[[255, 0, 51]]], np.uint8)
    assert unit(rgb(picture)).tolist() == [[[pytest.approx(0.2), 0.0, 1.0]]]


def test_it_keeps_every_sample_for_one_window_after_another() -> None:
    stream = np.arange(50_000, dtype=np.float32)
    first, used = overlapping(stream[:20_000], 15_600, 3_840)
    second, _ = overlapping(stream[used:], 15_600, 3_840)
    begins = [int(window[0]) for window in (*first, *second)]
    assert begins == list(range(0, 3_840 * len(begins), 3_840))


def test_it_measures_loudness_in_dbfs() -> None:
    sine = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
    assert loudness_dbfs(sine) == pytest.approx(-3.01, abs=0.01)
    assert loudness_dbfs(np.zeros(16_000, np.float32)) == -120.0
    assert loudness_dbfs(np.zeros(0, np.float32)) == -120.0
    assert loudness_dbfs(10 * sine) == 0.0


@given(st.floats(-120, 0), st.floats(0, 1))
def test_it_keeps_vocal_energy_between_none_and_all(level: float, share: float) -> None:
    assert 0.0 <= vocal_energy(level, share) <= share


@pytest.mark.parametrize("frequency", [80.0, 220.0, 440.0, 900.0])
def test_it_hears_the_pitch_of_a_voice_with_overtones(frequency: float) -> None:
    time = np.arange(16_000) / 16_000
    voice = sum(np.sin(2 * np.pi * frequency * k * time) / k for k in (1, 2, 3)).astype(np.float32)
    assert np.nanmedian(pitch_hz(voice, 16_000)) == pytest.approx(frequency, rel=0.01)


def test_it_hears_no_pitch_in_noise() -> None:
    hiss = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    assert np.isfinite(pitch_hz(hiss, 16_000)).mean() < 0.1


def test_it_calls_a_high_tone_brighter_than_a_low_one() -> None:
    time = np.arange(16_000) / 16_000
    tones = [np.sin(2 * np.pi * hz * time).astype(np.float32) for hz in (300.0, 3_000.0)]
    assert [brightness_hz(tone, 16_000) for tone in tones] == pytest.approx([300.0, 3_000.0], rel=0.1)
    assert np.isnan(brightness_hz(np.zeros(16_000, np.float32), 16_000))


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=8), st.floats(1, 10))
def test_it_softens_without_changing_the_order(logits: list[float], temperature: float) -> None:
    sharp = softmax(np.array(logits))
    soft = softened(sharp, temperature)
    assert soft.sum() == pytest.approx(1.0)
    assert soft.max() <= sharp.max() + 1e-9
    assert sharp[soft.argmax()] == pytest.approx(sharp.max())


@given(st.lists(st.floats(0.01, 1), min_size=8, max_size=8))
def test_it_keeps_valence_and_arousal_within_the_prototypes(weights: list[float]) -> None:
    both = circumplex(dict(zip(EMOTIONS, weights, strict=True)))
    for value, axis in zip(both, zip(*CIRCUMPLEX.values(), strict=True), strict=True):
        assert min(axis) <= value <= max(axis)


def test_it_knows_no_valence_where_nothing_was_probable() -> None:
    assert all(np.isnan(value) for value in circumplex({"neutral": np.zeros(1)}))


def body(shoulders: tuple[float, float], hips: tuple[float, float], wrists: tuple[float, float]) -> Skeleton:
    points = np.zeros((17, 2))
    for keypoints, (x, y) in (((5, 6), shoulders), ((11, 12), hips), ((9, 10), wrists)):
        points[list(keypoints)] = (x - 5, y), (x + 5, y)
    return Skeleton(points, np.full(17, 0.9), np.array([0.0, 0.0, 100.0, 200.0]))


def test_it_tells_standing_from_lying() -> None:
    assert torso_angle(body((50, 50), (50, 100), (50, 80))) == pytest.approx(0.0)
    assert torso_angle(body((50, 50), (100, 50), (80, 50))) == pytest.approx(90.0)
    assert hip_height(body((50, 50), (50, 150), (50, 80)), 200) == pytest.approx(0.25)


def test_it_does_not_take_walking_for_waving() -> None:
    still = body((50, 50), (50, 100), (50, 80))
    walking = body((80, 50), (80, 100), (80, 80))
    waving = body((50, 50), (50, 100), (80, 80))
    unit_px = scale_px(still)
    assert unit_px == pytest.approx(50.0)
    assert travelled(walking, still, "wrists", unit_px) == pytest.approx(0.0)
    assert travelled(walking, still, "trunk", unit_px) == pytest.approx(0.6)
    assert travelled(waving, still, "wrists", unit_px) == pytest.approx(0.6)


def test_it_knows_no_angle_of_hips_it_is_not_sure_of() -> None:
    seen = body((50, 50), (50, 100), (50, 80))
    hidden = Skeleton(seen.points, np.where(np.isin(np.arange(17), [11, 12]), 0.05, 0.9), seen.box)
    assert np.isnan(torso_angle(hidden))
    assert np.isnan(hip_height(hidden, 200))
    assert scale_px(hidden) == pytest.approx(14.0)
