"""A YOLO pose net of one's own does what MoveNet does; what it says is read as its maker reads it."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import Model, ModelUnfit, load
from edge_agent.senses import chosen
from edge_agent.sensing.pose import Pose
from edge_agent.sensing.pose_models import CLOCKWISE, COUNTER_CLOCKWISE, YoloPose, apart, found_turned
from edge_agent.sensing.role import Moment
from edge_agent.settings import EdgeSettings
from services.runtime.settings import SettingError
from services.runtime.settings import load as load_settings

pytestmark = pytest.mark.unit

SIZE, PLACES = 64, 12


def net(folder: Path, rows: np.ndarray, size: int | str = SIZE) -> Model:
    """An ONNX of a YOLO pose net's layout that says `rows` (places, 56) of every picture."""
    said = numpy_helper.from_array(rows.T[None].astype(np.float32), "said")
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Squeeze", ["nothing", "axis"], ["flat"]),
        helper.make_node("Add", ["said", "flat"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes, "yolo", [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, rows.shape[1], len(rows)])],
        [said, *(numpy_helper.from_array(np.array(value), name)
                 for name, value in (("zero", np.zeros(1, np.float32)), ("axis", [3])))],
    )  # fmt: skip
    file = folder / "yolo.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    return load(file)


def place(x: float, y: float, wide: float, high: float, sure: float) -> np.ndarray:
    """One place: a box, and an upright body in it."""
    across = np.array([0, -1, 1, -2, 2, -8, 8, -9, 9, -9, 9, -5, 5, -5, 5, -5, 5]) / 20
    down = np.array([-9, -9.4, -9.4, -9, -9, -6, -6, -3, -3, 0, 0, 0, 0, 4, 4, 9, 9]) / 20
    points = np.stack([x + across * wide, y + down * high, np.full(17, 0.9)], axis=1)
    return np.concatenate([[x, y, wide, high, sure], points.reshape(-1)])


@pytest.fixture
def rows() -> np.ndarray:
    said = np.zeros((PLACES, 56))
    said[0] = place(20.0, 32.0, 16.0, 40.0, 0.8)
    said[1] = place(20.5, 32.5, 16.0, 40.0, 0.9)  # the same person again
    said[2] = place(48.0, 30.0, 12.0, 30.0, 0.5)
    said[3] = place(5.0, 5.0, 8.0, 8.0, 0.2)  # too unsure
    return said


def test_it_finds_each_person_once_in_pixels_of_the_picture(rows: np.ndarray, tmp_path: Path) -> None:
    people = YoloPose(net(tmp_path, rows)).find(np.zeros((120, 240, 3), np.uint8))
    assert [one.score for one in people] == pytest.approx([0.9, 0.5])
    scale, top = SIZE / 240, (SIZE - 32) / 2
    expected = (np.array([12.5, 12.5, 28.5, 52.5]) - [0.0, top, 0.0, top]) / scale
    assert people[0].skeleton.box == pytest.approx(expected)
    nose = (np.array([20.5, 32.5 - 18.0]) - [0.0, top]) / scale
    assert people[0].skeleton.points[0] == pytest.approx(nose, abs=1e-3)
    assert people[0].skeleton.scores == pytest.approx(0.9)


def test_boxes_that_overlap_little_are_two_people() -> None:
    near = np.stack([place(10, 10, 10, 10, 0.9), place(14, 10, 10, 10, 0.8)])
    assert len(apart(near)) == 2
    assert len(apart(np.stack([near[0], place(11, 10, 10, 10, 0.8)]))) == 1
    assert apart(np.zeros((0, 56))) == []


def test_a_turned_picture_gives_places_of_the_picture_as_it_is(rows: np.ndarray, tmp_path: Path) -> None:
    yolo = YoloPose(net(tmp_path, rows))
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    plain = yolo.find(image)[0].skeleton.points
    for turn, back in ((CLOCKWISE, [1, 0]), (COUNTER_CLOCKWISE, [1, 0])):
        turned = found_turned(yolo, image, turn)[0].skeleton.points
        expected = plain[:, back].copy()
        column = 1 if turn == CLOCKWISE else 0
        expected[:, column] = SIZE - 1 - expected[:, column]
        assert turned == pytest.approx(expected)


def test_the_pose_sense_works_with_it(rows: np.ndarray, tmp_path: Path) -> None:
    frames = tuple(Frame(np.full((SIZE, SIZE, 3), 90, np.uint8), k / 2) for k in range(2))
    reading = Pose(net(tmp_path, rows)).read(Moment(Window(1.0, frames), looked=frames))
    assert reading.persons == 2
    assert reading.values["pose.standing"] == 1.0
    assert reading.values["pose.speed"] == 0.0


def test_an_agent_is_told_of_it_by_a_setting(rows: np.ndarray, tmp_path: Path) -> None:
    model = net(tmp_path, rows)
    file = tmp_path / "edge.toml"
    file.write_text(f'pose_model = "{tmp_path / model.name}"\n')
    assert chosen(load_settings(EdgeSettings, file)).pose_model == tmp_path / model.name
    file.write_text('pose_model = "none.onnx"\n')
    with pytest.raises(SettingError, match=r"training\.export\.yolo_pose"):
        load_settings(EdgeSettings, file)


def test_it_refuses_a_net_of_other_things(rows: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ModelUnfit, match="expected"):
        YoloPose(net(tmp_path, rows[:, :40]))
    with pytest.raises(ModelUnfit, match="one fixed square"):
        YoloPose(net(tmp_path, rows, "side"))
