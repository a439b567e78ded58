"""Tools that look at a recording look as the camera does whose it is: its masks, zone and bed, and say so."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from edge_agent.bench.costs import one_pass
from edge_agent.camera import Eyes, RealCamera, SecondOfRoom
from edge_agent.capture.frame import Frame, Image
from edge_agent.capture.source import Source
from edge_agent.capture.windows import Window
from edge_agent.edge_time import EdgeTime
from edge_agent.models import FindModel, ModelMissing, load
from edge_agent.preprocess.places import UNPLACED, Places
from edge_agent.preprocess.tracks import Area
from edge_agent.preview.__main__ import previewed
from edge_agent.preview.drawing import HEIGHT, PANEL
from edge_agent.preview.film import film
from edge_agent.preview.looks import Looks
from edge_agent.sensing.pose import MODEL, Look, Pose
from edge_agent.sensing.roster import Choice
from edge_agent.settings import CameraSettings, EdgeSettings
from edge_agent.spool import Spool
from edge_agent.standpoint import Standpoint, standpoint
from services.cli.main import app
from services.runtime.clock import SystemClock
from services.runtime.settings import SettingError
from services.vocabulary import Absence, Mode
from tests.bench.sensing.cut_out import CLIP, EMPTY_S, cut_out, picture, placed

pytestmark = pytest.mark.unit

FACE = Area(0.35, 0.0, 0.6, 0.45)
"""Where the man of the clip has his face."""
BED = Area(0.5, 0.5, 1.0, 1.0)
ZONE, BED_LINE, SKELETON = (60, 220, 220), (220, 90, 220), (255, 180, 60)


def camera(name: str, source: str, **more: object) -> CameraSettings:
    return CameraSettings.model_validate(
        {"name": name, "source": source, "resident": f"r-{name}", "room": name, **more}
    )


def settings(*cameras: CameraSettings) -> EdgeSettings:
    return EdgeSettings(cameras=list(cameras))


def preview(find: FindModel, source: Source, places: Places = UNPLACED) -> list[tuple[Image, float]]:
    seen_from = Standpoint(places, "room-12", "")
    return list(previewed(Eyes(find, Choice(), 4.0), Mode.OBSERVABLES, source, seen_from, threading.Event()))


def of_colour(image: Image, colour: tuple[int, int, int]) -> np.ndarray:
    """Which pixels of the picture, without the panel, have exactly this colour."""
    return np.all(image[:, :-PANEL] == colour, axis=2)


def test_it_looks_as_the_camera_that_is_named_then_as_that_of_the_source_then_as_the_only_one() -> None:
    one = camera("one", "rtsp://c/1", zone={"left": 0.5})
    two = camera("two", "rtsp://c/2", masks=[{"right": 0.3}], bed_area={"top": 0.5})
    both = settings(one, two)
    assert standpoint(both, "two", "rtsp://c/1").places == Places((Area(right=0.3),), bed=Area(top=0.5))
    assert standpoint(both, "", "rtsp://c/1").places == Places(zone=Area(left=0.5))
    assert standpoint(both, "", "film.mp4").places == UNPLACED
    assert standpoint(settings(one), "", "film.mp4").camera == "one"
    assert standpoint(settings(one, camera("simulated", "simulated")), "", "film.mp4").camera == "one"
    assert standpoint(settings(one), "none", "rtsp://c/1").places == UNPLACED


def test_it_knows_a_film_by_whatever_path_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ward.mp4").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    both = settings(camera("one", str(tmp_path / "ward.mp4")), camera("two", "other.mp4"))
    assert standpoint(both, "", "./ward.mp4").camera == "one"
    assert standpoint(both, "", "other.mp4").camera == "two"


def test_it_says_whose_places_are_applied_and_why_or_that_none_are() -> None:
    one, two = camera("one", "rtsp://c/1", masks=[{"right": 0.3}]), camera("two", "rtsp://c/2")
    assert standpoint(settings(one, two), "one", "x.mp4").line == (
        "applied of camera one (named): 1 mask, no zone, no bed_area"
    )
    assert "two (it has this source): no masks, no zone" in standpoint(settings(one, two), "", "rtsp://c/2").line
    assert "one (the only one of the settings)" in standpoint(settings(one), "", "x.mp4").line
    assert standpoint(settings(one, two), "", "x.mp4").line == (
        "no camera's masks, zone or bed_area applied (name one with --camera: one, two)"
    )
    assert "(the settings have no camera)" in standpoint(settings(), "", "x.mp4").line


@pytest.mark.parametrize(
    ("cameras", "name", "expected"),
    [
        (("one", "two"), "tow", "--camera 'tow': there is no such camera; those of the settings are one, two"),
        ((), "one", "--camera 'one': there is no such camera; the settings have none: is --config missing?"),
        (("one", "two"), "", "several cameras have this source: one, two; say with --camera which is meant"),
    ],
)
def test_it_refuses_to_guess_which_camera_is_meant(cameras: tuple[str, ...], name: str, expected: str) -> None:
    with pytest.raises(SettingError, match=expected.replace("?", r"\?")):
        standpoint(settings(*(camera(one, "x.mp4") for one in cameras)), name, "x.mp4")


@pytest.mark.parametrize("command", ["preview", "record-scores", "bench"])
def test_every_tool_names_the_cameras_there_are(
    command: str, demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, out = config(tmp_path, demo_clip), tmp_path / ("x.csv" if command == "record-scores" else "x.mp4")
    written = [] if command == "bench" else ["--out", str(out)]
    asked = ["edge", command, str(demo_clip), "--config", str(file), "--camera", "room-21", *written]
    assert CliRunner().invoke(app, asked).exit_code == 2
    assert "--camera 'room-21': there is no such camera; those of the settings are room-12" in capfd.readouterr().err
    assert not out.exists()


def config(folder: Path, source: Path, areas: str = "masks = [{left = 0.35, right = 0.6, bottom = 0.45}]") -> Path:
    file = folder / "edge.toml"
    who = f'[[cameras]]\nname = "room-12"\nsource = "{source}"\nresident = "r-12"\nroom = "12"\n'
    file.write_text(f"{who}{areas}\nbed_area = {{left = 0.5, top = 0.5}}\n")
    return file


def test_the_film_is_black_where_the_mask_is_and_no_face_is_found_behind_it(
    demo_clip: Path, tmp_path: Path, find_model: FindModel
) -> None:
    source = Source(str(demo_clip), 16.0, 18.0, analysis_fps=2.0, masks=(FACE,))
    masked = preview(find_model, source, Places((FACE,)))
    open_to_all = preview(find_model, Source(str(demo_clip), 16.0, 18.0, analysis_fps=2.0))
    assert len(masked) == len(open_to_all) == 4
    green = (80, 220, 80)
    for (image, _), (shown, _) in zip(masked, open_to_all, strict=True):
        inside = image[80:140, 350:440]  # above the word in its middle
        assert not inside.any()
        assert shown[80:140, 350:440].any()
        assert not of_colour(image, green).any()
        assert of_colour(shown, green).any()


def test_zone_and_bed_are_outlined_where_they_are_and_only_where_somebody_said_so(
    demo_clip: Path, find_model: FindModel
) -> None:
    source = Source(str(demo_clip), 16.0, 17.0, analysis_fps=2.0)
    (image, _), *_ = preview(find_model, source, Places(zone=Area(0.1, 0.2, 0.4, 0.9), bed=BED))
    width = image.shape[1] - PANEL
    for colour, area in ((ZONE, Area(0.1, 0.2, 0.4, 0.9)), (BED_LINE, BED)):
        rows, columns = np.nonzero(of_colour(image, colour))
        seen = (columns.min() / width, rows.min() / HEIGHT, columns.max() / width, rows.max() / HEIGHT)
        assert seen == pytest.approx((area.left, area.top, area.right, area.bottom), abs=0.01)
    (plain, _), *_ = preview(find_model, source)
    assert not of_colour(plain, ZONE).any()
    assert not of_colour(plain, BED_LINE).any()


def lying(folder: Path, clip: Path, find: FindModel) -> Path:
    """A film of two seconds of somebody who lies, whom the net does not find in the picture as it is."""
    empty, noise = picture(clip, EMPTY_S), np.random.default_rng(3)
    down = placed(cut_out(picture(clip, 64.0), empty), empty, 88.0)
    assert not Pose(load(find(MODEL))).find(Frame(down, 0.0))
    with film(folder / "lying.mp4", "made of real pixels") as made:
        for k in range(8):
            shaken = down + noise.normal(0.0, 2.0, down.shape)
            made.add(shaken.round().clip(0, 255).astype(np.uint8), k / 4)
    return folder / "lying.mp4"


def test_whoever_lies_and_is_judged_has_a_skeleton(tmp_path: Path, asset_mirror: Path, find_model: FindModel) -> None:
    source = Source(str(lying(tmp_path, asset_mirror / CLIP, find_model)), analysis_fps=4.0)
    shown = preview(find_model, source)
    strokes = [int(of_colour(image, SKELETON).sum()) for image, _ in shown]
    assert len(strokes) == 8
    assert strokes[0] == 0  # nothing was looked at yet
    looked_at, held = strokes[1::2], strokes[2::2]
    assert min(held) > 100
    assert min(looked_at) > 1.5 * max(held)  # thick where it was looked at, thin until the next look


def test_a_look_is_held_for_a_second_and_not_longer(find_model: FindModel) -> None:
    pose = Pose(load(find_model(MODEL)))
    looks = Looks([pose])
    assert pose.told is not None
    for at_s in (1.0, 1.5):
        pose.told(Look(at_s, 640, 480, ()))
    seen = {time_s: looks.at(time_s) for time_s in (0.9, 1.0, 1.4, 1.5, 2.5, 2.6)}
    assert [None if look is None else look.pts_s for look in seen.values()] == [None, 1.0, 1.0, 1.5, 1.5, None]


@pytest.mark.parametrize(("zone", "unconfirmed"), [(Area(0.4, 0.0, 0.6, 1.0), True), (Area(), False)])
def test_with_a_zone_nobody_is_taken_for_the_resident_whom_no_sense_follows(
    zone: Area, unconfirmed: bool, find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    def without_bodies(name: str) -> Path:
        if name == MODEL:
            raise ModelMissing(f"{name}: not here")
        return find_model(name)

    scorer = Eyes(without_bodies, Choice(), 4.0).scorer(Mode.OBSERVABLES, Places(zone=zone))
    scores = scorer.score(Window(19.0, (picture_at(18.0),)))
    assert any(gap.reason is Absence.NOT_CONFIRMED for gap in scores.gaps) is unconfirmed


class Hurried(threading.Event):
    """Waits for nothing: a film is through as fast as it can be looked at."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_the_table_is_what_the_same_camera_sends(demo_clip: Path, tmp_path: Path, find_model: FindModel) -> None:
    toml = "masks = [{left = 0.35, right = 0.6, bottom = 0.45}]\nzone = {left = 0.9}"
    file, out = config(tmp_path, demo_clip, toml), tmp_path / "room.parquet"
    asked = ["edge", "record-scores", str(demo_clip), "--seconds", "6", "--config", str(file), "--out", str(out)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    table = pq.read_table(out).to_pylist()
    masks, bed = [{"left": 0.35, "right": 0.6, "bottom": 0.45}], {"left": 0.5, "top": 0.5}
    told = camera("room-12", str(demo_clip), end_s=6.0, masks=masks, zone={"left": 0.9}, bed_area=bed)
    spool = Spool(tmp_path / "spool.db")
    watching = RealCamera(told, Eyes(find_model, Choice(), 8.0), EdgeTime(SystemClock(), spool))
    sent: list[SecondOfRoom] = []
    watching.run(sent.append, Hurried())
    spool.close()
    assert len(table) == len(sent) == 6
    for row, scores in zip(table, sent, strict=True):
        assert [row[name] for name in watching.channels] == pytest.approx(list(scores.values), nan_ok=True)
        assert row["persons"] == scores.persons
        assert row["gaps"] == " ".join(f"{gap.sense.value}:{gap.reason.value}" for gap in scores.gaps)
    assert "not_confirmed" in table[-1]["gaps"]  # he was never in the zone
    assert "pose.out_of_bed" in watching.channels
    assert table[-1]["pose.out_of_bed"] > 0.9
    assert all(np.isnan(row["face.jawOpen"]) for row in table)  # his face is behind the mask


def test_record_scores_and_preview_say_whose_places_they_applied(
    demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, copy = config(tmp_path, demo_clip), tmp_path / "copy.mp4"
    shutil.copyfile(demo_clip, copy)
    for command, source, out, why in (
        ("record-scores", demo_clip, "x.csv", "it has this source"),
        ("preview", copy, "x.mp4", "the only one of the settings"),
    ):
        asked = ["edge", command, str(source), "--seconds", "1", "--config", str(file), "--out", str(tmp_path / out)]
        assert CliRunner().invoke(app, asked).exit_code == 0
        assert f"applied of camera room-12 ({why}): 1 mask, no zone, bed_area" in capfd.readouterr().err
    asked = ["edge", "record-scores", str(demo_clip), "--seconds", "1", "--out", str(tmp_path / "y.csv")]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert "no camera's masks, zone or bed_area applied (the settings have no camera)" in capfd.readouterr().err
    assert "pose.out_of_bed" not in (tmp_path / "y.csv").read_text().splitlines()[0]


def test_a_bench_looks_at_no_face_that_a_mask_hides(demo_clip: Path, find_model: FindModel) -> None:
    eyes, masks = Eyes(find_model, Choice(), 4.0), (FACE,)
    runs = [
        {sense.title: sense.runs for sense in one_pass(eyes, Mode.OBSERVABLES, source, places).senses}
        for source, places in (
            (Source(str(demo_clip), 16.0, 18.0, analysis_fps=4.0), UNPLACED),
            (Source(str(demo_clip), 16.0, 18.0, analysis_fps=4.0, masks=masks), Places(masks, bed=BED)),
        )
    ]
    assert runs[0]["faces"] == runs[1]["faces"] == 4
    assert runs[0]["blendshapes"] > 0 == runs[1]["blendshapes"]


@pytest.mark.parametrize("command", ["preview", "record-scores", "bench"])
def test_every_tool_explains_whose_places_it_applies(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    told = " ".join(CliRunner().invoke(app, ["edge", command, "--help"]).output.replace("│", " ").split())
    assert "--camera" in told
    assert "the one that has this source, else the only one there is" in told
    assert "with `--config`" in told.lower() or "with --config" in told.lower()
