"""Test patterns, checks and colour washes are no room, however hard they are compressed; rooms stay rooms."""

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import av
import av.filter
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source
from edge_agent.capture.unchanged import FROZEN_S
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel
from edge_agent.preprocess.emptiness import Empty, blackened, emptiness
from edge_agent.preprocess.plainness import plain
from edge_agent.preprocess.tracks import Area
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing.roster import roster
from services.cli.main import app
from services.vocabulary import Absence, Gap, Mode
from services.vocabulary import Sense as SenseName

pytestmark = pytest.mark.unit

SETTINGS = [("raw", 0), ("jpeg", 50), ("jpeg", 10), ("libx264", 23), ("libx264", 44)]
SEEN = (SenseName.FACE, SenseName.POSE, SenseName.MOTION)


def generated(name: str, options: str = "size=640x480:rate=5") -> np.ndarray:
    """The first picture of one of FFmpeg's own sources."""
    graph = av.filter.Graph()
    graph.link_nodes(graph.add(name, options), graph.add("buffersink")).configure()
    return graph.pull().to_ndarray(format="bgr24")


def checks(pixels: int, dark: tuple[int, int, int], light: tuple[int, int, int]) -> np.ndarray:
    y, x = np.mgrid[:480, :640] // pixels
    return np.where(((x + y) % 2)[..., None] == 0, np.uint8(dark), np.uint8(light)).astype(np.uint8)


