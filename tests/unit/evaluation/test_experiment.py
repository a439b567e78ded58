"""Two policies on one recording: counted by hand, told in table, page and JSON. Kind: unit."""

import json
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from services.evaluation import report as reports
from services.evaluation.arms import Standing
from services.evaluation.experiment import RATES, SHARES, experiment, rows
from services.evaluation.figures import Observed
from services.evaluation.figures_json import to_json
from services.evaluation.nouns import Alarm, Label
from services.evaluation.page import page
from services.evaluation.report import Report
from threshold_service.evaluated_table import show

pytestmark = pytest.mark.unit
DAY_S = 86_400.0
EPISODES = tuple(
    Label(k % 2, "excitement", k * 3600.0 + 100.0, k * 3600.0 + 200.0, k * 3600.0 + 260.0, k * 3600.0 + 400.0,
          observable=k != 0)
    for k in range(41)
)  # fmt: skip
OBSERVED = Observed(np.array([2.0, 1.5]), EPISODES)


def at(seconds: float, resident: int = 0, tier: int = 2) -> Alarm:
    return Alarm(resident, seconds, tier, seconds + 10.0, "channel")


EARLY = [at(one.prodrome_s + 10.0, one.resident) for one in EPISODES]
LATE = [at(one.onset_s + 10.0, one.resident) for one in EPISODES[::2]]


def test_it_counts_episodes_one_by_one_and_days_one_by_one() -> None:
    wrong = [at(50.0), at(60.0), at(DAY_S + 50.0, tier=1), at(DAY_S + 70.0, 1), at(90.0, tier=3)]
    found, early, false, first = experiment(LATE, [*EARLY, *wrong], OBSERVED)
    assert (found.n, found.first.value, found.second.value) == (40, 0.5, 1.0), "one could not be observed"
    assert (early.first.value, early.second.value) == (0.0, 1.0)
    assert (false.n, false.first.value, false.second.value) == (4, 0.0, 1.0), "2, 1, 0 and 1 on four days"
    assert (first.n, first.second.value) == (4, 0.25)
    assert [one.standing for one in (found, early, false)] == [Standing.MORE, Standing.MORE, Standing.OPEN]
    assert experiment([*EARLY, *wrong], LATE, OBSERVED)[0].standing is Standing.LESS


def test_policies_that_are_alike_stay_undecided() -> None:
    alike = experiment(EARLY, EARLY, OBSERVED)
    assert [one.what for one in alike] == [*SHARES, *RATES]
    assert all(one.standing is Standing.OPEN and one.p == 1.0 and one.gained.value == 0.0 for one in alike)


def test_without_an_observable_episode_only_false_alarms_are_compared() -> None:
    unseen = replace(OBSERVED, labels=tuple(replace(one, observable=False) for one in EPISODES))
    assert [one.what for one in experiment(EARLY, LATE, unseen)] == list(RATES)


def test_it_is_told_in_the_table_on_the_page_and_as_json() -> None:
    found = experiment(LATE, EARLY, OBSERVED)
    engine = reports.detector("engine", EARLY, OBSERVED)
    report = Report("two", (), OBSERVED, (engine,), (), (), (), (), experiment=found)
    assert rows(found)[0][:3] == ["observable episodes found", 40, "50% (34% to 66%)"]
    assert rows(found)[2][2] == "0.00 (0.00 to 0.60)", "alarms a day are no share"
    printed = Console(file=StringIO(), width=200)
    show(report, printed)
    for told in (printed.file.getvalue(), page(report)):  # type: ignore[attr-defined]
        assert "+50.0% (+35.0% to +65.0%)" in told and "more than beside" in told
    first = json.loads(to_json(report))["experiment"][0]
    assert (first["beside"], first["tried"], first["gained"], first["standing"]) == (0.5, 1.0, 0.5, "more")
    assert "beside it" not in page(replace(report, experiment=()))
