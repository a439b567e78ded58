"""One row of scores per second: what the models say of the real clip, and what happens when something is missing."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source
from edge_agent.capture.windows import Window
from edge_agent.models import FindModel, Model, ModelAltered, ModelMissing
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing.absent import Absent
from edge_agent.sensing.motion import Motion
from edge_agent.sensing.roster import Choice, Rates, roster
from services.vocabulary import Absence, CueName, Gap, Mode, describe
from services.vocabulary import Sense as SenseName

pytestmark = pytest.mark.unit


class Watched:
    """Rows of a stretch of the clip, by channel."""

    def __init__(self, scorer: Scorer, rows: list[Scores]) -> None:
        self.scorer, self.rows = scorer, rows

    def mean(self, channel: str, first_s: float, last_s: float) -> float:
        column = self.scorer.channels.index(channel)
        return float(np.nanmean([row.values[column] for row in self.rows if first_s < row.time_s <= last_s]))

    def heard(self, *names: CueName) -> list[float]:
        """Ends of the seconds that tell one of the cues with at least 0.5."""
        return [row.time_s for row in self.rows if any(c.name in names and c.probability >= 0.5 for c in row.cues)]


def watch(find: FindModel, clip: Path, start_s: float, end_s: float, mode: Mode = Mode.AFFECT) -> Watched:
    scorer = Scorer(roster(find, mode).senses, mode, monotonic=lambda: 0.0)
    rows = list(scorer.run(decode(Source(str(clip), start_s, end_s), Counts())))
    return Watched(scorer, rows)


@pytest.fixture(scope="module")
def one_man(find_model: FindModel, demo_clip: Path) -> Watched:
    """The man of the clip: calm until second 24, agitated with cries after it."""
    return watch(find_model, demo_clip, 16.0, 34.0)


def test_it_gives_one_row_per_second_at_its_end(one_man: Watched) -> None:
    assert [row.time_s for row in one_man.rows] == [float(end) for end in range(17, 35)]
    assert all(len(row.values) == len(one_man.scorer.channels) for row in one_man.rows)
    assert all(row.persons == 1 and row.quality > 0.9 and not row.gaps for row in one_man.rows)


def test_it_sees_that_the_man_is_agitated_after_second_24(one_man: Watched) -> None:
    for channel, times in (("motion.ratio", 3.0), ("motion.erratic", 2.5), ("pose.wrist_speed", 2.5)):
        assert one_man.mean(channel, 25, 34) > times * one_man.mean(channel, 16, 24), channel


def test_it_hears_the_cries_where_they_are_and_nowhere_else(one_man: Watched) -> None:
    assert [time_s for time_s in one_man.heard(CueName.CRY) if time_s <= 31] == [26.0, 27.0, 28.0, 29.0, 30.0]
    assert set(one_man.heard(CueName.SCREAM, CueName.GROAN)) & {32.0, 33.0}
    assert not [cue for row in one_man.rows if row.time_s <= 24 for cue in row.cues if cue.probability >= 0.2]


def test_it_hears_how_loud_and_how_vocal_the_room_is(one_man: Watched) -> None:
    assert one_man.mean("audio.loudness", 16, 24) == pytest.approx(-55, abs=3)
    assert one_man.mean("audio.loudness", 25, 29) == pytest.approx(-21.5, abs=3)
    assert one_man.mean("audio.vocal_energy", 16, 24) < 0.01
    assert one_man.mean("audio.vocal_energy", 25, 29) > 0.4


def test_it_counts_what_it_did(one_man: Watched) -> None:
    inferences = one_man.scorer.inferences
    assert inferences["faces"] == inferences["pose"] == 36
    assert set(inferences) == {"motion", "audio", "faces", "pose", "blendshapes", "expression"}
    assert all(count > 0 for count in inferences.values())
    assert one_man.scorer.frames_seen == 144


def test_it_sees_a_happy_man(find_model: FindModel, demo_clip: Path) -> None:
    man = watch(find_model, demo_clip, 5.0, 8.0)
    assert man.mean("emotion.happiness", 5, 8) > 0.8
    assert man.mean("affect.valence", 5, 8) > 0.5
    assert man.mean("face.mouthSmile", 5, 8) == pytest.approx(0.93, abs=0.05)
    assert man.mean("emotion.sadness", 5, 8) < 0.05


def test_it_takes_another_expression_model_with_eight_emotions(find_model: FindModel, demo_clip: Path) -> None:
    choice = Choice(expression=("affectnet8_mnasnet05.onnx", "affectnet_va_shufflenet200.onnx"))
    scorer = Scorer(roster(find_model, Mode.AFFECT, choice).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    rows = list(scorer.run(decode(Source(str(demo_clip), 4.0, 7.0), Counts())))
    man = Watched(scorer, rows)
    assert "emotion.contempt" in scorer.channels
    assert man.mean("emotion.happiness", 4, 7) > 0.6
    assert man.mean("affect.valence", 4, 7) == pytest.approx(0.65, abs=0.1)
    assert man.mean("affect.arousal", 4, 7) == pytest.approx(0.22, abs=0.12)


def test_it_neither_loads_nor_names_emotions_without_consent(find_model: FindModel) -> None:
    asked: list[str] = []

    def find(name: str) -> Path:
        asked.append(name)
        return find_model(name)

    found = roster(find, Mode.OBSERVABLES)
    scorer = Scorer(found.senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
    assert asked
    assert not [name for name in asked if "expression" in name or "affect" in name]
    assert all(describe(name).allowed_in(Mode.OBSERVABLES) for name in scorer.channels)
    assert not [name for name in scorer.channels if name.startswith(("emotion.", "affect.", "quality.expression"))]


def test_it_refuses_a_sense_of_emotion_without_consent(find_model: FindModel) -> None:
    senses = roster(find_model, Mode.AFFECT).senses
    with pytest.raises(ValueError, match=r"emotion\.neutral.*not allowed in mode 'observables'"):
        Scorer(senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)


def test_it_refuses_two_senses_for_one_channel() -> None:
    with pytest.raises(ValueError, match=r"motion\.erratic.*measured by two senses"):
        Scorer([Motion(), Motion()], Mode.OBSERVABLES, monotonic=lambda: 0.0)


def test_it_abstains_from_the_face_and_goes_on_with_the_body_when_two_are_in_view(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    images = [np.hstack([picture_at(18.0).image, picture_at(22.0).image])] * 4
    scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    for end_s in (1.0, 2.0):
        frames = tuple(Frame(image, end_s - 1 + k / 4) for k, image in enumerate(images))
        scores = scorer.score(Window(end_s, frames))
    values = dict(zip(scorer.channels, scores.values, strict=True))
    assert scores.persons == 2
    assert {Gap(SenseName.EXPRESSION, Absence.SEVERAL_PEOPLE), Gap(SenseName.FACE, Absence.SEVERAL_PEOPLE)} <= {
        *scores.gaps
    }
    assert all(math.isnan(values[name]) for name in values if name.startswith(("emotion.", "affect.", "face.")))
    assert math.isfinite(values["pose.torso_angle"])
    assert math.isfinite(values["motion.ratio"])


def test_it_says_that_nobody_is_in_view_rather_than_zero(
    find_model: FindModel, picture_at: Callable[[float], Frame]
) -> None:
    wall = picture_at(18.0).image[:90, 420:540]
    scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    scores = scorer.score(Window(1.0, tuple(Frame(wall, k / 4) for k in range(4))))
    values = dict(zip(scorer.channels, scores.values, strict=True))
    for sense in (SenseName.FACE, SenseName.POSE, SenseName.EXPRESSION):
        assert Gap(sense, Absence.NOT_IN_VIEW) in scores.gaps
    assert Gap(SenseName.AUDIO, Absence.MICROPHONE_SILENT) in scores.gaps
    assert scores.persons == 0
    assert math.isnan(values["emotion.neutral"])
    assert math.isnan(values["pose.torso_angle"])
    assert values["quality.face"] == values["quality.pose"] == 0.0
    assert values["motion.ratio"] == 0.0


def test_it_loses_only_the_sense_whose_model_is_missing(find_model: FindModel, demo_clip: Path) -> None:
    def find(name: str) -> Path:
        if name.startswith("yamnet"):
            raise ModelMissing(f"{name}: no such model file; fetch it with `attune assets pull`")
        return find_model(name)

    whole = Scorer(roster(find_model, Mode.OBSERVABLES).senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
    found = roster(find, Mode.OBSERVABLES)
    scorer = Scorer(found.senses, Mode.OBSERVABLES, monotonic=lambda: 0.0)
    scores = next(scorer.run(decode(Source(str(demo_clip), 15.0, 17.0), Counts())))
    assert [(sense.title, sense.name) for sense in found.missing] == [("audio", SenseName.AUDIO)]
    assert "attune assets pull" in found.missing[0].why
    assert scorer.channels == whole.channels
    assert scores.gaps == (Gap(SenseName.AUDIO, Absence.MODEL_MISSING),)
    values = dict(zip(scorer.channels, scores.values, strict=True))
    assert math.isnan(values["audio.loudness"])
    assert math.isfinite(values["pose.torso_angle"])


def test_it_lists_sense_by_sense_what_is_missing_where_there_is_no_model_at_all() -> None:
    def find(name: str) -> Path:
        raise ModelMissing(f"{name}: no such model file; fetch it with `attune assets pull`")

    found = roster(find, Mode.AFFECT)
    assert [sense.title for sense in found.missing] == ["audio", "faces", "pose", "blendshapes", "expression"]
    assert all(isinstance(sense, Absent) for sense in found.senses[1:])
    scorer = Scorer(found.senses, Mode.AFFECT, monotonic=lambda: 0.0)
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    scores = scorer.score(Window(1.0, (Frame(image, 0.0), Frame(image, 0.5))))
    assert {gap.sense for gap in scores.gaps} == {
        SenseName.AUDIO, SenseName.FACE, SenseName.POSE, SenseName.EXPRESSION,
    }  # fmt: skip
    assert {gap.reason for gap in scores.gaps} == {Absence.MODEL_MISSING}


def test_it_tells_a_blind_second_as_such() -> None:
    scorer = Scorer([Motion()], Mode.OBSERVABLES, monotonic=lambda: 0.0)
    scores = scorer.blind(7.0)
    assert scores.time_s == 7.0
    assert all(math.isnan(value) for value in scores.values[:2])
    assert scores.quality == 0.0
    assert scores.persons == -1
    assert scores.gaps == (Gap(SenseName.MOTION, Absence.CAMERA_BLIND),)


def test_it_switches_a_sense_off_rather_than_trust_an_altered_model(find_model: FindModel) -> None:
    def find(name: str) -> Path:
        if name.startswith("movenet"):
            raise ModelAltered(f"{name}: sha256 is aa, expected bb; fetch it again with `attune assets pull`")
        return find_model(name)

    assert [sense.title for sense in roster(find, Mode.OBSERVABLES).missing] == ["pose"]


def test_it_shares_models_between_cameras_that_ask_for_it(find_model: FindModel) -> None:
    loaded: dict[str, Model] = {}
    first = roster(find_model, Mode.AFFECT, loaded=loaded)
    second = roster(find_model, Mode.OBSERVABLES, loaded=loaded)
    assert {model.name for model in first.models} - {model.name for model in second.models} == {
        "faceapi_expression.onnx"
    }
    assert all(any(model is other for other in first.models) for model in second.models)


def test_it_looks_as_often_as_it_is_told(find_model: FindModel, picture_at: Callable[[float], Frame]) -> None:
    image = picture_at(18.0).image
    frames = tuple(Frame(image, k / 8) for k in range(8))
    choice = Choice(rates=Rates(faces=4.0, expression=3.0, blendshapes=1.0, pose=1.0))
    scorer = Scorer(roster(find_model, Mode.AFFECT, choice).senses, Mode.AFFECT, monotonic=lambda: 0.0)
    scorer.score(Window(1.0, frames))
    assert scorer.inferences == {
        "motion": 7, "audio": 0, "faces": 4, "pose": 1, "blendshapes": 2, "expression": 3 * 5,
    }  # fmt: skip
