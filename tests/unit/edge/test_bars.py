"""Rooms between black bars, dark or not, are rooms; patterns and snow between bars are none."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_agent.preprocess.bars import CELL, between_bars
from edge_agent.preprocess.emptiness import Empty, emptiness
from tests.unit.edge.test_plainness import PATTERNS, seen

pytestmark = pytest.mark.unit

SENT = [("raw", 0), ("jpeg", 75), ("jpeg", 20), ("libx264", 36)]
BESIDE: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "letterbox": lambda image, share: _fitted(image, 1.0, 1.0 - share),
    "pillarbox": lambda image, share: _fitted(image, 1.0 - share, 1.0),
    "all around": lambda image, share: _fitted(image, (1.0 - share) ** 0.5, (1.0 - share) ** 0.5),
    "painted over": lambda image, share: _painted_over(image, share),
}


def _fitted(image: np.ndarray, wide: float, high: float) -> np.ndarray:
    """The whole picture, made smaller, in the middle of a black one of its size."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (round(width * wide), round(height * high)), interpolation=cv2.INTER_AREA)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    around = np.zeros_like(image)
    around[top : top + small.shape[0], left : left + small.shape[1]] = small
    return around


def _painted_over(image: np.ndarray, share: float) -> np.ndarray:
    bar, painted = int(len(image) * share / 2), image.copy()
    painted[:bar] = painted[-bar:] = 0
    return painted


@pytest.fixture(scope="module")
def rooms(asset_mirror: Path) -> list[tuple[str, np.ndarray]]:
    """A picture with a person of clips on which nothing was chosen, the hardest among them, and of one other."""
    names = ["preview_head-pose-face-detection-male.mp4", "preview_head-pose-face-detection-female-and-male.mp4",
             "school.mkv", "again.mkv", "hungry.mkv", "preview_head-pose-face-detection-female.mp4"]  # fmt: skip
    found = []
    for name in names:
        with av.open(str(asset_mirror / "clips" / "intel" / name)) as container:
            image = next(container.decode(video=0)).to_ndarray(format="bgr24")
        found.append((name, np.ascontiguousarray(image[: len(image) // 2 * 2, : image.shape[1] // 2 * 2])))
    return found


@pytest.mark.parametrize(("codec", "much"), SENT)
@pytest.mark.parametrize("light", [1.0, 0.4, 0.15, 0.1])
def test_a_room_between_black_bars_is_a_room_however_dark_and_however_it_was_sent(
    light: float, codec: str, much: int, rooms: list[tuple[str, np.ndarray]]
) -> None:
    for name, room in rooms:
        dark = (room * light + 0.5).astype(np.uint8)
        assert emptiness(seen(dark, codec, much)) is None, (name, "no bars")
        for beside, barred in BESIDE.items():
            for share in (0.2, 0.4):
                assert emptiness(seen(barred(dark, share), codec, much)) is None, (name, beside, share)


@pytest.mark.parametrize(("codec", "much"), [("raw", 0), ("jpeg", 75)])
@pytest.mark.parametrize("beside", ["letterbox", "pillarbox", "painted over"])
@pytest.mark.parametrize("what", sorted(PATTERNS))
def test_a_pattern_between_black_bars_is_no_room(what: str, beside: str, codec: str, much: int) -> None:
    for share in (0.2, 0.4):
        assert emptiness(seen(BESIDE[beside](PATTERNS[what](), share), codec, much)) is not None, share


def test_snow_between_black_bars_is_snow() -> None:
    snow = np.random.default_rng(1).integers(0, 256, (480, 640, 1), dtype=np.uint8).repeat(3, 2)
    assert emptiness(BESIDE["painted over"](snow, 0.3)) is Empty.SNOW
    small = np.zeros_like(snow)
    small[80:400, 80:560] = snow[80:400, 80:560]
    assert emptiness(small) is Empty.SNOW


def test_what_is_left_between_bars_begins_and_ends_with_whole_cells() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[35:451, 13:] = 120
    left = between_bars(image)
    assert left.shape == (448 - 40, 640 - 16, 3)
    assert left.base is not None and all(side % CELL == 0 for side in left.shape[:2])
    assert (left == 120).all()


@pytest.mark.parametrize("lit", [slice(0, 0), slice(200, 280), slice(150, 380)])
def test_black_around_less_than_half_of_a_picture_is_no_bar(lit: slice) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[lit] = 120
    assert between_bars(image).shape == image.shape


@pytest.mark.parametrize("size", [2.0, 3.0])
def test_lines_of_a_message_on_black_are_no_room(size: float) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    for line in range(1, 6):
        cv2.putText(image, "NO SIGNAL", (50, 80 * line), cv2.FONT_HERSHEY_SIMPLEX, size, (255,) * 3, 3, cv2.LINE_AA)
    assert between_bars(image).shape != image.shape or size < 3.0
    assert emptiness(image) is Empty.DRAWN
