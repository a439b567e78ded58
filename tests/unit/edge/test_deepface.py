"""Faces read by DeepFace instead of a model of the shelf. Kind: unit; DeepFace itself, with a net of the shelf."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, ModelMissing, ModelUnfit, ModelUnreadable, load
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.deepface import WEIGHTS, load_deepface
from edge_agent.sensing.expression import Expression
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.role import Moment
from edge_agent.sensing.roster import Choice, roster
from edge_agent.sensing.yunet import MODEL as YUNET
from edge_agent.settings import EdgeSettings
from services.vocabulary import Mode
from tests.bench.sensing.bare import pictures
from tests.bench.sensing.deepface_alone import EXPRESSION
from tests.unit.edge.deepface_home import deepface

pytestmark = pytest.mark.unit


def test_it_finds_in_a_clip_what_its_net_finds_without_it(find_model: FindModel, demo_clip: Path) -> None:
    faces = Faces(load(find_model(YUNET)))
    ours, theirs = Expression([load(find_model(EXPRESSION))], passes=1), Expression([deepface(find_model)], passes=1)
    same = []
    for frame in pictures(demo_clip, 0.5, 0.0, 42.0):
        moment = Moment(Window(1.0, (frame,)), 1, tuple(faces.find(frame)[:1]))
        mine, other = ours.read(moment).values, theirs.read(moment).values
        emotions = [name for name in other if name.startswith("emotion.")]
        assert len(emotions) == 7 and sum(other[name] for name in emotions) == pytest.approx(1.0, abs=1e-5)
        same.append(max(emotions, key=other.__getitem__) == max(emotions, key=mine.__getitem__))
    assert len(same) >= 20 and np.mean(same) >= 0.8


def test_a_camera_reads_faces_with_it_where_its_settings_say_so(find_model: FindModel) -> None:
    deepface(find_model)
    settings = EdgeSettings(expression=("deepface",))
    found = roster(find_model, Mode.AFFECT, Choice(expression=settings.expression))
    assert [type(sense) for sense in found.senses if sense.title == "expression"] == [Expression]
    used = {model.name: model.digest for model in found.models}
    assert len(used["deepface"]) == 64


def test_it_goes_over_many_faces_at_once_as_over_one(find_model: FindModel) -> None:
    model = deepface(find_model)
    faces = np.random.default_rng(1).random((3, 224, 224, 3), np.float32)
    [together] = model.run({"faces": faces})
    assert together.shape == (3, 7)
    assert np.allclose(together, np.concatenate([model.run({"faces": face[None]})[0] for face in faces]), atol=1e-5)


def test_without_its_package_only_expression_is_off(find_model: FindModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    [off] = roster(find_model, Mode.AFFECT, Choice(expression=("deepface",))).missing
    assert isinstance(off, Absent) and off.title == "expression" and "attune[edge-deepface]" in off.why


def test_without_its_weights_it_says_where_they_belong_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    with pytest.raises(ModelMissing, match=f"{WEIGHTS}.*fetches nothing by itself"):
        load_deepface()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("held", "error"), [(b"<html>", ModelUnreadable), (None, ModelUnfit)])
def test_other_weights_than_its_own_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, find_model: FindModel, held: bytes | None, error: type[Exception]
) -> None:
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    file = tmp_path / ".deepface" / "weights" / WEIGHTS
    file.parent.mkdir(parents=True)
    file.write_bytes(find_model("fer_minixception.onnx").read_bytes() if held is None else held)
    with pytest.raises(error, match=WEIGHTS):
        load_deepface()


def test_in_observables_mode_it_is_not_even_imported(find_model: FindModel) -> None:
    deepface(find_model)
    said = """
import sys
from pathlib import Path
from edge_agent.sensing.roster import Choice, in_folder, roster
from services.vocabulary import Mode
roster(in_folder(Path(sys.argv[1])), Mode(sys.argv[2]), Choice(expression=("deepface",)))
print("deepface" in sys.modules)
"""
    folder = str(find_model("fer_minixception.onnx").parent)
    told = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", said, folder, mode], check=True, capture_output=True, text=True,
            env=os.environ,
        ).stdout.splitlines()[-1]
        for mode in (Mode.OBSERVABLES.value, Mode.AFFECT.value)
    ]  # fmt: skip
    assert told == ["False", "True"]
