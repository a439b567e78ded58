"""A whole evaluation in small: recordings, peers at equal rates, the page, the JSON, and the engine under trial."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.evaluation import levels, traces
from services.evaluation.figures import Observed, false_per_day, judge
from services.evaluation.figures_json import to_json
from services.evaluation.nouns import Alarm, Label
from services.evaluation.page import page
from services.evaluation.random_alarms import at_random
from services.evaluation.recording import DAY_S, DayBlock
from services.evaluation.report import Report
from services.evaluation.simulated import SimulatedRecording
from services.evaluation.trial import Whom, evaluate
from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from services.vocabulary import Cue, CueName, Policy, Resident
from threshold_service import simulated_files
from threshold_service.evaluated_engine import EngineWatcher

pytestmark = pytest.mark.unit
BUSY = Parameters(excitement=replace(Excitement(), per_day=6.0))


class Clairvoyant:
    """Alarms a minute before each onset, and once at midnight for nothing."""

    def __init__(self, recording: SimulatedRecording) -> None:
        self._recording = recording
        self.seen = 0

    def watch(self, block: DayBlock) -> None:
        self.seen += 1

    def alarms(self) -> tuple[Alarm, ...]:
        early = [Alarm(one.resident, max(one.onset_s - 5.0, one.prodrome_s), 1, one.end_s, "channel")
                 for one in self._recording.labels()]  # fmt: skip
        return (Alarm(0, 10.0, 2, 20.0, "sustained"), *early)

    def usable_at(self) -> np.ndarray:
        return np.array([np.nan, 7200.0])


@pytest.fixture(scope="module")
def recording() -> SimulatedRecording:
    return SimulatedRecording(Facility(12, 2, 1, BUSY))


@pytest.fixture(scope="module")
def report(recording: SimulatedRecording) -> Report:
    told: list[int] = []
    made = evaluate(
        "two <residents>", recording, Clairvoyant(recording), {"another": Clairvoyant(recording)}, None,
        (("seed", "12"),), Whom({"both": [0, 1]}, recording.going_on), told.append,
    )  # fmt: skip
    assert told == [2]
    return made


def test_it_judges_whoever_knows_everything_perfect(report: Report) -> None:
    engine = report.detectors[0]
    assert engine.value("recall of all episodes").value == 1.0
    assert engine.value("false alarms").value == pytest.approx(0.5)
    assert report.groups[0].false_per_day == pytest.approx(0.5)
    assert report.reasons[1][0] == "sustained (tier 2)"
    assert np.isnan(report.usable_hours[0])
    assert report.usable_hours[1] <= 2.0


def test_it_gives_its_peers_no_more_false_alarms(report: Report) -> None:
    rates = {one.name: one.value("false alarms").value for one in report.detectors}
    assert rates["own usual"] <= 0.5
    assert rates["shared usual"] <= 0.5
    assert rates["another"] == 0.5, "whoever brings thresholds keeps them"


def test_it_writes_a_page_that_needs_nothing_else(report: Report) -> None:
    made = page(report)
    assert "two &lt;residents&gt;" in made
    assert made.count("data:image/png;base64,") == 3
    assert "http" not in made.replace("<!doctype html>", "")


def test_it_writes_figures_for_machines(report: Report) -> None:
    made = json.loads(to_json(report))
    engine = made["detectors"][0]
    assert engine["figures"][0] == {
        "what": "recall of observable episodes", "part": False, "unit": "",
        **{name: pytest.approx(1.0) for name in ("value", "low", "high")},
    }  # fmt: skip
    assert made["usable_hours_in_view"][0] is None


def test_it_reads_back_what_it_wrote(recording: SimulatedRecording, tmp_path: Path) -> None:
    simulated_files.write(recording.facility, tmp_path, lambda done: None)
    back, block = simulated_files.WrittenRecording(tmp_path), recording.block(0)
    again = back.block(0)
    assert back.labels() == recording.labels()
    assert back.seats() == recording.seats()
    assert np.allclose(again.values, block.values, rtol=1e-5, atol=1e-6, equal_nan=True)
    assert np.array_equal(again.persons, block.persons)
    assert again.cues == block.cues
    assert all(back.going_on(0, at) == recording.going_on(0, at) for at in np.arange(0.0, DAY_S, 3000.0))


def test_it_says_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    with pytest.raises(simulated_files.FolderUnreadable, match="`attune simulate` writes one"):
        simulated_files.WrittenRecording(tmp_path)
    (tmp_path / "facility.json").write_text('{"format": "other"}')
    with pytest.raises(simulated_files.FolderUnreadable, match="expected 'attune"):
        simulated_files.WrittenRecording(tmp_path)


def test_it_opens_one_event_upgrades_it_and_rests_after_it() -> None:
    urgent, immediate = np.zeros(200, bool), np.zeros(200, bool)
    urgent[[10, 12]], immediate[14] = True, True
    urgent[30] = True  # 160 s after the end: within the cooldown
    urgent[80] = True
    made = traces.events(urgent, immediate, 3)
    assert [(one.opened_s, one.tier) for one in made] == [(110.0, 1), (810.0, 2)]
    immediate[95] = True  # more urgent than what rests
    assert [one.tier for one in traces.events(urgent, immediate, 3)] == [1, 2, 1]


def test_it_finds_the_lowest_threshold_within_a_rate() -> None:
    rng = np.random.default_rng(1)
    trace = traces.Trace(tuple(rng.exponential(size=8640) for _ in range(4)))
    observed = Observed(np.ones(4), ())
    for rate in (1.0, 5.0):
        made = false_per_day(judge(traces.one_threshold(trace, observed, rate, 0.25), observed)).value
        assert 0.7 * rate <= made <= rate
    own = judge(traces.own_thresholds(trace, observed, 5.0, 0.0), observed)
    assert {alarm.tier for alarm in own.alarms} == {2}


def test_it_judges_an_hour_by_what_was_usual_before_it() -> None:
    moments = levels.Moments(2, 1, personal=True)
    assert np.isnan(moments.scores(0, np.ones((5, 1)))).all()
    moments.learn(0, np.random.default_rng(1).normal(5.0, 2.0, (7200, 1)))
    assert moments.scores(0, np.array([[9.0]]))[0, 0] == pytest.approx(2.0, abs=0.1)
    assert np.isnan(moments.scores(1, np.array([[9.0]]))).all(), "another person"


def test_it_throws_the_dice_only_where_somebody_was_seen() -> None:
    seconds = [np.zeros(1000, bool)]
    seconds[0][400:500] = True
    alarms = [Alarm(0, 5.0, 1, 8.0) for _ in range(50)]
    moved = at_random(alarms, seconds, np.random.default_rng(1))
    assert {400 <= one.opened_s < 500 for one in moved} == {True}
    assert {one.ended_s - one.opened_s for one in moved} == {3.0}


def test_it_notes_what_a_caregiver_would_have_been_told_by_the_engine() -> None:
    seats = (Resident("r0", "1"), Resident("r1", "2"))
    watcher = EngineWatcher(("audio.loudness", "pose.speed"), seats, Policy())
    values = np.random.default_rng(1).normal((-50.0, 0.1), (3.0, 0.02), (400, 2, 2))
    cues = tuple((second, 1, Cue(CueName.SCREAM, 0.9, -0.5)) for second in (100, 101, 102))
    watcher.watch(DayBlock(0.0, values, np.ones((400, 2), np.int32), cues))
    (alarm,) = watcher.alarms()
    assert (alarm.resident, alarm.opened_s, alarm.tier, alarm.reason) == (1, 101.0, 1, "cue")
    assert 150.0 < alarm.ended_s <= 400.0
    assert np.isnan(watcher.usable_at()).all()


def test_it_matches_labels_of_every_kind(recording: SimulatedRecording) -> None:
    labels = recording.labels()
    assert labels
    assert all(isinstance(label, Label) and 0 <= label.resident < 2 for label in labels)