def wash(shade: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """From blue to orange: nearly all of its contrast is in colours other than green."""
    y, x = np.mgrid[:480, :640] / np.array([480.0, 640.0])[:, None, None]
    share = shade(x, y)[..., None]
    return (np.array([200, 30, 30]) * (1 - share) + np.array([20, 120, 220]) * share).astype(np.uint8)


PATTERNS: dict[str, Callable[[], np.ndarray]] = {
    **{
        name: lambda name=name: generated(name)
        for name in ("rgbtestsrc", "yuvtestsrc", "colorspectrum", "pal75bars", "pal100bars", "smptebars")
    },
    "checks of 8": lambda: checks(8, (60, 60, 60), (180, 180, 180)),
    "checks of 16": lambda: checks(16, (200, 30, 30), (20, 120, 220)),
    "checks of 32": lambda: checks(32, (60, 60, 60), (180, 180, 180)),
    "checks of 64": lambda: checks(64, (0, 0, 0), (255, 255, 255)),
    "wash across": lambda: wash(lambda x, y: x),
    "wash slanted": lambda: wash(lambda x, y: (x + y) / 2),
    "wash round": lambda: wash(lambda x, y: 1 - np.hypot(x - 0.5, y - 0.5) / 0.71),
}


def encoded(image: np.ndarray, pictures: int, codec: str, options: dict[str, str]) -> bytes:
    """A film that shows one picture for a while, five times a second."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska" if codec == "libx264" else "avi") as container:
        stream = container.add_stream(codec, rate=5, options=options)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p" if codec == "libx264" else "bgr24"
        for _ in range(pictures):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def seen(image: np.ndarray, codec: str, much: int) -> np.ndarray:
    """The picture as a camera sends it."""
    if codec == "raw":
        return image
    if codec == "jpeg":
        return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, much])[1], cv2.IMREAD_COLOR)
    with av.open(io.BytesIO(encoded(image, 3, codec, {"crf": str(much), "preset": "veryfast"}))) as container:
        return list(container.decode(video=0))[-1].to_ndarray(format="bgr24")


@pytest.mark.parametrize(("codec", "much"), SETTINGS)
@pytest.mark.parametrize("what", PATTERNS)
def test_a_pattern_is_no_room_however_it_was_sent(what: str, codec: str, much: int) -> None:
    if "wash" in what and codec == "jpeg":
        much = max(much, 20)  # of less the steps are left alone
    assert emptiness(seen(PATTERNS[what](), codec, much)) is not None


@pytest.mark.parametrize(("codec", "much"), SETTINGS)
def test_no_room_is_plain_however_it_was_sent_lit_or_blurred(codec: str, much: int, asset_mirror: Path) -> None:
    clips = sorted((asset_mirror / "clips" / "intel").glob("*.m*"))[::4]
    assert len(clips) >= 7
    for clip in clips:
        with av.open(str(clip)) as container:
            image = next(container.decode(video=0)).to_ndarray(format="bgr24")[:480, : 640 // 2 * 2]
        blurred = cv2.GaussianBlur(image, (0, 0), image.shape[1] / 80)
        for looks in (image, (image * 0.4).astype(np.uint8), blurred, cv2.merge([image[..., 1]] * 3)):
            assert not plain(seen(np.ascontiguousarray(looks), codec, much)), clip.name


def test_a_room_between_masks_and_black_bars_is_not_plain(picture_at: Callable[[float], Frame]) -> None:
    for time_s in (3.0, 16.0, 50.0):
        for mask in (Area(0.0, 0.0, 0.4, 1.0), Area(0.0, 0.0, 1.0, 0.6), Area(0.3, 0.3, 0.8, 0.8)):
            image = picture_at(time_s).image.copy()
            masked = blackened(image, (mask,))
            assert not plain(image, masked)
            assert emptiness(image, masked) is None


def test_what_is_nearly_all_masked_is_left_to_the_other_rules() -> None:
    image = generated("rgbtestsrc")
    assert plain(image)
    masked = blackened(image, (Area(0.0, 0.0, 0.6, 1.0),))
    assert not plain(image, masked)
    assert not plain(np.zeros((480, 640, 3), np.uint8))


def scored(find_model: FindModel, path: Path, seconds: int) -> tuple[Scorer, list[Scores]]:
    """The first seconds of a film that is played over and over."""
    scorer = Scorer(roster(find_model, Mode.OBSERVABLES).senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
    film = decode(Source(str(path), loop=True, analysis_fps=1.0), Counts())
    return scorer, list(itertools.islice(scorer.run(film), seconds))


def blind(scorer: Scorer, row: Scores) -> bool:
    """Whether a row tells nothing of what is seen and says why."""
    told = {name for name, value in zip(scorer.channels, row.values, strict=True) if value == value}
    return (
        not {name for name in told if name.startswith(("face.", "pose.", "motion."))}
        and row.persons == -1
        and {Gap(sense, Absence.CAMERA_BLIND) for sense in SEEN} <= set(row.gaps)
    )


@pytest.mark.parametrize("what", ["rgbtestsrc", "checks of 16", "wash slanted"])
def test_a_film_of_a_still_pattern_is_a_blind_camera_from_its_first_second(
    what: str, find_model: FindModel, tmp_path: Path
) -> None:
    path = tmp_path / "pattern.mkv"
    path.write_bytes(encoded(PATTERNS[what](), 10, "libx264", {"preset": "veryfast"}))
    scorer, rows = scored(find_model, path, 5)
    assert all(blind(scorer, row) for row in rows)
    assert not [title for title, count in scorer.inferences.items() if count]


def test_a_still_picture_that_passes_for_a_room_is_a_blind_camera_after_half_a_minute(
    find_model: FindModel, tmp_path: Path
) -> None:
    image = generated("mandelbrot", "size=320x240:rate=5")
    assert emptiness(image) is None
    path = tmp_path / "fractal.avi"
    path.write_bytes(encoded(image, 10, "rawvideo", {}))
    scorer, rows = scored(find_model, path, round(FROZEN_S) + 3)
    assert [blind(scorer, row) for row in (rows[0], rows[20], rows[-1])] == [False, False, True]
    assert rows[0].persons == rows[20].persons == 0  # nobody is made up meanwhile


def test_a_recording_of_a_pattern_becomes_rows_in_which_nothing_is_seen(tmp_path: Path) -> None:
    film, out = tmp_path / "card.mkv", tmp_path / "card.parquet"
    film.write_bytes(encoded(PATTERNS["yuvtestsrc"](), 15, "libx264", {"preset": "veryfast", "crf": "36"}))
    done = CliRunner().invoke(app, ["edge", "record-scores", str(film), "--out", str(out)])
    assert done.exit_code == 0, done.output
    rows = pq.read_table(out).to_pylist()
    assert len(rows) == 3
    for row in rows:
        assert row["persons"] is None
        assert all(f"{sense}:camera_blind" in row["gaps"] for sense in SEEN)
        assert not [name for name in row if name.startswith(("pose.", "motion.", "face.")) and row[name] == row[name]]


@pytest.mark.parametrize("how", [cv2.INPAINT_TELEA, cv2.INPAINT_NS])
def test_where_only_the_person_was_painted_out_the_room_stays_and_is_empty(
    how: int, find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    image = picture_at(16.0).image
    height, width = image.shape[:2]
    hole = np.zeros((height, width), np.uint8)
    hole[height // 10 :, width // 5 : -width // 5] = 255
    painted = cv2.inpaint(image, hole, 3, how)
    assert emptiness(painted) is None
    scorer = Scorer(roster(find_model, Mode.OBSERVABLES).senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
    for end_s in (1.0, 2.0):
        scores = scorer.score(Window(end_s, tuple(Frame(painted, end_s - 1 + k / 4) for k in range(4))))
    told = {name for name, value in zip(scorer.channels, scores.values, strict=True) if value == value}
    assert not {name for name in told if name.startswith(("face.", "pose."))}
    assert scores.persons == 0


def test_a_wash_is_told_by_whichever_colour_it_is_in() -> None:
    assert emptiness(PATTERNS["wash across"]()) is Empty.DRAWN
    assert PATTERNS["wash across"]()[..., 1].std() < 30
