"""Two residents share a picture: a fall is told for whoever's place it began in, and for both where nobody can tell."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from edge_agent.capture.frame import Frame
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, load
from edge_agent.preprocess.tracks import Area, Track
from edge_agent.preprocess.whose import Homes, Whose
from edge_agent.sensing.pose import MODEL, Pose
from edge_agent.sensing.role import Moment
from edge_agent.settings import AreaSettings, CameraSettings, EdgeSettings
from tests.bench.sensing.cut_out import CLIP, EMPTY_S, cut_out, falling, picture

pytestmark = pytest.mark.unit

LEFT, RIGHT = Area(right=0.4), Area(left=0.6)


def walk(homes: Homes, *middles: float, began_s: float = 0.0) -> Track:
    """Somebody seen twice a second at these places from left (0) to right (1)."""
    track = Track(0, Area(), 0.0)
    for k, x in enumerate(middles):
        track = Track(1, Area(x - 0.05, 0.2, x + 0.05, 0.8), began_s + k / 2)
        homes.update([track])
    return track


@pytest.mark.parametrize(
    ("middles", "whose"),
    [
        pytest.param((0.2,) * 6, Whose.OWN, id="in their own place"),
        pytest.param((0.8,) * 6, Whose.ANOTHER, id="in the other's"),
        pytest.param((0.5,) * 6, Whose.UNRESOLVED, id="in neither"),
        pytest.param((0.2, 0.2, 0.2, 0.5, 0.5, 0.5), Whose.OWN, id="came from their own"),
        pytest.param((0.2, 0.2, 0.2, 0.2, 0.2, 0.8), Whose.UNRESOLVED, id="fell from one into the other"),
        pytest.param((0.2, 0.5, 0.8, 0.8, 0.8, 0.8, 0.8), Whose.ANOTHER, id="had long walked over"),
    ],
)
def test_it_takes_somebody_who_falls_for_whose_place_they_were_in(middles: tuple[float, ...], whose: Whose) -> None:
    homes = Homes((LEFT,), (RIGHT,))
    assert homes.fallen(walk(homes, *middles), True) is whose


def test_it_keeps_to_what_it_said_while_they_lie_there() -> None:
    homes = Homes((LEFT,), (RIGHT,))
    assert homes.fallen(walk(homes, 0.2, 0.2, 0.2, 0.2, 0.2, 0.8), True) is Whose.UNRESOLVED
    lying = walk(homes, *(0.8,) * 20, began_s=3.0)
    assert homes.fallen(lying, True) is Whose.UNRESOLVED
    assert homes.fallen(lying, False) is Whose.ANOTHER


def test_it_takes_everybody_for_the_resident_where_nobody_else_lives() -> None:
    homes = Homes((LEFT,))
    assert homes.fallen(walk(homes, 0.8), True) is Whose.OWN


def test_it_forgets_where_somebody_was_with_their_track() -> None:
    homes = Homes((LEFT,), (RIGHT,))
    walk(homes, 0.2)
    homes.update([Track(2, Area(0.45, 0.2, 0.55, 0.8), 9.0)])
    assert homes.of(Track(1, Area(0.45, 0.2, 0.55, 0.8), 9.0)) is Whose.UNRESOLVED


def test_it_knows_the_places_of_others_who_are_seen_by_the_same_camera() -> None:
    def camera(name: str, source: str, **more: object) -> CameraSettings:
        return CameraSettings(name=name, source=source, resident=name, room="1", **more)  # type: ignore[arg-type]

    settings = EdgeSettings(cameras=[
        camera("a", "rtsp://one", zone=AreaSettings(right=0.4)),
        camera("b", "rtsp://one", zone=AreaSettings(left=0.6), bed_area=AreaSettings(left=0.7)),
        camera("c", "rtsp://two"),
    ])  # fmt: skip
    assert [one.places.others for one in settings.cameras] == [
        (Area(left=0.6), Area(left=0.7)), (Area(right=0.4),), ()
    ]  # fmt: skip
    copied = settings.cameras[0].model_copy(update={"consent": "c-1"})
    assert copied.places.others == settings.cameras[0].places.others


@pytest.fixture(scope="module")
def fall(find_model: FindModel) -> list[np.ndarray]:
    """Somebody stands in the picture and falls after two seconds."""
    clip = find_model(MODEL).parents[1] / CLIP
    empty = picture(clip, EMPTY_S)
    person = cut_out(picture(clip, 79.0), empty)
    return list(falling(person, empty, [k / 2 for k in range(14)], 2.3, 0.8, 88.0))


def told(sense: Pose, images: Sequence[np.ndarray]) -> Iterator[tuple[float, float | None, float]]:
    """Of each second: the fall's probability, whether whose it is is open, and its channel."""
    for second in range(len(images) // 2):
        frames = (Frame(images[2 * second], second + 0.0), Frame(images[2 * second + 1], second + 0.5))
        reading = sense.read(Moment(Window(second + 1.0, frames)))
        found = max(reading.cues, key=lambda cue: cue.probability, default=None)
        channel = reading.values.get("pose.fall", 0.0)
        yield (0.0, None, channel) if found is None else (found.probability, found.uncertainty, channel)


def test_it_tells_a_fall_of_the_resident_in_whose_zone_it_began_alone(
    fall: list[np.ndarray], find_model: FindModel
) -> None:
    model = load(find_model(MODEL))
    everywhere, corner = Area(0.001), Area(0.0, 0.0, 0.001, 0.001)
    mine, theirs, anybodys = (
        list(told(Pose(model, zone=zone, others=others), fall))
        for zone, others in ((everywhere, (corner,)), (corner, (everywhere,)), (corner, (corner,)))
    )
    assert mine[-1][0] > 0.5
    assert mine[-1][1] is None
    assert all((probability, channel) == (0.0, 0.0) for probability, _, channel in theirs)
    assert anybodys[-1][:2] == (mine[-1][0], 1.0)
