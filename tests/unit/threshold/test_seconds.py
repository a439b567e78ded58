"""An agent may send fewer samples than one a second: each is judged as the seconds that it stands for."""

from dataclasses import replace

import numpy as np
import pytest

from services.ledger.history import HistoryRepository
from services.runtime.batch import Batch
from services.vocabulary import Absence, Cue, CueName, Gap, Sense, Tier
from tests.unit.threshold.conftest import CHANNELS, START, House, said, samples
from threshold_service.seconds import by_second

pytestmark = pytest.mark.unit

NEVER = np.full(1, np.nan)


def every(period_s: int, first: int, n: int, cry: tuple[int, ...] = ()) -> Batch:
    """n samples of so many seconds each."""
    batch = samples(first, n, cry=cry)
    return replace(batch, times=START + period_s * batch.sequences.astype(float))


def test_it_leaves_a_batch_of_one_second_samples_as_it_is() -> None:
    batch = samples(1, 5)
    assert by_second(batch, 1, NEVER) is batch


def test_it_lays_a_sample_over_the_seconds_since_the_one_before() -> None:
    gap = (1, Gap(Sense.POSE, Absence.NOT_CONFIRMED))
    batch = replace(every(3, 1, 3, cry=(2,)), gaps=(gap,))
    laid = by_second(batch, 3, np.array([START]))
    assert (laid.times - START).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert laid.sequences.tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert laid.values[:, 0].tolist() == np.repeat(batch.values[:, 0], 3).tolist()
    assert [place for place, _ in laid.cues] == [5]
    assert [place for place, _ in laid.gaps] == [3, 4, 5]


@pytest.mark.parametrize(
    ("ahead_s", "rows"),
    [
        pytest.param(2.0, 2, id="ended early"),
        pytest.param(10.0, 5, id="one was lost"),
        pytest.param(-3.0, 1, id="set back"),
        pytest.param(1e6, 1, id="wild"),
        pytest.param(np.nan, 1, id="no time"),
    ],
)
def test_it_never_makes_one_sample_count_for_more_than_it_may(ahead_s: float, rows: int) -> None:
    batch = replace(samples(1, 1), times=np.array([START + ahead_s]))
    assert len(by_second(batch, 5, np.array([START]))) == rows


def test_it_judges_a_cry_that_ended_its_samples_early_by_the_rule_of_every_second(house: House) -> None:
    run = house.connect(said(period_s=5))
    quiet = every(5, 1, 30)
    run.accept(quiet)
    cries = samples(31, 2)
    cries = replace(cries, times=quiet.times[-1] + np.array([3.0, 4.0]),
                    cues=tuple((i, Cue(CueName.CRY, 0.95)) for i in range(2)))  # fmt: skip
    assert run.accept(cries) == 1
    assert house.events()[0].tier is Tier.IMMEDIATE
    run.snapshot()
    with house.database.read() as connection:
        [kept] = HistoryRepository(connection).between("r-1", START, START + 1000.0)
    assert np.diff(kept.rows.time).tolist() == [1.0] * (len(kept.rows.time) - 1)


def test_it_learns_residents_anew_whose_agent_sends_at_another_pace(house: House) -> None:
    run = house.connect()
    run.accept(samples(1, 60))
    run.close()
    again = house.connect(said(period_s=5))
    assert again.durable == 60
    assert np.isnan(again._engine.usual().level).all()
    again.accept(every(5, 61, 3))
    again.close()
    same = house.connect(said(period_s=5))
    assert np.isfinite(same._engine.usual().level).any()
    assert same._engine.channels == CHANNELS
