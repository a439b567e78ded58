"""A face is looked at five times, and how much the looks differ is told as uncertainty."""

from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, load
from edge_agent.preprocess.variations import VARIATIONS, Variation
from edge_agent.sensing.expression import OWN_VARIANCE, Expression, Origin
from edge_agent.sensing.expression_models import DEFAULT
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.role import Moment, Reading
from edge_agent.sensing.yunet import MODEL

pytestmark = pytest.mark.unit

OPERATORS = ("affectnet8_mnasnet05.onnx", "affectnet_va_shufflenet200.onnx")
Read = Callable[..., Reading]


@pytest.fixture(scope="module")
def read(find_model: FindModel, picture_at: Callable[[float], Frame]) -> Read:
    """What the expression sense says of the clip at a time."""
    faces = Faces(load(find_model(MODEL)))

    def at(time_s: float, files: tuple[str, ...] = (DEFAULT,), passes: int = 5, noise: float = 0.0) -> Reading:
        image = picture_at(time_s).image
        if noise:
            spread = np.random.default_rng(0).normal(0, noise, image.shape)
            image = np.clip(image + spread, 0, 255).astype(np.uint8)
        moment = Moment(Window(time_s, (Frame(image, time_s),)))
        seen = faces.read(moment)
        sense = Expression([load(find_model(file)) for file in files], passes=passes)
        return sense.read(Moment(moment.window, seen.persons, seen.faces))

    return at


def test_it_says_how_uncertain_every_channel_is(read: Read) -> None:
    reading = read(16.0)
    told = {name for name in reading.values if not name.startswith("uncertainty.")}
    assert {f"uncertainty.{name}" for name in told} == set(reading.values) - told
    assert all(reading.values[f"uncertainty.{name}"] >= 0.0 for name in told)
    assert reading.inferences == 5


def test_one_look_says_nothing_of_uncertainty(read: Read) -> None:
    reading = read(16.0, passes=1)
    assert not [name for name in reading.values if name.startswith("uncertainty.")]
    assert reading.inferences == 1


def test_a_plain_smile_is_surer_than_a_face_between_two_expressions(read: Read) -> None:
    smile, between = read(3.0).values, read(30.5).values
    assert smile["uncertainty.emotion.happiness"] < 0.001
    assert between["uncertainty.emotion.neutral"] > 10 * smile["uncertainty.emotion.happiness"]


def test_derived_valence_is_less_sure_than_a_models_own(read: Read) -> None:
    derived, own = read(3.0).values, read(3.0, OPERATORS).values
    assert derived["uncertainty.affect.valence"] >= OWN_VARIANCE[Origin.DERIVED]
    assert OWN_VARIANCE[Origin.MODEL] <= own["uncertainty.affect.valence"] < OWN_VARIANCE[Origin.DERIVED]
    assert derived["affect.valence"] > 0.5
    assert own["affect.valence"] > 0.5


def test_it_says_where_valence_comes_from(find_model: FindModel) -> None:
    assert Expression([load(find_model(DEFAULT))]).origin is Origin.DERIVED
    assert Expression([load(find_model(file)) for file in OPERATORS]).origin is Origin.MODEL


def test_the_first_look_is_the_face_as_it_is() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    assert VARIATIONS[0] == Variation()
    assert np.array_equal(VARIATIONS[0].of(image), image)
    assert np.array_equal(Variation(mirrored=True).of(image), image[:, ::-1])
    assert not np.array_equal(Variation(turned_deg=5.0).of(image), image)
