"""The compiled path and NumPy alone: the same states, the same decisions, whatever comes in whatever pieces."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.batch import Batch
from services.vocabulary import Cue, CueName, Event, Mode, Policy, Resident
from threshold_service import paths
from threshold_service.engine import Engine
from threshold_service.paths import Path
from threshold_service.statistics import state_bytes
from threshold_service.wave import Judged

pytestmark = pytest.mark.unit
pytest.importorskip("numba")
CHANNELS = (
    "motion.erratic", "motion.ratio", "audio.loudness", "audio.vocal_energy", "emotion.neutral", "emotion.fear",
    "emotion.anger", "pose.speed", "weight_kg", "quality.face", "face.jawOpen",
)  # fmt: skip
SEATS = tuple(
    Resident(f"r{i}", f"Room {i}", mode=Mode.AFFECT if i % 2 else Mode.OBSERVABLES, consent="7" if i % 2 else "")
    for i in range(3)
)
START = 1_750_000_000.0
CRY = Cue(CueName.CRY, 0.9, -0.3)


def engine(path: Path, channels: tuple[str, ...] = CHANNELS) -> Engine:
    """One whose thresholds are low, so that a rule speaks now and then."""
    made = Engine(channels, SEATS, Policy(), "edge-1", "ab" * 16, path=path)
    made._state.history.thresholds[:] = (9.0, 6.0, 3.0, 4.0, 1.5, 3.0, 4.0, 2.0)
    made._state.history.releases[:] = 0.5
    return made


def lived(samples: int, seed: int, channels: int = len(CHANNELS)) -> Batch:
    """Samples of everybody in turn with all that may go wrong: absences, gaps, several in a second, late ones, silence,
    company, cues, and an hour in which everything is different."""
    rng = np.random.default_rng(seed)
    seats = rng.integers(0, len(SEATS), samples)
    passed = rng.choice([0.34, 0.1, 3.0, 20.0, 500.0, -3.0], samples, p=[0.95, 0.02, 0.015, 0.005, 0.0005, 0.0095])
    values = rng.normal(0.3, 0.05, (samples, channels)).cumsum(axis=0) * 0.001 + rng.normal(0.3, 0.05, (1, channels))
    values += rng.standard_t(4, (samples, channels)) * 0.04
    values[rng.random(values.shape) < 0.07] = np.nan
    values[samples // 2 : samples // 2 + 200] += 0.5
    cried = rng.choice(samples - 6, samples // 300, replace=False)[:, None] + np.arange(6)
    cues = tuple((int(place), CRY) for place in np.unique(cried))
    return Batch(
        np.arange(1, samples + 1, dtype=np.uint64), seats.astype(np.uint32), START + passed.cumsum(),
        values.astype(np.float32), np.ones(samples, np.float32),
        rng.choice([1, 0, -1, 2], samples, p=[0.95, 0.01, 0.02, 0.02]).astype(np.int32), cues,
    )  # fmt: skip


def cut(batch: Batch, start: int, end: int) -> Batch:
    cues = tuple((place - start, cue) for place, cue in batch.cues if start <= place < end)
    names = ("sequences", "seats", "times", "values", "quality", "persons")
    return Batch(*(getattr(batch, name)[start:end] for name in names), cues)


def assert_states_equal(one: Engine, other: Engine) -> None:
    """Equal to 1e-12; facts (open events, watches, cues) equal."""
    facts, arrays = state_bytes.unpack(one.dump())
    other_facts, others = state_bytes.unpack(other.dump())
    assert facts == other_facts
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_allclose(array, others[name], rtol=1e-12, atol=1e-12, err_msg=name)


def in_pieces(judge: Engine, batch: Batch, cuts: list[int]) -> tuple[list[Event], list[Judged]]:
    edges = [0, *sorted(cuts), len(batch)]
    told = [judge.judge(cut(batch, start, end)) for start, end in pairwise(edges) if end > start]
    return [event for one in told for event in one.events], told


@pytest.mark.parametrize("channels", [CHANNELS, CHANNELS[:5], CHANNELS[:8], CHANNELS[:1]])
def test_it_judges_alike_compiled_and_with_numpy_alone(channels: tuple[str, ...]) -> None:
    compiled, plain = engine(Path.NUMBA, channels), engine(Path.NUMPY, channels)
    batch = lived(9000, len(channels), len(channels))
    told, also = compiled.judge(batch), plain.judge(batch)
    assert told.events
    assert [str(event) for event in told.events] == [str(event) for event in also.events]
    assert_states_equal(compiled, plain)
    assert compiled.counts == plain.counts and min(compiled.counts.values()) > 0, "everything happened"
    for one, other in zip(told[1:], also[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_it_judges_a_whole_house_alike_with_a_sense_that_nobody_has_and_one_that_some_lack() -> None:
    channels, residents, seconds = ("persons", *CHANNELS), 250, 45
    seats = tuple(Resident(f"r{i}", f"Room {i}") for i in range(residents))
    n, rng = residents * seconds, np.random.default_rng(8)
    values = rng.normal(0.3, 0.05, (n, len(channels)))
    values[rng.random(n) < 0.05, 3] = np.nan
    values[n // 2 : n // 2 + 3 * residents][rng.random((3 * residents, len(channels))) < 0.5] = np.nan
    values[-2 * residents :, 5] = np.inf
    batch = Batch(
        np.arange(1, n + 1, dtype=np.uint64), np.tile(np.arange(residents, dtype=np.uint32), seconds),
        START + np.repeat(np.arange(seconds), residents), values.astype(np.float32), np.ones(n, np.float32),
        np.ones(n, np.int32),
    )  # fmt: skip
    compiled, plain = (
        Engine(channels, seats, Policy(), "edge-1", "ab" * 16, path=path) for path in Path if path != "auto"
    )
    told, also = compiled.judge(batch), plain.judge(batch)
    assert_states_equal(compiled, plain)
    for one, other in zip(told[1:], also[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_it_goes_on_with_the_other_path_as_if_nothing_had_happened() -> None:
    whole, batch = engine(Path.NUMBA), lived(3000, 5)
    changing = engine(Path.NUMPY)
    for start in range(0, 3000, 500):
        whole.judge(cut(batch, start, start + 500))
        changing.judge(cut(batch, start, start + 500))
        changing = Engine.load(changing.dump(), Policy(), Path.NUMBA if start % 1000 else Path.NUMPY)
    assert_states_equal(whole, changing)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 1199), max_size=12), st.integers(0, 50), st.sampled_from([Path.NUMBA, Path.NUMPY]))
def test_it_judges_a_batch_as_it_would_its_pieces(cuts: list[int], seed: int, path: Path) -> None:
    batch = lived(1200, seed)
    whole, parts = engine(path), engine(path)
    once = whole.judge(batch)
    told, pieces = in_pieces(parts, batch, cuts)
    assert [str(event) for event in once.events] == [str(event) for event in told]
    assert whole.dump() == parts.dump()
    for column in range(1, 5):
        np.testing.assert_array_equal(once[column], np.concatenate([piece[column] for piece in pieces]))


def test_it_judges_a_batch_as_one_sample_after_the_other() -> None:
    batch, whole, alone = lived(2500, 77), engine(Path.NUMBA), engine(Path.NUMBA)
    once = whole.judge(batch)
    told, _ = in_pieces(alone, batch, list(range(1, 2500)))
    assert [str(event) for event in once.events] == [str(event) for event in told] != []
    assert whole.dump() == alone.dump()


def test_it_tells_of_each_sample_what_was_usual_after_it() -> None:
    batch = lived(900, 3)
    judge, alone = engine(Path.NUMBA), engine(Path.NUMBA)
    told = judge.judge(batch)
    for i in (0, 17, 450, 899):
        alone = engine(Path.NUMBA)
        alone.judge(cut(batch, 0, i + 1))
        now, row = alone.usual(), int(batch.seats[i])
        np.testing.assert_array_equal(told.usual[i], now.level[row].astype(np.float32))
        np.testing.assert_array_equal(told.spread[i], now.spread[row].astype(np.float32))
        assert (told.score[i], told.tier[i]) == (now.score[row], now.tier[row])


def test_it_says_what_to_install_where_numba_is_asked_for_and_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert paths.resolved(Path.AUTO) is Path.NUMPY
    with pytest.raises(paths.PathMissing, match=r"install attune\[threshold\], or set ATTUNE_THRESHOLD_COMPILED=numpy"):
        paths.turns(Path.NUMBA)
