"""Faces are found in small pictures too, and the one that was just seen is looked for where it was."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, load
from edge_agent.preprocess.pixels import resized
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.role import Moment
from edge_agent.sensing.yunet import MODEL, OVERLAP, THRESHOLD, YuNet
from services.vocabulary import Absence

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def faces(find_model: FindModel) -> Faces:
    return Faces(load(find_model(MODEL)))


def test_it_finds_a_face_that_fills_a_tiny_picture(faces: Faces, picture_at: Callable[[float], Frame]) -> None:
    for time_s in (3.0, 16.0, 30.0, 50.0):
        (face,) = faces.find(picture_at(time_s))
        x, y, side = round(face.box.x), round(face.box.y), round(max(face.box.width, face.box.height))
        tiny = resized(face.frame.image[y : y + side, x : x + side], 48, 48)
        (again,) = faces.find(Frame(tiny, 0.0))
        assert again.box.width > 24


def test_it_finds_the_same_face_again_half_a_second_later(faces: Faces, picture_at: Callable[[float], Frame]) -> None:
    for time_s in (3.0, 16.0, 30.0, 50.0):
        pictures = (picture_at(time_s), picture_at(time_s + 0.5))
        seen = faces.read(Moment(Window(time_s + 1, pictures))).faces
        (whole,) = faces.find(pictures[1])
        assert len(seen) == 2
        assert np.allclose(seen[1].box.centre, whole.box.centre, atol=0.08 * whole.box.width)
        assert np.allclose(seen[1].right_eye, whole.right_eye, atol=0.08 * whole.box.width)


def test_it_looks_everywhere_for_a_face_that_has_gone_from_where_it_was(
    faces: Faces, picture_at: Callable[[float], Frame]
) -> None:
    before = picture_at(3.0)
    turned = Frame(np.ascontiguousarray(before.image[:, ::-1]), 3.5)
    (face,) = faces.find(before)
    seen = faces.read(Moment(Window(4.0, (before, turned)))).faces
    assert len(seen) == 2
    assert seen[1].box.centre[0] == pytest.approx(before.image.shape[1] - face.box.centre[0], abs=5)


def test_it_sees_who_joins_with_the_next_second(faces: Faces, picture_at: Callable[[float], Frame]) -> None:
    alone = picture_at(18.0).image
    both = np.hstack([alone, picture_at(22.0).image])
    wide = np.hstack([alone, np.full_like(alone, 90)])
    first = faces.read(Moment(Window(1.0, (Frame(wide, 0.0), Frame(both, 0.5)))))
    then = faces.read(Moment(Window(2.0, (Frame(both, 1.0), Frame(both, 1.5)))))
    assert first.persons == 1
    assert then.absence is Absence.SEVERAL_PEOPLE
    assert then.persons == 2


def test_it_finds_what_the_detector_of_opencv_finds(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    file = find_model(MODEL)
    ours, theirs = YuNet(load(file)), cv2.FaceDetectorYN.create(str(file), "", (64, 64), THRESHOLD, OVERLAP)
    alone = [picture_at(time_s).image for time_s in (3.0, 16.0, 22.0, 30.0)]
    crowd = np.vstack([np.hstack(alone[:2]), np.hstack(alone[2:])])
    sizes = ((416, 312), (192, 144), (333, 250), (160, 120))
    seen = [resized(image, *size) for image in (*alone, crowd) for size in sizes]
    found = 0
    for image in [*seen, np.zeros((64, 96, 3), np.uint8)]:
        theirs.setInputSize(image.shape[1::-1])
        rows = theirs.detect(image)[1]
        mine = ours.find(image)
        assert len(mine) == (0 if rows is None else len(rows))
        if rows is not None:
            np.testing.assert_allclose(mine[:, :14], rows[:, :14], atol=0.05)
            np.testing.assert_allclose(mine[:, 14], rows[:, 14], atol=1e-3)
            found += len(rows)
    assert found >= 20
