"""What the senses cost is counted beside a plain loop, and what they see is drawn on a film marked as such."""

import time
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from edge_agent.bench.costs import beside_plain
from edge_agent.bench.plain import Plain
from edge_agent.camera import Eyes
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source
from edge_agent.models import FindModel
from edge_agent.preprocess.crops import Box
from edge_agent.preview.drawing import HEIGHT, PANEL, Drawn, draw
from edge_agent.sensing.role import Face
from edge_agent.sensing.roster import Choice
from services.cli.main import app
from services.vocabulary import Cue, CueName, Mode

pytestmark = pytest.mark.unit


def test_it_counts_what_each_sense_did_and_how_long_it_took(find_model: FindModel, demo_clip: Path) -> None:
    source = Source(str(demo_clip), end_s=3.0, analysis_fps=4.0)
    costs, ratio = beside_plain(Eyes(find_model, Choice(), 4.0), Mode.OBSERVABLES, source, 1)
    runs = {sense.title: sense.runs for sense in costs.senses}
    assert (costs.seconds, costs.analysed) == (3, 12)
    assert runs["faces"] == runs["pose"] == 6
    assert runs["motion"] == 11
    assert costs.decoded >= 75
    assert 0.0 < sum(sense.took_s for sense in costs.senses) < costs.took_s
    assert ratio > 0.0


def test_it_refuses_to_play_a_camera_again_and_again(capfd: pytest.CaptureFixture[str]) -> None:
    done = CliRunner().invoke(app, ["edge", "bench", "rtsp://nurse:secret@127.0.0.1:9/1"])
    told = capfd.readouterr().err
    assert done.exit_code == 2
    assert "save some seconds of the camera to a file" in told
    assert "secret" not in told


def test_it_says_at_which_rates_motion_is_off(demo_clip: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = CliRunner().invoke(app, ["edge", "bench", str(demo_clip), "--fps", "1", "--seconds", "3", "--rounds", "1"])
    told = " ".join(capfd.readouterr().out.split())
    assert done.exit_code == 0, told
    assert "motion is never told at 1 analysed picture(s) a second" in told
    assert "at 1 picture/s" in told and "where motion is off: it needs 1.5 pictures/s" in told


def test_a_plain_loop_that_looks_more_often_takes_more(demo_clip: Path, find_model: FindModel) -> None:
    source = Source(str(demo_clip), end_s=3.0, analysis_fps=5.0)

    def took_s(looks: float) -> float:
        loop = Plain(find_model, Mode.OBSERVABLES, 5.0, looks)
        loop.run(source)
        began = time.process_time()
        loop.run(source)
        return time.process_time() - began

    assert took_s(5.0) > 1.2 * took_s(1.0)


def test_it_draws_a_film_without_sound_that_says_what_it_is_for(demo_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "room.mp4"
    done = CliRunner().invoke(
        app, ["edge", "preview", str(demo_clip), "--seconds", "3", "--fps", "2", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    with av.open(str(out)) as film:
        assert "COMMISSIONING ONLY" in film.metadata["title"]
        assert not film.streams.audio
        pictures = [picture.to_ndarray(format="bgr24") for picture in film.decode(video=0)]
    assert len(pictures) == 6
    assert pictures[0].shape == (HEIGHT, 960 + PANEL, 3)
    banner = pictures[0][4:8, :].reshape(-1, 3).mean(axis=0)
    assert banner[2] > 100 > banner[:2].max()
    assert [file.name for file in tmp_path.iterdir()] == ["room.mp4"]


def test_it_writes_films_only(demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = CliRunner().invoke(app, ["edge", "preview", str(demo_clip), "--out", str(tmp_path / "room.gif")])
    assert done.exit_code == 2
    assert "expected a name that ends in .mp4" in capfd.readouterr().err


def test_it_draws_a_longer_bar_for_more_and_none_for_what_is_absent() -> None:
    frame = Frame(np.full((120, 160, 3), 90, np.uint8), 0.0)
    face = Face(frame, Box(50, 30, 40, 50), (60, 45), (80, 45), 0.9)

    def filled(value: float) -> int:
        values = {"face.jawOpen": value}
        panel = draw(Drawn(frame.image, [face], [], values, [Cue(CueName.CRY, 0.9)], "second 1"))[:, -PANEL:]
        blue, green, red = (panel[..., k].astype(int) for k in range(3))
        return int(((blue > 180) & (green > 120) & (red < 90)).sum())

    assert filled(0.9) > 2 * filled(0.3) > 0
    assert filled(float("nan")) == 0
    assert filled(0.0) < 20  # the edge that a bar begins with
