"""People are followed without being known, and a lone one is the resident only who was in the resident's place."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, ModelMissing
from edge_agent.preprocess.emptiness import emptiness
from edge_agent.preprocess.tracks import WHOLE, Area, Presence, Tracks
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing import pose
from edge_agent.sensing.roster import Choice, roster
from edge_agent.settings import EdgeSettings
from services.runtime.settings import SettingError, load
from services.vocabulary import Absence, Gap, Mode
from services.vocabulary import Sense as SenseName
from tests.bench.sensing.cut_out import CLIP, EMPTY_S, picture

pytestmark = pytest.mark.unit

BED = Area(0.0, 0.0, 0.4, 1.0)


def at(x: float, width: float = 0.2) -> Area:
    return Area(x - width / 2, 0.2, x + width / 2, 0.9)


class Room:
    """A room that is looked at twice a second."""

    def __init__(self, zone: Area = BED) -> None:
        self.tracks, self.presence, self.now_s = Tracks(), Presence(zone), 0.0

    def see(self, *places: float) -> bool:
        self.now_s += 0.5
        return self.presence.update(self.now_s, self.tracks.update(self.now_s, [at(x) for x in places]))


def test_the_resident_stays_confirmed_on_the_way_from_the_bed_to_the_door() -> None:
    room = Room()
    assert [room.see(x) for x in (0.2, 0.35, 0.5, 0.65, 0.8, 0.9)] == [True] * 6


def test_who_comes_in_alone_is_nobody_until_they_reach_the_bed() -> None:
    room = Room()
    assert [room.see(x) for x in (0.95, 0.85, 0.75, 0.6, 0.45, 0.35)] == [False] * 5 + [True]


def test_a_visitor_leaves_nobody_confirmed_until_somebody_lies_in_the_bed_again() -> None:
    room = Room()
    assert room.see(0.2)
    assert not room.see(0.2, 0.9)
    assert not room.see(0.9)  # who of the two is it?
    assert not room.see(0.85)
    room = Room()
    room.see(0.2, 0.9)
    assert room.see(0.2)  # in the bed now


def test_one_look_without_anybody_is_no_empty_room_and_three_seconds_are() -> None:
    room = Room()
    room.see(0.2)
    room.see(0.4)
    assert not room.see()
    assert room.see(0.5)
    for _ in range(6):
        assert not room.see()
    assert not room.see(0.6)


def test_with_the_whole_picture_as_zone_whoever_is_alone_counts() -> None:
    room = Room(WHOLE)
    assert room.see(0.9)
    assert not room.see(0.9, 0.1)
    assert room.see(0.1)


def test_ids_follow_overlap_and_die_after_two_seconds() -> None:
    tracks = Tracks()
    first = [track.id for track in tracks.update(0.0, [at(0.2), at(0.8)])]
    crossed = [track.id for track in tracks.update(0.5, [at(0.75), at(0.25)])]
    assert crossed == first[::-1]
    assert [track.id for track in tracks.update(2.4, [at(0.25)])] == [first[0]]
    assert [track.id for track in tracks.update(5.0, [at(0.25)])] == [3]


@given(st.lists(st.lists(st.floats(0.1, 0.9), max_size=4), max_size=20))
def test_nobody_shares_an_id(looks: list[list[float]]) -> None:
    tracks = Tracks()
    for k, places in enumerate(looks):
        ids = [track.id for track in tracks.update(k / 2, [at(x) for x in places])]
        assert len(set(ids)) == len(ids)


def look(find: FindModel, image: np.ndarray, zone: Area, resting: str = "") -> tuple[dict[str, float], Scores]:
    senses = roster(find, Mode.AFFECT, Choice(zone=zone)).senses
    scorer = Scorer(senses, Mode.AFFECT, monotonic=lambda: 0.0, confined=zone != WHOLE)
    scorer.rest(resting, True)
    for end_s in (1.0, 2.0):
        scores = scorer.score(Window(end_s, tuple(Frame(image, end_s - 1 + k / 4) for k in range(4))))
    return dict(zip(scorer.channels, scores.values, strict=True)), scores


def test_a_lone_person_who_was_never_in_the_zone_is_not_read_and_still_guarded(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    man = picture_at(18.0).image
    wide = np.hstack([man, np.full_like(man, 90)])
    there, _ = look(find_model, wide, Area(0.0, 0.0, 0.5, 1.0))
    elsewhere, scores = look(find_model, wide, Area(0.55, 0.0, 1.0, 1.0))
    assert np.isfinite(there["emotion.neutral"])
    assert np.isfinite(there["face.jawOpen"])
    hidden = [name for name in elsewhere if name.startswith(("emotion.", "affect.", "face."))]
    assert all(np.isnan(elsewhere[name]) for name in hidden)
    assert Gap(SenseName.EXPRESSION, Absence.NOT_CONFIRMED) in scores.gaps
    assert scores.persons == 1
    assert elsewhere["pose.torso_angle"] == pytest.approx(there["pose.torso_angle"])
    assert np.isfinite(elsewhere["motion.ratio"])


RIGHT = Area(0.55, 0.0, 1.0, 1.0)


def test_a_lone_person_elsewhere_who_shows_no_face_is_nobody_to_learn_from(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    man = picture_at(18.0).image.copy()
    man[: man.shape[0] // 3] = man[: man.shape[0] // 3].mean(axis=(0, 1)).astype(np.uint8)  # no head
    values, scores = look(find_model, np.hstack([man, np.full_like(man, 90)]), RIGHT)
    assert scores.persons == 1 and Gap(SenseName.FACE, Absence.NOT_IN_VIEW) in scores.gaps
    assert Gap(SenseName.POSE, Absence.NOT_CONFIRMED) in scores.gaps
    assert np.isfinite(values["pose.torso_angle"])


def test_an_empty_room_is_nobody_unconfirmed(find_model: FindModel, asset_mirror: Path) -> None:
    _, scores = look(find_model, picture(asset_mirror / CLIP, EMPTY_S), RIGHT)
    assert scores.persons == 0
    assert all(gap.reason is not Absence.NOT_CONFIRMED for gap in scores.gaps)


@pytest.mark.parametrize("away", ["missing", "resting"])
def test_where_nobody_can_tell_who_it_is_no_face_is_read_as_the_residents(
    find_model: FindModel, picture_at: Callable[[float], Frame], away: str
) -> None:
    def find(name: str) -> Path:
        if away == "missing" and name == pose.MODEL:
            raise ModelMissing(f"{name} is missing")
        return find_model(name)

    values, scores = look(find, picture_at(18.0).image, RIGHT, "pose" if away == "resting" else "")
    assert all(np.isnan(values[name]) for name in values if name.startswith(("emotion.", "affect.", "face.")))
    assert Gap(SenseName.EXPRESSION, Absence.NOT_CONFIRMED) in scores.gaps
    free, _ = look(find, picture_at(18.0).image, WHOLE, "pose" if away == "resting" else "")
    assert np.isfinite(free["emotion.neutral"])


def test_a_mask_is_black_before_anything_looks_at_the_picture(demo_clip: Path, find_model: FindModel) -> None:
    masks = (Area(0.3, 0.0, 0.7, 0.5), Area(0.9, 0.9, 1.0, 1.0))
    frames = [item for item in decode(Source(str(demo_clip), 16.0, 17.0, masks=masks), Counts())
              if isinstance(item, Frame)]  # fmt: skip
    for frame in frames:
        assert not frame.image[:240, 192:448].any()
        assert frame.image[250:, :180].any()
        assert frame.masked == pytest.approx(0.21, abs=0.005)
        assert emptiness(frame.image, frame.masked) is None
    scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    scores = scorer.score(Window(17.0, tuple(frames)))
    values = dict(zip(scorer.channels, scores.values, strict=True))
    assert np.isnan(values["emotion.neutral"])  # his face is behind the mask


def told(tmp_path: Path, *cameras: str) -> EdgeSettings:
    file = tmp_path / "edge.toml"
    file.write_text("".join(f"[[cameras]]\n{camera}\n" for camera in cameras))
    return load(EdgeSettings, file)


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ("masks = [{left = 0.2, right = 1.4}]", "less than or equal to 1"),
        ("masks = [{left = -0.1}]", "greater than or equal to 0"),
        ("zone = {left = 0.6, right = 0.4}", "an area without a size: expected left < right"),
    ],
)
def test_it_refuses_an_area_that_is_not_in_the_picture(areas: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=expected):
        told(tmp_path, f'name = "a"\nsource = "x.mp4"\nresident = "r"\nroom = "1"\n{areas}')


def test_it_refuses_zones_that_overlap_in_one_source(tmp_path: Path) -> None:
    def camera(name: str, left: float, right: float, source: str = "rtsp://c/1") -> str:
        who = f'name = "{name}"\nsource = "{source}"\nresident = "r-{name}"\nroom = "1"\n'
        return f"{who}zone = {{left = {left}, right = {right}}}"

    with pytest.raises(SettingError, match="zones of a and b, which look at one source, overlap"):
        told(tmp_path, camera("a", 0.0, 0.6), camera("b", 0.5, 1.0))
    assert len(told(tmp_path, camera("a", 0.0, 0.5), camera("b", 0.5, 1.0)).cameras) == 2
    assert len(told(tmp_path, camera("a", 0.0, 0.6), camera("b", 0.5, 1.0, "rtsp://c/2")).cameras) == 2
    assert len(told(tmp_path, camera("a", 0.0, 1.0, "x.mp4"), camera("b", 0.0, 1.0, "x.mp4")).cameras) == 2
