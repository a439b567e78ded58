"""The simulated facility: named seeds, labelled episodes, ordinary life, absences, and days without a seam."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.simulator.benign import HABITS, Ordinary
from services.simulator.body import BODY
from services.simulator.episodes import Kind
from services.simulator.facility import Facility
from services.simulator.hawkes import hawkes
from services.simulator.observe import AFFECT, NEEDS_VIEW
from services.simulator.parameters import DAY_S, Excitement, Parameters
from services.simulator.person import Expression
from services.simulator.sight import renewal
from services.simulator.stitched import stitched
from services.vocabulary import Mode, describe

pytestmark = pytest.mark.unit
BUSY = Parameters(excitement=Excitement(per_day=3.0))


@pytest.fixture(scope="module")
def facility() -> Facility:
    return Facility(seed=3, residents=6, days=4, parameters=BUSY)


def test_it_makes_the_same_day_from_the_same_seed_whatever_was_asked_before(facility: Facility) -> None:
    again = Facility(seed=3, residents=6, days=4, parameters=BUSY)
    again.day(4, 2)
    one, other = facility.day(1, 1), again.day(1, 1)
    assert one.values.tobytes() == other.values.tobytes()
    assert one.cues == other.cues
    assert not np.array_equal(one.values[:, 0], Facility(seed=4, residents=6, days=4).day(1, 1).values[:, 0])


def test_it_goes_on_from_day_to_day_without_a_seam() -> None:
    phi, edges = np.array([0.9, 0.9995]), [np.random.default_rng(i).standard_normal(2) for i in range(3)]
    days = [stitched(phi, 5000, edges[i], edges[i + 1], np.random.default_rng(10 + i)) for i in range(2)]
    assert np.array_equal(days[1][:, 0], edges[1])
    steps = np.abs(np.diff(np.concatenate(days, axis=1)))
    assert np.all(steps[:, 4999] < 5 * np.sqrt(1 - phi**2)), "as small as any other step"


@settings(max_examples=15, deadline=None)
@given(phi=st.floats(0.0, 0.99), seed=st.integers(0, 2**32))
def test_it_has_unit_variance_and_the_autocorrelation_it_was_told(phi: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = stitched(np.array([phi]), 60_000, rng.standard_normal(1), rng.standard_normal(1), rng)[0]
    slack = 5 * np.sqrt((1 + phi) / (1 - phi) / 60_000)
    assert abs(path.var() - 1.0) < 2 * slack
    assert abs(np.corrcoef(path[1:], path[:-1])[0, 1] - phi) < max(slack, 0.02)


def test_it_excites_itself_as_much_as_it_is_told() -> None:
    times = hawkes(lambda t: np.full(t.shape, 1e-3), 1e-3, 0.74, 3600.0, 4e6, np.random.default_rng(1))
    assert len(times) == pytest.approx(4e6 * 1e-3 / 0.26, rel=0.15)
    counts = np.histogram(times, np.arange(0.0, 4e6, 36_000.0))[0]
    assert counts.var() / counts.mean() > 4.0, "far more clustered than chance"
    with pytest.raises(ValueError, match="expected 0 <= branching < 1"):
        hawkes(lambda t: t, 1.0, 1.0, 1.0, 1.0, np.random.default_rng(1))


def test_it_labels_episodes_in_order_apart_and_within_the_stay(facility: Facility) -> None:
    count = 0
    for resident in range(facility.residents):
        episodes = [happening.episode for happening in facility.happenings(resident)]
        for episode in episodes:
            assert 0 <= episode.prodrome_s <= episode.onset_s < episode.peak_s < episode.end_s < 4 * DAY_S
        for one, other in pairwise(episodes):
            assert other.prodrome_s >= one.end_s
        count += len(episodes)
    assert count > 10


def test_it_shows_an_episode_in_the_scores_of_its_day(facility: Facility) -> None:
    calm = Facility(3, 6, 4, Parameters(excitement=Excitement(per_day=3.0, strength=0.0), benign=0.0))
    seen = []
    for resident in range(calm.residents):
        for day in range(calm.days):
            life = calm.day(resident, day)
            loud = life.values[:, calm.channels.index("audio.loudness")]
            for episode in life.episodes:
                if episode.kind is Kind.WITHDRAWAL:
                    continue
                begin, end = (int(t - day * DAY_S) for t in (episode.onset_s, episode.peak_s))
                inside = loud[max(begin, 0) : max(end, 0)]
                seen.append(np.nanmean(inside) - np.nanmedian(loud) if len(inside) else np.nan)
    assert np.nanmedian(seen) > 5.0


def test_it_keeps_scores_in_their_bounds_and_emotions_a_simplex(facility: Facility) -> None:
    for resident in range(facility.residents):
        values = facility.day(resident, 0).values
        for name, column in zip(facility.channels, values.T, strict=True):
            low, high = describe(name).low, describe(name).high
            assert low is None or np.nanmin(column, initial=low) >= low, name
            assert high is None or np.nanmax(column, initial=high) <= high, name
        emotions = values[:, [name.startswith("emotion.") for name in facility.channels]]
        read = np.isfinite(emotions[:, 0])
        assert np.allclose(emotions[read].sum(axis=1), 1.0)


def test_it_has_no_affect_without_consent_or_with_company(facility: Facility) -> None:
    modes = {facility.traits(resident).mode for resident in range(facility.residents)}
    assert modes == {Mode.AFFECT, Mode.OBSERVABLES}
    for resident in range(facility.residents):
        life = facility.day(resident, 0)
        read = np.isfinite(life.values[:, [facility.channels.index(name) for name in AFFECT]])
        assert not read[life.persons > 1].any()
        assert read.any() == (facility.traits(resident).mode is Mode.AFFECT)
        assert facility.seats()[resident].mode is facility.traits(resident).mode


def test_it_hides_who_is_away_and_still_hears_them(facility: Facility) -> None:
    hidden = np.concatenate([NEEDS_VIEW, np.ones(len(BODY), bool)])
    for resident in range(facility.residents):
        life = facility.day(resident, 1)
        away = life.persons == 0
        assert np.isnan(life.values[away][:, hidden]).all()
        assert np.isfinite(life.values[:, facility.channels.index("audio.loudness")]).mean() > 0.8
    assert abs(renewal(10**6, 0.4, 300.0, np.random.default_rng(11)).mean() - 0.4) < 0.05


def test_it_lives_every_ordinary_thing_and_can_be_told_to_live_none(facility: Facility) -> None:
    lived = {one.kind for resident in range(6) for day in range(4) for one in facility.ordinary(resident, day)}
    assert lived == set(Ordinary) == set(HABITS)
    assert not Facility(3, 1, 1, Parameters(benign=0.0)).ordinary(0, 0)


def test_it_can_be_of_atypical_expression_or_have_its_cameras_moved() -> None:
    unusual = Facility(5, 12, 1, Parameters(atypical=1.0))
    assert Expression.TYPICAL not in {unusual.traits(resident).person.expression for resident in range(12)}
    moved, still = Facility(5, 1, 2, Parameters(camera_moved_on=1)), Facility(5, 1, 2)
    column = moved.channels.index("pose.torso_angle")
    apart = np.abs(moved.day(0, 1).values[:, column] - still.day(0, 1).values[:, column])
    assert np.nanmax(apart[: 10 * 3600]) < 1e-9 < np.nanmin(apart[11 * 3600 + 1 :])


def test_it_refuses_a_day_that_there_is_not(facility: Facility) -> None:
    with pytest.raises(IndexError, match="resident 9, day 0"):
        facility.day(9, 0)
