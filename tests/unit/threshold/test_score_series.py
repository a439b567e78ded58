"""Recorded series are judged causally, within their budget, and alike with and without a compiler."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from services.vocabulary import Timing
from tests.bench import score_series as made
from threshold_service.judgement import series, series_events
from threshold_service.statistics.arrays import Floats

pytestmark = pytest.mark.unit
BOTH = (np.ones(1), np.ones(1))


def judged(values: Floats, every_s: float = made.EVERY_S, matters: tuple[Floats, Floats] = BOTH) -> series.Judged:
    columns = values[:, None] if values.ndim == 1 else values
    times = made.START + every_s * np.arange(len(columns))
    read = series.lengths(len(columns), every_s, Timing())
    return series.judge(columns, times, matters, read, (2e-4, 1e-3))


def told(values: Floats, every_s: float = made.EVERY_S) -> series_events.Told:
    read = series.lengths(len(values), every_s, Timing())
    return series_events.events(judged(values, every_s), np.zeros(len(values), bool), read)


def test_it_changes_nothing_earlier_when_later_rows_change() -> None:
    values = made.season_spikes(3000, np.random.default_rng(1)).values
    other = values.copy()
    other[2000:] = np.random.default_rng(2).normal(300, 90, 1000)
    for one, another in zip(judged(values), judged(other), strict=True):
        np.testing.assert_array_equal(one[:2000], another[:2000])
    np.testing.assert_array_equal(told(values).tier[:2000], told(other).tier[:2000])
    assert (judged(values).evidence[2000:] != judged(other).evidence[2000:]).any()


@pytest.mark.parametrize(("rows", "learning"), [(500, 100), (4000, 400), (50_000, 750)])
def test_it_says_nothing_while_it_learns_a_tenth_of_the_series(rows: int, learning: int) -> None:
    values = np.random.default_rng(3).normal(size=rows)
    values[learning // 2] = 1e6
    found = judged(values)
    assert not found.evidence[:learning].any() and np.isinf(found.urgent[:learning]).all()
    assert found.evidence[learning : learning + 50].any() and np.isfinite(found.urgent[learning])


@pytest.mark.parametrize("kind", [made.spikes, made.shift, made.season_spikes, made.restless, made.nearly_still])
def test_it_finds_what_is_not_itself(kind: "made.Kind") -> None:
    recording = kind(4000, np.random.default_rng(11))
    opened = np.unique(told(recording.values).opened)
    for first, last in recording.windows:
        assert ((opened >= first) & (opened <= last)).any()


def test_it_accepts_a_new_level_and_sees_what_happens_there() -> None:
    values = np.random.default_rng(4).normal(size=4000)
    values[1500:] += 6.0
    values[3000] += 18.0
    tier = told(values).tier
    assert tier[1500:1510].any() and not tier[1800:2900].any() and tier[3000]


def test_it_keeps_the_promised_rate_on_noise_it_knows_nothing_of() -> None:
    noises = [np.random.default_rng(s).normal(size=30_000) for s in range(3)]
    noises += [np.random.default_rng(s).standard_t(5, 30_000) for s in range(3)]
    noises += [made.noise(30_000, 0.6, np.random.default_rng(s)) for s in range(3)]
    opened = sum(len(np.unique(told(values, 1.0).opened)) - 1 for values in noises)
    assert 0.6 * 270 < opened < 1.4 * 270, "one event in 1,000 rows was promised over 270,000 rows"


def test_it_watches_only_the_direction_that_matters() -> None:
    values = np.random.default_rng(5).normal(size=2000)
    values[1500:1504] -= 15.0
    low, both = judged(values, matters=(np.ones(1), np.zeros(1))), judged(values)
    assert both.evidence[1500] > both.urgent[1500]
    assert low.evidence[1500] < low.urgent[1500]


def test_it_never_says_a_number_that_is_none() -> None:
    values = np.full((1200, 4), np.nan)
    values[:, 1] = 7.0
    values[:, 2] = np.where(np.arange(1200) < 900, 0.0, 1e300)
    values[:600, 3] = np.random.default_rng(6).normal(size=600)
    found = judged(values, matters=(np.ones(4), np.ones(4)))
    assert np.isfinite(found.evidence).all() and np.isfinite(series.score(found.evidence)).all()
    assert found.evidence[900] > found.urgent[900] and found.top[900] == 2, "a constant that moves speaks"
    assert (found.top != 0).all()


def test_it_gives_larger_evidence_a_larger_score_below_one() -> None:
    scores = series.score(np.array([0.0, 1.0, 0.0, 2.0, 4.0, 8.0, 1e9]))
    assert (np.diff(scores[[0, 1, 3, 4, 5, 6]]) > 0).all() and scores[-1] <= 1.0


def test_it_lets_a_burst_speak_once() -> None:
    scores = series.score(np.array([9.0, 9.0, 9.0, 9.5]))
    assert (scores[1:3] < scores[0]).all() and scores[3] > scores[0]


def test_it_starts_over_after_a_long_silence() -> None:
    times = np.array([0.0, 1.0, 2.0, 400.0, 401.0])
    assert series.silences(times, series.lengths(5, 1.0, Timing()).silence_s).tolist() == [False] * 3 + [True, False]


def test_it_gives_the_same_numbers_without_numba(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np; from threshold_service.judgement import series_kernel\n"
        "from tests.unit.threshold.test_score_series import judged, made\n"
        "assert series_kernel.numba is None\n"
        "np.save(sys.argv[1], judged(made.traffic(700, np.random.default_rng(8)).values).evidence)\n"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "plain.npy")], check=True, cwd=root)
    compiled = judged(made.traffic(700, np.random.default_rng(8)).values).evidence
    np.testing.assert_allclose(np.load(tmp_path / "plain.npy"), compiled, rtol=1e-9, atol=1e-12)
