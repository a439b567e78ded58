"""An operator's own expression model drops in by a table of the settings, and a check shows what it says."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_agent import check_model
from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel
from edge_agent.preprocess.crops import Box
from edge_agent.scoring import Scorer
from edge_agent.senses import chosen
from edge_agent.sensing.role import Face
from edge_agent.sensing.roster import Choice, roster
from edge_agent.settings import EdgeSettings
from services.runtime.settings import SettingError, load
from services.vocabulary import Mode
from tests.unit.edge.scene_net import scene_net

pytestmark = pytest.mark.unit

EIGHT = '["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]'
HSEMOTION = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
    "valence",
    "arousal",
)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def settings_of(folder: Path, text: str) -> Path:
    place = folder / "edge.toml"
    place.write_text(text)
    return place


def tiny(place: Path, size: int = 32, outputs: int = 10, batch: int | str = "n") -> Path:
    """A net with the interface of HSEmotion's: the mean of each colour, (red, green, blue), is three of its outputs:
    the logit of anger, valence and arousal; the others are 0."""
    weights = np.zeros((3, outputs), np.float32)
    weights[0, 0] = weights[1, -2] = weights[2, -1] = 1.0
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["input"], ["means"], axes=[2, 3], keepdims=0),
            helper.make_node("MatMul", ["means", "weights"], ["output"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, size, size])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, outputs])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, place)
    return place


def table(file: Path, **changed: object) -> str:
    keys: dict[str, object] = {
        "file": str(file), "size": 32, "outputs": list(HSEMOTION), "logits": "true", "colour": "rgb",
        "mean": list(MEAN), "std": list(STD), **changed,
    }  # fmt: skip
    lines = [f"{key} = {value if value == 'true' else repr(value)}" for key, value in keys.items()]
    return "\n".join([f"expression = [{file.name!r}]", "[[expression_models]]", *lines])


def test_the_same_nets_by_table_alone_say_the_same(
    find_model: FindModel, picture_at: Callable[[float], Frame], tmp_path: Path
) -> None:
    """Research-only nets under names that nothing here knows, beside what the product says of them itself."""
    for name, file in (
        ("mine8.onnx", "affectnet8_mnasnet05.onnx"),
        ("mine_va.onnx", "affectnet_va_shufflenet200.onnx"),
    ):
        (tmp_path / name).symlink_to(find_model(file))
    common = 'size = 224\nlayout = "nhwc"\ncolour = "bgr"\nspan = [0, 255]\nmargin = 0.1'
    text = f"""expression = ["mine8.onnx", "mine_va.onnx"]
        [[expression_models]]
        file = "{tmp_path}/mine8.onnx"
        outputs = {EIGHT}
        {common}
        [[expression_models]]
        file = "{tmp_path}/mine_va.onnx"
        outputs = ["arousal", "valence"]
        {common}"""
    own = chosen(load(EdgeSettings, settings_of(tmp_path, text)))
    frames = tuple(picture_at(4.0 + k / 2) for k in range(2))
    told = []
    for choice in (own, Choice(expression=("affectnet8_mnasnet05.onnx", "affectnet_va_shufflenet200.onnx"))):
        found = roster(find_model, Mode.AFFECT, choice)
        assert not found.missing
        scorer = Scorer(found.senses, Mode.AFFECT, monotonic=lambda: 0.0)
        told.append(dict(zip(scorer.channels, scorer.score(Window(5.0, frames)).values, strict=True)))
    assert told[0]["emotion.happiness"] > 0.6
    assert told[0]["affect.valence"] > 0.4
    assert told[0] == pytest.approx(told[1], nan_ok=True)


@pytest.mark.parametrize("batch", ["n", 1])
def test_eight_emotions_with_valence_and_arousal_in_one_output(
    batch: int | str, find_model: FindModel, tmp_path: Path
) -> None:
    """A face of one colour: red 1.0, green 0.6, blue 0.4 of full, each less its mean, over its spread."""
    file = tiny(tmp_path / "own.onnx", batch=batch)
    choice = chosen(load(EdgeSettings, settings_of(tmp_path, table(file))))
    what = choice.known["own.onnx"]
    sense = roster(find_model, Mode.AFFECT, choice).senses[-1]
    assert {"affect.valence", "affect.arousal", "emotion.contempt"} <= set(sense.channels)
    image = np.zeros((80, 80, 3), np.uint8)
    image[:] = (102, 153, 255)  # blue, green, red
    face = Face(Frame(image, 0.0), Box(10, 10, 50, 60), (25, 30), (45, 30), 0.9)
    seen = what.see(face)
    assert seen is not None
    model = next(one for one in roster(find_model, Mode.AFFECT, choice).models if one.name == "own.onnx")
    told = {name: values.tolist() for name, values in what.read(what.run(model, [seen, seen])).items()}
    anger = np.exp((1.0 - MEAN[0]) / STD[0])
    assert told["emotion.anger"] == pytest.approx([anger / (anger + 7.0)] * 2, rel=1e-4)
    assert told["emotion.fear"] == pytest.approx([1.0 / (anger + 7.0)] * 2, rel=1e-4)
    assert told["affect.valence"] == pytest.approx([(0.6 - MEAN[1]) / STD[1]] * 2, abs=1e-4)
    assert told["affect.arousal"] == pytest.approx([(0.4 - MEAN[2]) / STD[2]] * 2, abs=1e-4)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"outputs": ["anger", "joy"]}, "expression_models.0.outputs.1"),
        ({"outputs": ["anger", "anger"]}, "outputs names anger twice"),
        ({"outputs": ["anger", "fear", "valence"]}, "only one of valence and arousal"),
        ({"outputs": ["valence", "arousal"]}, "expected at least one model that gives emotions"),
        ({"span": [1.0, 0.0]}, "expected the smaller number first"),
        ({"mean": [0.5, 0.5]}, "mean holds 2 numbers: expected one, or one for each colour"),
        ({"std": [0.0]}, "expected numbers above 0"),
        ({"sha256": "abc"}, "expression_models.0.sha256"),
        ({"margins": 0.1}, "expression_models.0.margins"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(changed: dict[str, object], expected: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=expected):
        load(EdgeSettings, settings_of(tmp_path, table(tmp_path / "own.onnx", **changed)))


def test_a_name_that_nobody_described_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"'other\.onnx': not described; expected one of faceapi_expression\.onnx"):
        load(EdgeSettings, settings_of(tmp_path, 'expression = ["other.onnx"]'))


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(
    ("size", "outputs", "changed", "expected"),
    [
        (48, 10, {}, "its input input is (n, 3, 48, 48), but it is described as (n, 3, 32, 32): size = 32"),
        (32, 8, {}, "gives (n, 8), but 10 outputs are described: anger, contempt"),
        (32, 10, {"layout": "nhwc"}, "but it is described as (n, 32, 32, 3)"),
        (32, 10, {"sha256": "0" * 64}, f"expected {'0' * 64}"),
        (32, 10, {"mean": [-1e38], "std": [1e-38]}, "gives numbers that are none"),
    ],
)
def test_a_check_says_what_does_not_fit(
    size: int, outputs: int, changed: dict[str, object], expected: str, asset_mirror: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    config = settings_of(tmp_path, table(tiny(tmp_path / "own.onnx", size, outputs), **changed))
    place = str(asset_mirror / "pictures")
    arguments = ["own.onnx", "--on", place, "--config", str(config), "--out", str(tmp_path / "sheet.png")]
    assert check_model.main(arguments) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "sheet.png").exists()


def test_a_check_shows_every_face_with_what_was_said(
    asset_mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    file = tiny(tmp_path / "own.onnx")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    config = settings_of(tmp_path, table(file, sha256=digest))
    out = tmp_path / "sheet.png"
    arguments = ["own.onnx", "--on", str(asset_mirror / "pictures"), "--config", str(config), "--out", str(out)]
    assert check_model.main(arguments) == 0
    told = capsys.readouterr().out
    assert digest[:16] in told
    for words in (
        "astronaut.png",
        "biden.jpg",
        "obama.jpg",
        "obama2.jpg",
        "valence",
        "contempt",
        "delete it after use",
    ):
        assert words in told
    drawn = cv2.imread(str(out))
    assert drawn is not None
    assert drawn.shape[1] > 4 * 200
    assert drawn[60:200].std() > 30
    monkeypatch.undo()


def test_a_check_shows_whole_pictures_to_a_scene_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    room = tmp_path / "room"
    room.mkdir()
    for name, colour in (("red.png", (0, 0, 204)), ("blue.png", (255, 0, 0))):
        cv2.imwrite(str(room / name), np.full((40, 80, 3), colour, np.uint8))
    scene_net(tmp_path / "room.onnx", outputs=2)
    config = tmp_path / "edge.toml"
    config.write_text(
        f'experts = ["scene"]\n[scene_model]\nfile = "{tmp_path}/room.onnx"\nsize = 32\n'
        'outputs = ["valence", "arousal"]\nsquare = false\n'
    )
    asked = ["room.onnx", "--on", str(room), "--config", str(config), "--out", str(tmp_path / "sheet.png")]
    assert check_model.main(asked) == 0
    told = capsys.readouterr().out
    rows = {
        name: line.split("│")[2:4] for line in told.splitlines() for name in ("red", "blue") if f"{name}.png" in line
    }
    assert {name: [float(cell) for cell in cells] for name, cells in rows.items()} == {
        "red": [0.8, 0.0], "blue": [0.0, 0.0],
    }  # fmt: skip
    assert "delete it after use" in told
    assert cv2.imread(str(tmp_path / "sheet.png")) is not None
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "broken.png").write_bytes(b"no picture")
    assert check_model.main(["room.onnx", "--on", str(tmp_path / "none"), "--config", str(config)]) == 2
    assert "none of 1 pictures can be read" in capsys.readouterr().err


def test_a_check_without_a_face_says_so(asset_mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200, 3), 90, np.uint8))
    for place, expected in ((tmp_path / "wall.png", "no face in 1 pictures"), (tmp_path / "gone", "no picture there")):
        assert check_model.main(["faceapi_expression.onnx", "--on", str(place), "--out", str(tmp_path / "s.png")]) == 2
        assert expected in capsys.readouterr().err
    assert check_model.main(["yamnet.onnx", "--on", str(asset_mirror / "pictures")]) == 2
    assert "'yamnet.onnx': not described" in capsys.readouterr().err
