"""The simulator: what it makes resembles what it was told, and the same seed makes the same day."""

import numpy as np
import pytest

from services.simulator import Kind, Likeness, channels_of, draw_person, like, script, simulate
from services.simulator.episodes import envelope
from services.simulator.processes import autoregressive, in_view
from services.vocabulary import CueName, Mode, describe

pytestmark = pytest.mark.unit
N = 20_000


def measured() -> Likeness:
    channels = ("motion.ratio", "audio.loudness", "emotion.fear", "emotion.neutral", "pose.wrist_speed")
    described = [describe(name) for name in channels]
    return Likeness(
        channels,
        mean=np.array([0.08, -52.0, 0.02, 0.9, np.nan]),
        spread=np.array([0.03, 3.0, 0.02, 0.08, np.nan]),
        ar1=np.array([0.6, 0.3, 0.8, 0.9, np.nan]),
        low=np.array([-np.inf if channel.low is None else channel.low for channel in described]),
        high=np.array([np.inf if channel.high is None else channel.high for channel in described]),
        seen=np.array([1.0, 1.0, 0.9, 1.0, 0.0]),
    )


def test_it_resembles_the_measured_location_and_spread_within_bounds() -> None:
    told = measured()
    made = like(told, N, np.random.default_rng(1))
    known = np.isfinite(told.mean)
    assert np.all(np.abs(np.nanmean(made[:, known], axis=0) - told.mean[known]) < 0.35 * told.spread[known]), (
        "but for the daily rhythm"
    )
    assert np.all(np.abs(np.nanstd(made[:, known], axis=0) / told.spread[known] - 1.0) < 0.2)
    assert np.nanmin(made[:, 2]) >= 0.0
    assert np.nanmax(made[:, 3]) <= 1.0


def test_it_has_the_measured_autocorrelation() -> None:
    made = like(measured(), N, np.random.default_rng(2))
    loudness, ratio = made[:, 1], made[:, 0]
    assert 0.25 < np.corrcoef(loudness[1:], loudness[:-1])[0, 1] < 0.55
    assert 0.55 < np.corrcoef(ratio[1:], ratio[:-1])[0, 1] < 0.8


def test_it_leaves_unseen_what_was_never_seen_and_hides_a_person_who_is_away() -> None:
    made = like(measured(), N, np.random.default_rng(3))
    assert np.isnan(made[:, 4]).all()
    assert not np.isnan(made[:, 1]).any()
    assert 0.05 < np.isnan(made[:, 2]).mean() < 0.25


def test_one_channel_more_changes_nothing_of_the_others() -> None:
    told = measured()
    order = [3, 0, 2]
    fewer = Likeness(
        tuple(told.channels[k] for k in order),
        *(getattr(told, name)[order] for name in ("mean", "spread", "ar1", "low", "high", "seen")),
    )
    one, other = (like(of, 600, np.random.default_rng(4)) for of in (told, fewer))
    assert one[:, order].tobytes() == other.tobytes()


def test_it_makes_the_same_day_from_the_same_seed() -> None:
    person = draw_person(np.random.default_rng(5))
    one, other = (simulate(person, Mode.AFFECT, 600, np.random.default_rng(6)) for _ in range(2))
    assert one.values.tobytes() == other.values.tobytes()


def test_it_refuses_a_likeness_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="one value for each of 1 channels"):
        Likeness(("a",), *(np.zeros(2) for _ in range(6)))


def test_it_keeps_emotions_a_simplex_and_every_score_in_its_bounds() -> None:
    rng = np.random.default_rng(7)
    for _ in range(5):
        days = simulate(draw_person(rng), Mode.AFFECT, 2000, rng, [script(Kind.RAPID_ESCALATION, 1000.0, rng)])
        emotions = days.values[:, [name.startswith("emotion.") for name in days.channels]]
        seen = ~np.isnan(emotions[:, 0])
        assert np.allclose(emotions[seen].sum(axis=1), 1.0)
        for name, column in zip(days.channels, days.values.T, strict=True):
            low, high = describe(name).low, describe(name).high
            assert low is None or np.nanmin(column, initial=low) >= low, name
            assert high is None or np.nanmax(column, initial=high) <= high, name


def test_it_has_no_affect_for_a_resident_without_consent() -> None:
    assert not [name for name in channels_of(Mode.OBSERVABLES) if describe(name).affect_only]
    assert [name for name in channels_of(Mode.AFFECT) if describe(name).affect_only]


@pytest.mark.parametrize("kind", list(Kind))
def test_it_labels_what_it_scripts(kind: Kind) -> None:
    episode = script(kind, 5000.0, np.random.default_rng(8))
    height = envelope(episode, 20_000)
    assert episode.prodrome_s <= episode.onset_s < episode.peak_s < episode.end_s
    assert height[int(episode.peak_s)] == 1.0
    assert height[: int(episode.prodrome_s)].max(initial=0.0) == 0.0
    assert height[int(episode.end_s) + 2 :].max() == 0.0


def test_it_shows_an_escalation_in_motion_sound_and_cues() -> None:
    rng = np.random.default_rng(9)
    episode = script(Kind.RAPID_ESCALATION, 3000.0, rng)
    days = simulate(draw_person(rng), Mode.OBSERVABLES, 4000, rng, [episode])
    column = days.values[:, days.channels.index("motion.erratic")]
    assert column[3000 : int(episode.peak_s)].mean() > column[:2000].mean() + 5 * column[:2000].std()
    assert {cue.name for _, cue in days.cues} == {CueName.SHOUT}
    assert all(episode.onset_s <= second <= episode.end_s for second, _ in days.cues)


def test_it_moves_with_the_given_inertia_and_is_seen_as_often_as_told() -> None:
    moving = autoregressive(N, np.array([0.0, 0.95]), np.random.default_rng(10))
    assert abs(np.corrcoef(moving[1:, 1], moving[:-1, 1])[0, 1] - 0.95) < 0.02
    assert abs(np.corrcoef(moving[1:, 0], moving[:-1, 0])[0, 1]) < 0.05
    assert abs(in_view(10**6, 0.4, np.random.default_rng(11)).mean() - 0.4) < 0.1
