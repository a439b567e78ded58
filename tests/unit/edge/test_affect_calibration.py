"""A calibration moves what a face tells where its study was significant, and is refused where it says nonsense."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel
from edge_agent.preprocess.fusion import Opinion
from edge_agent.scoring import Scorer
from edge_agent.senses import announce, chosen
from edge_agent.sensing.affect import bearing, posture
from edge_agent.sensing.affect_calibration import Calibration, CalibrationUnreadable, Line, read_calibration
from edge_agent.sensing.roster import Choice, roster
from edge_agent.settings import EdgeSettings
from services.runtime.settings import SettingError, load
from services.vocabulary import Mode

pytestmark = pytest.mark.unit

STUDY = """
source = "a study"
n = 40
[valence]
slope = 0.5
intercept = 0.2
p = 0.003
slope_interval = [0.4, 0.6]
[arousal]
slope = 1.1
intercept = 0.0
p = 0.4
slope_interval = [0.8, 1.4]
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    file = tmp_path / "study.toml"
    file.write_text(STUDY)
    return file


def told(find: FindModel, picture: Frame, **choice: object) -> dict[str, float]:
    scorer = Scorer(roster(find, Mode.AFFECT, Choice(**choice)).senses, Mode.AFFECT, monotonic=lambda: 0.0)  # type: ignore[arg-type]
    row = scorer.score(Window(1.0, (Frame(picture.image, 0.5),)))
    return dict(zip(scorer.channels, row.values, strict=True))


def test_it_moves_what_was_significant_and_nothing_else(
    study: Path, find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    plain = told(find_model, picture_at(2.0))
    moved = told(find_model, picture_at(2.0), calibration=read_calibration(study))
    assert moved["affect.valence"] == pytest.approx(0.5 * plain["affect.valence"] + 0.2)
    doubt = "uncertainty.affect.valence"
    unsure = (0.2 / 3.92 * plain["affect.valence"]) ** 2
    assert moved[doubt] == pytest.approx(0.25 * plain[doubt] + unsure)
    same = [name for name in plain if "valence" not in name and np.isfinite(plain[name])]
    assert {name: moved[name] for name in same} == {name: plain[name] for name in same}


def test_it_says_at_start_what_it_does_not_apply(
    study: Path, find_model: FindModel, capsys: pytest.CaptureFixture[str]
) -> None:
    found = roster(find_model, Mode.AFFECT, Choice(calibration=read_calibration(study)))
    announce(found.senses, found.models)
    said = capsys.readouterr()
    assert "arousal: p = 0.4, expected under 0.05" in said.out + said.err


def test_an_agent_is_told_of_it_by_a_setting(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(f'affect_calibration = "{study}"\nexperts = ["posture"]\n')
    choice = chosen(load(EdgeSettings, file))
    assert choice.calibration == read_calibration(study)
    assert choice.experts == ("posture",)
    study.write_text("n = 3")
    with pytest.raises(SettingError, match="expected source, n, and tables"):
        load(EdgeSettings, file)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("slope = 0.5", "slope = -0.5", "valence.slope = -0.5"),
        ("slope = 0.5", "slope = nan", "valence.slope"),
        ("p = 0.003", "p = 3", "valence.p = 3"),
        ("p = 0.003", "", "valence.p"),
        ("n = 40", "n = 4", "n = 4"),
        ("[0.4, 0.6]", "[0.6, 0.9]", "does not hold the slope 0.5"),
        ("source", "sauce", "sauce"),
        ("[valence]", "[happiness]", "happiness"),
        ('"a study"', '"a study', "no TOML"),
    ],
)
def test_it_refuses_a_file_that_says_something_else(was: str, now: str, expected: str, study: Path) -> None:
    study.write_text(STUDY.replace(was, now, 1))
    with pytest.raises(CalibrationUnreadable) as refused:
        read_calibration(study)
    assert expected in str(refused.value)
    assert str(study) in str(refused.value)


def test_it_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CalibrationUnreadable, match="cannot be read"):
        read_calibration(tmp_path / "none.toml")


def test_it_stays_on_the_scale() -> None:
    line = Line(slope=3.0, intercept=0.5, p=0.0, slope_interval=(2.0, 4.0))
    moved = Calibration(source="a study", n=10, valence=line).apply("valence", Opinion(0.9, 0.01))
    assert moved.value == 1.0
    assert moved.variance > 9 * 0.01


def test_posture_lowers_valence_of_whoever_is_bent_and_arousal_of_whoever_lies() -> None:
    upright, bent = {"pose.torso_angle": 5.0, "pose.lying": 0.0}, {"pose.torso_angle": 50.0, "pose.lying": 0.0}
    lying = {"pose.torso_angle": 88.0, "pose.lying": 1.0}
    high, low = bearing(upright), bearing(bent)
    assert high is not None
    assert low is not None
    assert low.value < high.value
    assert bearing(lying) is None
    assert bearing({}) is None
    rest, up = posture(lying), posture(upright)
    assert rest is not None
    assert up is not None
    assert rest.value < up.value
    assert posture({}) is None


def test_posture_corrects_both_a_little(find_model: FindModel, picture_at: Callable[[float], Frame]) -> None:
    face = told(find_model, picture_at(16.0))
    both = told(find_model, picture_at(16.0), experts=("posture",))
    for name in ("affect.valence", "affect.arousal"):
        assert 0.0 < abs(both[name] - face[name]) < 0.3
        assert both[f"uncertainty.{name}"] < face[f"uncertainty.{name}"]
