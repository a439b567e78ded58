"""A schema that grows or shrinks, and a mode that changes, cost what they have to and nothing of what stays."""

from dataclasses import replace

import numpy as np
import pytest

from services.runtime.batch import Batch
from services.vocabulary import Mode, Policy, Resident
from threshold_service import paths
from threshold_service.engine import Engine

pytestmark = pytest.mark.unit
PLAIN = ("motion.erratic", "motion.ratio", "audio.loudness")
FULL = ("emotion.fear", "motion.ratio", "affect.valence", "motion.erratic", "audio.loudness")
WATCHED = Resident("r-1", "Room 1")
CONSENTED = replace(WATCHED, mode=Mode.AFFECT, consent="c-1")
PATHS = [paths.Path.NUMPY, paths.Path.NUMBA]
N = 3000


def batch(channels: tuple[str, ...], first: int, n: int, seen: tuple[str, ...] = PLAIN, seats: int = 1) -> Batch:
    """n seconds of each resident; channels that are not `seen` are absent, each has its own numbers."""
    sequences = np.arange(first, first + n * seats, dtype=np.uint64)
    seconds = np.repeat(np.arange(first, first + n), seats)
    values = np.full((n * seats, len(channels)), np.nan, np.float32)
    for c, name in enumerate(channels):
        if name in seen:
            rng = np.random.default_rng((len(name), first))
            values[:, c] = np.repeat(rng.normal(0.3, 0.05, n), seats)
    return Batch(
        sequences, np.tile(np.arange(seats, dtype=np.uint32), n), 1.75e9 + seconds.astype(float), values,
        np.ones(n * seats, np.float32), np.ones(n * seats, np.int32),
    )  # fmt: skip


def engine(channels: tuple[str, ...], *seats: Resident, path: paths.Path = paths.Path.NUMPY) -> Engine:
    return Engine(channels, seats or (WATCHED,), Policy(), "edge-1", "0" * 32, path=path)


def usual(made: Engine, channel: str, row: int = 0) -> float:
    state = made._state
    return float(state.level.baseline.level[state.half[row], row, made.channels.index(channel)])


@pytest.mark.parametrize("path", PATHS)
def test_it_judges_on_as_if_the_new_channels_had_always_been_there_and_absent(path: paths.Path) -> None:
    grown, always = engine(PLAIN, path=path), engine(FULL, path=path)
    grown.judge(batch(PLAIN, 1, N))
    always.judge(batch(FULL, 1, N))
    assert grown.regrow(FULL) == 3
    more = [one.judge(batch(FULL, N + 1, N)) for one in (grown, always)]
    np.testing.assert_allclose(more[0].score, more[1].score, rtol=1e-5)
    np.testing.assert_allclose(more[0].usual, more[1].usual, rtol=1e-5)
    np.testing.assert_array_equal(more[0].tier, more[1].tier)
    assert np.isfinite(more[0].usual[0, FULL.index("motion.ratio")]), "what was usual is usual at once"


def test_it_survives_being_kept_after_it_has_grown() -> None:
    grown = engine(PLAIN)
    grown.judge(batch(PLAIN, 1, N))
    grown.cut()
    grown.regrow(FULL)
    again, damaged = Engine.joined(grown.cut(), Policy())
    assert damaged == 0
    assert again.dump() == grown.dump()


def test_it_forgets_what_a_withdrawn_consent_allowed_and_nothing_else() -> None:
    made = engine(FULL, CONSENTED, replace(CONSENTED, id="r-2"))
    made.judge(batch(FULL, 1, N, seen=FULL, seats=2))
    before = {name: usual(made, name) for name in FULL}
    assert made.reseat((WATCHED, replace(CONSENTED, id="r-2"))) == 2
    assert usual(made, "motion.ratio") == before["motion.ratio"]
    assert usual(made, "emotion.fear") == usual(engine(FULL), "emotion.fear") != before["emotion.fear"]
    assert usual(made, "emotion.fear", 1) == before["emotion.fear"], "the other's consent stands"
    told = made.judge(batch(FULL, 3 * N, 5, seen=FULL, seats=2))
    assert np.isnan(told.usual[::2, FULL.index("emotion.fear")]).all()
    assert np.isfinite(told.usual[:, FULL.index("motion.ratio")]).all()


def test_it_goes_on_with_what_it_knows_when_a_consent_is_given() -> None:
    made = engine(FULL)
    made.judge(batch(FULL, 1, N))
    learned = usual(made, "audio.loudness")
    assert made.reseat((CONSENTED,)) == 1
    assert usual(made, "audio.loudness") == learned
    made.judge(batch(FULL, N + 1, N, seen=FULL))
    assert usual(made, "emotion.fear") == pytest.approx(0.3, abs=0.05)


def test_it_keeps_what_stays_when_channels_go() -> None:
    made = engine(FULL)
    made.judge(batch(FULL, 1, N))
    learned = usual(made, "audio.loudness")
    assert made.regrow(("audio.loudness", "pose.speed")) == 1
    assert usual(made, "audio.loudness") == learned
