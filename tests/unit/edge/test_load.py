"""Analysis that takes too long looks less, in the order that the operator chose, and comes back; it says so."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from structlog.testing import capture_logs

from edge_agent.analysis import Analysis
from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source
from edge_agent.capture.windows import Window, windows
from edge_agent.load import NOTCHES, Load, LoadSettings, RateSettings
from edge_agent.models import FindModel
from edge_agent.scoring import Scorer
from edge_agent.senses import chosen
from edge_agent.sensing.pose import Person, Pose
from edge_agent.sensing.roster import Choice, Rates, roster
from edge_agent.settings import EdgeSettings
from services.vocabulary import Absence, Gap, Mode, Sense

pytestmark = pytest.mark.unit

ALL = tuple(NOTCHES)


def after(load: Load, took_s: float, seconds: int, late: int = 0) -> tuple[str, ...]:
    for _ in range(seconds):
        load.spent(took_s, {}, late)
    return load.lowered


def test_one_slow_second_lowers_nothing_and_three_in_a_row_lower_what_comes_first() -> None:
    load = Load(LoadSettings(), ALL)
    for took_s in (0.9, 0.9, 0.3, 0.9, 0.9):
        assert not load.spent(took_s, {}, 0)
    assert after(load, 0.9, 1) == ("expression.passes",)
    assert after(load, 0.9, 3) == ("expression.passes", "blendshapes")


def test_everything_is_lowered_at_last_except_cries_movement_and_a_look_for_falls() -> None:
    load = Load(LoadSettings(), ALL)
    assert after(load, 2.0, 60) == LoadSettings().lowered_first
    assert LoadSettings().lowered_first[-1] == "pose.falls", "falls are the last to be looked for less"


def test_pictures_that_come_too_late_count_as_too_slow() -> None:
    assert after(Load(LoadSettings(), ALL), 0.1, 3, late=1) == ("expression.passes",)


def test_a_sense_over_its_own_budget_is_lowered_itself() -> None:
    load = Load(LoadSettings(sense_budget_s={"pose": 0.2}), ALL)
    for _ in range(12):
        load.spent(0.4, {"pose": 0.3}, 0)
    assert load.lowered == ("pose",), "and never so far that falls are missed"


def test_falls_are_looked_for_less_only_when_nothing_else_is_left() -> None:
    load = Load(LoadSettings(lower_after=1), ALL)
    while "pose.falls" not in load.lowered:
        assert len(load.lowered) < len(LoadSettings().lowered_first)
        load.spent(2.0, {}, 0)
    assert load.lowered == LoadSettings().lowered_first
    with pytest.raises(ValidationError, match=r"pose\.falls before faces: expected it last"):
        LoadSettings(lowered_first=("pose.falls", "faces"))


def test_what_was_lowered_last_comes_back_first_and_only_after_long_calm() -> None:
    load = Load(LoadSettings(raise_after=10), ALL)
    after(load, 0.9, 6)
    assert after(load, 0.5, 100) == ("expression.passes", "blendshapes"), "neither too slow nor calm: it stays"
    assert after(load, 0.3, 9) == ("expression.passes", "blendshapes")
    assert after(load, 0.3, 1) == ("expression.passes",)
    assert after(load, 0.3, 10) == ()


def test_a_return_that_was_too_much_is_tried_again_later_and_later() -> None:
    load = Load(LoadSettings(raise_after=10), ALL)
    after(load, 0.9, 3)
    waits = []
    for _ in range(3):
        calm = 0
        while load.lowered:
            load.spent(0.1, {}, 0)
            calm += 1
        waits.append(calm)
        after(load, 0.9, 3)
    assert waits == [10, 20, 40]


@pytest.mark.parametrize("words", [("audio",), ("pose", "pose"), ("motion",)])
def test_nobody_can_choose_to_stop_listening_or_looking_for_falls(words: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="cries, loudness and movement are never lowered"):
        LoadSettings(lowered_first=words)


def test_a_budget_of_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError, match="audio: expected one of blendshapes, expression, faces, pose"):
        LoadSettings(sense_budget_s={"audio": 0.1})


class Delay:
    """What a real model takes longer, in processor time."""

    seconds = 0.0

    def busy(self) -> None:
        until = time.thread_time() + self.seconds
        while time.thread_time() < until:
            pass


@pytest.fixture
def delay(monkeypatch: pytest.MonkeyPatch) -> Delay:
    delay, find = Delay(), Pose.find

    def find_slowly(sense: Pose, frame: Frame) -> list[Person]:
        delay.busy()
        return find(sense, frame)

    monkeypatch.setattr(Pose, "find", find_slowly)
    return delay


def filmed(clip: Path) -> Iterator[Window]:
    return windows(decode(Source(str(clip), analysis_fps=4.0, loop=True, end_s=13.0), Counts()))


def test_a_real_sense_made_slow_lowers_the_others_first_then_itself_and_all_come_back(
    find_model: FindModel, demo_clip: Path, delay: Delay
) -> None:
    scorer = Scorer(roster(find_model, Mode.AFFECT).senses, Mode.AFFECT, monotonic=time.thread_time)
    budget = LoadSettings(
        budget_s=1.0, lower_after=1, raise_after=2,
        lowered_first=("expression.passes", "blendshapes", "blendshapes", "pose.falls"),
    )  # fmt: skip
    analysis = Analysis("c-load", scorer, budget, monotonic=time.thread_time)  # others may need this machine too
    film, delay.seconds = filmed(demo_clip), 0.6
    names = {name: scorer.channels.index(name) for name in
             ("quality.face", "quality.pose", "uncertainty.emotion.happiness", "emotion.happiness", "face.browDown",
              "audio.loudness", "motion.ratio")}  # fmt: skip
    with capture_logs() as told:
        rows = [analysis.score(next(film)) for _ in range(6)]
        told_lowered, detail = analysis.lowered, analysis.detail
        missed = REGISTRY.get_sample_value("attune_edge_falls_missed", {"camera": "c-load"})
        delay.seconds = 0.0
        back = [analysis.score(next(film)) for _ in range(30) if analysis.lowered]
        last = analysis.score(next(film))
    value = [{name: row.values[at] for name, at in names.items()} for row in [*rows, last]]
    assert told_lowered == budget.lowered_first
    assert missed == 1.0
    assert [line["event"] for line in told if line["log_level"] == "error"] == [
        "posture is looked at less than twice a second: many falls are missed"
    ]
    assert detail == ("analysis takes longer than it may, lowered: expression.passes, blendshapes, blendshapes, "
                      "pose.falls; posture is looked at less than twice a second: many falls are missed")  # fmt: skip
    assert np.isfinite(value[0]["uncertainty.emotion.happiness"])
    assert np.isnan(value[1]["uncertainty.emotion.happiness"])
    assert np.isfinite(value[1]["emotion.happiness"]), "one look is enough for an emotion"
    assert value[2]["quality.face"] == pytest.approx(value[1]["quality.face"] / 2, rel=0.1)
    assert np.isnan(value[3]["face.browDown"])
    assert Gap(Sense.FACE, Absence.OVERLOADED) in rows[3].gaps
    assert value[4]["quality.pose"] <= 0.5
    assert np.isfinite([value[4]["audio.loudness"], value[4]["motion.ratio"]]).all()
    assert rows[4].persons == 1, "nobody looked for people any more"
    assert not analysis.lowered
    assert len(back) >= 2
    assert np.isfinite([value[-1][name] for name in names]).all()
    assert value[-1]["quality.pose"] == 1.0
    assert [line["lower"] for line in told if "lower" in line] == list(budget.lowered_first)
    assert [line["back"] for line in told if "back" in line] == list(reversed(budget.lowered_first))
    assert {line["most"] for line in told if "most" in line} == {"pose"}
    assert REGISTRY.get_sample_value("attune_edge_lowered", {"camera": "c-load", "what": "pose.falls"}) == 0.0
    assert REGISTRY.get_sample_value("attune_edge_falls_missed", {"camera": "c-load"}) == 0.0


def test_a_camera_that_lacks_a_sense_lowers_what_it_has(find_model: FindModel) -> None:
    scorer = Scorer(roster(find_model, Mode.OBSERVABLES).senses, Mode.OBSERVABLES, monotonic=time.perf_counter)
    analysis = Analysis("c-2", scorer, LoadSettings(budget_s=1e-6, lower_after=1))
    for end_s in range(1, 10):
        analysis.score(Window(float(end_s)))
    assert analysis.lowered == ("blendshapes", "faces", "blendshapes", "pose.falls")


def test_posture_that_is_looked_at_often_keeps_two_looks_a_second_for_falls(find_model: FindModel) -> None:
    senses = roster(find_model, Mode.OBSERVABLES, Choice(rates=Rates(pose=4.0))).senses
    scorer = Scorer(senses, Mode.OBSERVABLES, monotonic=time.perf_counter)
    analysis = Analysis("c-3", scorer, LoadSettings(budget_s=1e-6, lower_after=1))
    pose = next(sense for sense in senses if isinstance(sense, Pose))
    rates = []
    for end_s in range(1, 10):
        analysis.score(Window(float(end_s)))
        rates.append((pose.per_second, analysis.falls_missed))
    assert rates == [(4.0, False)] * 3 + [(2.0, False)] + [(1.0, True)] * 5


def test_a_rate_that_misses_falls_is_said_from_the_start(find_model: FindModel) -> None:
    senses = roster(find_model, Mode.OBSERVABLES, Choice(rates=Rates(pose=1.0))).senses
    analysis = Analysis(
        "c-4", Scorer(senses, Mode.OBSERVABLES, monotonic=time.perf_counter), LoadSettings()
    )  # fmt: skip
    assert analysis.detail == "posture is looked at less than twice a second: many falls are missed"
    assert REGISTRY.get_sample_value("attune_edge_falls_missed", {"camera": "c-4"}) == 1.0


def test_how_often_each_sense_looks_and_listens_is_settable() -> None:
    asked = {"faces": 3.0, "expression": 1.0, "blendshapes": 1.5, "pose": 4.0, "sound_hop_s": 0.48}
    assert chosen(EdgeSettings(rates=asked)).rates == Rates(**asked)


@pytest.mark.parametrize(
    ("rate", "asked", "bound"),
    [("pose", 0.5, "greater than or equal to 1"), ("faces", 60.0, "less than or equal to 30"),
     ("sound_hop_s", 1.5, "less than or equal to 0.96"), ("sound_hop_s", 0.01, "greater than or equal to 0.1"),
     ("ears", 2.0, "Extra inputs")],
)  # fmt: skip
def test_a_rate_that_no_sense_can_keep_is_refused_with_its_bounds(rate: str, asked: float, bound: str) -> None:
    with pytest.raises(ValidationError, match=rf"(?s){rate}.*{bound}"):
        RateSettings(**{rate: asked})
