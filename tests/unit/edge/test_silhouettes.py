"""Whose outline is drawn for the evidence of an event. Kind: unit, with real models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_agent.camera import Eyes
from edge_agent.capture.frame import Frame
from edge_agent.evidence.album import bodies_by
from edge_agent.evidence.release import Refused
from edge_agent.models import FindModel
from edge_agent.sensing.roster import Choice
from services.vocabulary import Mode
from tests.unit.edge.test_pose_models import SIZE, net, place

pytestmark = pytest.mark.unit


def test_somebody_who_lies_has_an_outline_too(find_model: FindModel, picture_at: Callable[[float], Frame]) -> None:
    eyes = Eyes(find_model, Choice(), 5.0)
    eyes.senses(Mode.OBSERVABLES)
    standing = picture_at(18.0)
    lying = Frame(np.ascontiguousarray(np.rot90(standing.image)), 0.0)
    [upright], [flat] = bodies_by(eyes)(standing), bodies_by(eyes)(lying)

    def tall(box: np.ndarray) -> float:
        left, top, right, bottom = box
        return float((bottom - top) / (right - left))

    assert tall(upright.box) > 1.0 > tall(flat.box)


def test_an_own_pose_net_finds_the_bodies_too(find_model: FindModel, tmp_path: Path) -> None:
    net(tmp_path, np.stack([place(16.0, 16.0, 8.0, 20.0, 0.9)]))
    eyes = Eyes(find_model, Choice(pose_model=tmp_path / "yolo.onnx"), 5.0)
    eyes.senses(Mode.OBSERVABLES)
    assert len(bodies_by(eyes)(Frame(np.full((SIZE, SIZE, 3), 90, np.uint8), 0.0))) == 1


def test_without_a_model_nothing_leaves(find_model: FindModel) -> None:
    with pytest.raises(Refused, match="only outlines may leave"):
        bodies_by(Eyes(find_model, Choice(), 5.0))(Frame(np.zeros((8, 8, 3), np.uint8), 0.0))
