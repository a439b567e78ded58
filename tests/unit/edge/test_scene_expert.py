"""A model of the whole picture joins what a face tells, weighted by how sure each is; off unless asked for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, ModelUnfit, load
from edge_agent.preprocess.fusion import Opinion, conflict, fused
from edge_agent.scoring import Scorer, Scores
from edge_agent.senses import chosen
from edge_agent.sensing.expression_models import ExpressionModel
from edge_agent.sensing.roster import Choice, roster
from edge_agent.sensing.scene import LEAST_VARIANCE, SceneExpert, SceneModel
from edge_agent.settings import EdgeSettings
from services.runtime.settings import SettingError
from services.runtime.settings import load as load_settings
from services.vocabulary import Mode
from tests.unit.edge.scene_net import scene_net

pytestmark = pytest.mark.unit
SURE = ("valence", "arousal", "valence_variance", "arousal_variance")


def described(file: Path, *outputs: str, variance: float = 0.0, square: bool = False) -> SceneModel:
    what = ExpressionModel(file.name, 32, square, 0.0, "rgb", outputs, layout="nchw", span=(0.0, 1.0), path=file)
    return SceneModel(what, variance)


def painted(red: float, green: float, blue: float, height: int = 240, width: int = 320) -> Frame:
    bgr = np.array([blue, green, red]) * 255.0
    return Frame(np.tile(np.round(bgr).astype(np.uint8), (height, width, 1)), 0.0)


def test_it_tells_what_the_model_tells_and_how_unsure_it_is(tmp_path: Path) -> None:
    file = scene_net(tmp_path / "scene.onnx")
    expert = SceneExpert(load(file), described(file, *SURE))
    told, runs = expert.look([painted(0.4, 0.2, 0.6)])
    assert runs == 1
    valence, arousal = told["affect.valence"], told["affect.arousal"]
    assert (valence.value, valence.variance) == pytest.approx((0.4, 0.6), abs=0.01)
    assert (arousal.value, arousal.variance) == pytest.approx((0.2, 0.4), abs=0.01)


def test_it_derives_both_from_eight_probabilities_and_is_less_sure_of_them(tmp_path: Path) -> None:
    file = scene_net(tmp_path / "scene.onnx", outputs=2)
    expert = SceneExpert(load(file), described(file, "happiness", "fear"))
    told, _ = expert.look([painted(1.0, 0.0, 0.0)])
    assert told["affect.valence"].value == pytest.approx(0.76, abs=0.01)
    assert told["affect.arousal"].variance == 0.2
    assert expert.look([]) == ({}, 0)


def test_it_takes_the_variance_of_the_table_and_never_less_than_a_picture_can_know(tmp_path: Path) -> None:
    file = scene_net(tmp_path / "scene.onnx", outputs=2)
    plain = SceneExpert(load(file), described(file, "valence", "arousal", variance=0.3))
    assert plain.look([painted(0.1, 0.1, 0.1)])[0]["affect.valence"].variance == 0.3
    sure = scene_net(tmp_path / "sure.onnx")
    told = SceneExpert(load(sure), described(sure, *SURE)).look([painted(0.0, 0.5, 0.0)])[0]
    assert told["affect.valence"].variance == LEAST_VARIANCE


def test_it_sees_the_whole_picture_in_its_own_proportions_or_squeezed(tmp_path: Path) -> None:
    file = scene_net(tmp_path / "scene.onnx", outputs=2)
    wide = painted(0.8, 0.8, 0.0, height=120, width=480)
    squeezed = SceneExpert(load(file), described(file, "valence", "arousal")).look([wide])[0]
    framed = SceneExpert(load(file), described(file, "valence", "arousal", square=True)).look([wide])[0]
    assert squeezed["affect.valence"].value == pytest.approx(0.8, abs=0.01)
    assert framed["affect.valence"].value == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("size", "outputs"), [(64, 2), (32, 3)])
def test_it_refuses_a_model_that_is_another_than_described(tmp_path: Path, size: int, outputs: int) -> None:
    file = scene_net(tmp_path / "scene.onnx", size, outputs)
    with pytest.raises(ModelUnfit, match=r"scene\.onnx"):
        SceneExpert(load(file), described(file, "valence", "arousal"))


def scored(choice: Choice, find: FindModel, frame: Frame, mode: Mode = Mode.AFFECT) -> tuple[Scorer, Scores]:
    scorer = Scorer(roster(find, mode, choice).senses, mode, monotonic=lambda: 0.0)
    return scorer, scorer.score(Window(1.0, (frame,)))


def test_it_joins_the_fusion_by_inverse_variance_and_contradicts_the_face_visibly(
    tmp_path: Path, find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    frame = picture_at(3.0)
    file = scene_net(tmp_path / "scene.onnx")
    model = described(file, *SURE)
    expected, _ = SceneExpert(load(file), model).look([frame])
    scorer, scores = scored(Choice(scene=model, experts=("scene",)), find_model, frame)
    plain, alone = scored(Choice(), find_model, frame)
    told = dict(zip(scorer.channels, scores.values, strict=True))
    face = dict(zip(plain.channels, alone.values, strict=True))
    for name in ("affect.valence", "affect.arousal"):
        seen = Opinion(face[name], face[f"uncertainty.{name}"])
        together = fused([seen, expected[name]])
        assert together is not None
        assert (told[name], told[f"uncertainty.{name}"]) == pytest.approx((together.value, together.variance), abs=1e-6)
        assert min(seen.value, expected[name].value) < told[name] < max(seen.value, expected[name].value)
        if name == "affect.arousal":
            assert told["conflict.face-scene"] == pytest.approx(conflict(seen, expected[name]))
    assert scorer.inferences["expression"] == plain.inferences["expression"] + 1
    assert "conflict.face-scene" not in plain.channels


def test_it_is_not_even_loaded_without_consent_or_unless_it_is_asked_for(tmp_path: Path, find_model: FindModel) -> None:
    model = described(scene_net(tmp_path / "scene.onnx"), *SURE)
    for mode, experts in ((Mode.OBSERVABLES, ("scene",)), (Mode.AFFECT, ("voice",))):
        loaded = {}
        found = roster(find_model, mode, Choice(scene=model, experts=experts), loaded)
        assert not [name for name in loaded if "scene" in name]
        assert not [one.name for one in found.models if one.name == "scene.onnx"]
    found = roster(find_model, Mode.AFFECT, Choice(scene=model, experts=("scene",)))
    assert "scene.onnx" in [one.name for one in found.models], "its digest is in the hello"


def test_it_costs_only_itself_when_its_file_is_gone(
    tmp_path: Path, find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    gone = described(tmp_path / "gone.onnx", *SURE)
    with capture_logs() as said:
        scorer, scores = scored(Choice(scene=gone, experts=("scene",)), find_model, picture_at(3.0))
    told = dict(zip(scorer.channels, scores.values, strict=True))
    assert np.isfinite(told["affect.valence"])
    assert np.isnan(told["conflict.face-scene"])
    assert [line["event"] for line in said if "gone.onnx" in str(line.get("reason"))] == ["scene expert is off"]


def settings(folder: Path, text: str) -> EdgeSettings:
    place = folder / "edge.toml"
    place.write_text(text)
    return load_settings(EdgeSettings, place)


def test_it_comes_by_a_table_of_the_settings(tmp_path: Path) -> None:
    table = '[scene_model]\nfile = "/m/room.onnx"\nsize = 224\noutputs = ["valence", "arousal"]\nvariance = 0.3\n'
    choice = chosen(settings(tmp_path, f'experts = ["scene"]\n{table}'))
    assert choice.scene is not None
    assert (choice.scene.what.file, choice.scene.what.size, choice.scene.variance) == ("room.onnx", 224, 0.3)
    assert choice.scene.what.outputs == ("valence", "arousal")
    assert chosen(settings(tmp_path, "")).scene is None


TABLE = '[scene_model]\nfile = "a"\nsize = 64\noutputs = '


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('experts = ["scene"]\n', r"expected a table \[scene_model\] as well"),
        (f'{TABLE}["valence", "arousal"]\n', 'expected experts = \\["scene"\\]'),
        (f'{TABLE}["valence_variance", "arousal_variance"]\n', "expected valence"),
        (f'{TABLE}["valence", "arousal", "valence_variance"]\n', "expected both variances"),
        (f'{TABLE}["valence", "mood"]\n', "mood"),
    ],
)  # fmt: skip
def test_it_refuses_a_table_that_cannot_be_meant(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        settings(tmp_path, text)
