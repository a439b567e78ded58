"""Score history comes back number for number, seconds after it was judged and years later as hours."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sqlalchemy import func, select

from services.ledger import Database
from services.ledger.history import (
    HistoryRefused,
    HistoryRepository,
    HistoryRows,
    HistoryWindow,
    compact,
    window,
)
from services.ledger.history.blocks import blocks_of, blocks_of_many
from services.ledger.history.packing import PackedHistoryError, pack, unpack
from services.ledger.history.rows import named
from services.ledger.history.segments import SegmentDamaged, segment_path
from services.ledger.tables import history_tail

pytestmark = pytest.mark.unit
HOUR = 486_111
START = HOUR * 3600.0
"""A full hour."""
DAY = 86_400.0


def rows(start: float, n: int, channels: int, seed: int = 0) -> HistoryRows:
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, channels)).astype(np.float32)
    values[::3] = np.nan
    score = random.uniform(size=n).astype(np.float32)
    tier = random.integers(0, 4, n).astype(np.int8)
    return HistoryRows(start + np.arange(n, dtype=np.float64), values, values + 1, values * 0 + 2, score, tier)


def append(database: Database, resident: str, channels: tuple[str, ...], block: HistoryRows) -> None:
    with database.write() as connection:
        HistoryRepository(connection).append("agent", resident, channels, block)


def same(one: HistoryWindow, other: HistoryWindow) -> bool:
    arrays_equal = all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in HistoryRows.__slots__
    )
    return arrays_equal and one.channels == other.channels


def left_in_tail(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(history_tail)) or 0


def test_it_shows_what_was_judged_a_moment_ago(database: Database, tmp_path: Path) -> None:
    block = rows(START + 10, 5, 2)
    append(database, "r1", ("motion.ratio", "audio.loudness"), block)
    seen = window(database, tmp_path, "r1", START, START + 60)
    assert seen.channels == ("motion.ratio", "audio.loudness")
    for name in HistoryRows.__slots__:
        np.testing.assert_array_equal(getattr(seen, name), getattr(block, name))


def test_it_keeps_no_name_of_a_channel_that_only_other_residents_of_the_agent_have(
    database: Database, tmp_path: Path
) -> None:
    channels = ("motion.ratio", "emotion.fear")
    consented, unconsented = rows(START, 5, 2, seed=1), rows(START, 5, 2, seed=2)
    for columns in (unconsented.values, unconsented.usual, unconsented.spread):
        columns[:, 1] = np.nan
    with database.write() as connection:
        HistoryRepository(connection).append_all("agent", channels, {"yes": consented, "no": unconsented})
    assert window(database, tmp_path, "yes", START, START + 9).channels == channels
    kept = window(database, tmp_path, "no", START, START + 9)
    assert kept.channels == ("motion.ratio",)
    assert np.array_equal(kept.values[:, 0], unconsented.values[:, 0], equal_nan=True)
    with database.read() as connection:
        stored = connection.scalars(select(history_tail.c.channels).where(history_tail.c.resident == "no")).all()
    assert not any("emotion" in names for names in stored)


def test_it_cuts_the_window_at_its_bounds(database: Database, tmp_path: Path) -> None:
    append(database, "r1", ("x",), rows(START, 10, 1))
    append(database, "r2", ("x",), rows(START, 10, 1))
    seen = window(database, tmp_path, "r1", START + 2, START + 5)
    assert seen.time.tolist() == [START + 2, START + 3, START + 4]
    assert len(window(database, tmp_path, "r3", START, START + 10)) == 0


@pytest.mark.parametrize(("start", "end"), [(5.0, 4.0), (float("nan"), 4.0), (0.0, float("inf"))])
def test_it_refuses_a_window_without_bounds(sqlite_url: str, tmp_path: Path, start: float, end: float) -> None:
    with pytest.raises(HistoryRefused, match="expected two finite Unix times"):
        window(Database(sqlite_url), tmp_path, "r1", start, end)


def test_it_reads_the_same_before_and_after_whole_hours_move_into_parquet(database: Database, tmp_path: Path) -> None:
    for k in range(0, 120, 5):
        append(database, "r1", ("x", "y"), rows(START + 3540 + k, 5, 2, seed=k))
    before = window(database, tmp_path, "r1", START, START + 7200)
    assert compact(database, tmp_path, now=START + 3600 + 599).segments == 0
    assert compact(database, tmp_path, now=START + 3600 + 600).segments == 1
    assert segment_path(tmp_path, "r1", HOUR).is_file() and not segment_path(tmp_path, "r1", HOUR + 1).exists()
    assert left_in_tail(database) == 12
    assert len(before) == 120 and same(before, window(database, tmp_path, "r1", START, START + 7200))


def test_it_joins_segments_of_unequal_channels_with_nan_where_one_was_not_known(
    database: Database, tmp_path: Path
) -> None:
    first, second = rows(START, 3, 2), rows(START + 3600, 3, 2)
    append(database, "r1", ("x", "y"), first)
    append(database, "r1", ("y", "z"), second)
    for _ in range(2):
        seen = window(database, tmp_path, "r1", START, START + 7200)
        assert seen.channels == ("x", "y", "z")
        np.testing.assert_array_equal(seen.values[:3, :2], first.values)
        np.testing.assert_array_equal(seen.values[3:, 1:], second.values)
        assert np.isnan(seen.usual[:3, 2]).all() and np.isnan(seen.usual[3:, 0]).all()
        compact(database, tmp_path, START + DAY)
    assert left_in_tail(database) == 0


def test_it_keeps_channels_that_change_within_an_hour_in_one_segment(database: Database, tmp_path: Path) -> None:
    append(database, "r1", ("x",), rows(START, 3, 1))
    append(database, "r1", (), rows(START + 3, 1, 0))
    append(database, "r1", ("y",), rows(START + 4, 3, 1))
    before = window(database, tmp_path, "r1", START, START + 60)
    compact(database, tmp_path, START + DAY)
    assert len(before) == 7 and same(before, window(database, tmp_path, "r1", START, START + 60))


def test_it_adds_late_samples_to_a_segment_that_is_already_written(database: Database, tmp_path: Path) -> None:
    append(database, "r1", ("x",), rows(START + 10, 3, 1))
    compact(database, tmp_path, START + DAY)
    append(database, "r1", ("x",), rows(START, 3, 1))
    append(database, "r1", ("x",), rows(START + 10, 1, 1, seed=9))
    before = window(database, tmp_path, "r1", START, START + 60)
    compact(database, tmp_path, START + DAY)
    after = window(database, tmp_path, "r1", START, START + 60)
    assert after.time.tolist() == [START, START + 1, START + 2, START + 10, START + 11, START + 12]
    assert same(before, after) and after.score[3] == rows(0, 1, 1, seed=9).score[0]


def test_it_loses_and_doubles_nothing_when_it_dies_between_segment_and_tail(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(database, "r1", ("x",), rows(START, 9, 1))
    before = window(database, tmp_path, "r1", START, START + 60)
    with monkeypatch.context() as patch:
        patch.setattr("services.ledger.history.compaction.delete", lambda table: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            compact(database, tmp_path, START + DAY)
    assert segment_path(tmp_path, "r1", HOUR).is_file() and left_in_tail(database) == 1
    assert same(before, window(database, tmp_path, "r1", START, START + 60))
    compact(database, tmp_path, START + DAY)
    assert same(before, window(database, tmp_path, "r1", START, START + 60)) and left_in_tail(database) == 0


def test_it_keeps_one_row_per_hour_when_the_raw_retention_ends(database: Database, tmp_path: Path) -> None:
    block = rows(START, 3600, 2)
    append(database, "r1", ("x", "y"), block)
    append(database, "r1", ("x", "y"), rows(START + 3600, 10, 2))
    compact(database, tmp_path, START + DAY)
    assert compact(database, tmp_path, START + 3600 + 30 * DAY).aggregates == 1
    assert not segment_path(tmp_path, "r1", HOUR).exists() and segment_path(tmp_path, "r1", HOUR + 1).exists()
    seen = window(database, tmp_path, "r1", START, START + 3601)
    assert seen.time.tolist() == [START + 3600]  # the row of the hour; a second of that very time would hide it
    assert compact(database, tmp_path, START + 40 * DAY).aggregates == 1
    hour = window(database, tmp_path, "r1", START + 1, START + 3601)
    np.testing.assert_allclose(hour.values[0], np.nanmean(block.values, axis=0), rtol=1e-4, atol=1e-6)
    assert (hour.score[0], hour.tier[0]) == (block.score.max(), 1)
    assert list(tmp_path.rglob("*.parquet")) == []


def test_it_keeps_a_silent_channel_silent_in_the_aggregate(database: Database, tmp_path: Path) -> None:
    nothing = np.full((4, 1), np.nan, np.float32)
    quiet = HistoryRows(
        START + np.arange(4.0), nothing, nothing, nothing, nothing[:, 0], np.zeros(4, np.int8)
    )  # fmt: skip
    append(database, "r1", ("x",), quiet)
    compact(database, tmp_path, START + DAY)
    compact(database, tmp_path, START + 40 * DAY)
    hour = window(database, tmp_path, "r1", START, START + 7200)
    assert np.isnan(hour.values).all() and np.isnan(hour.score).all() and hour.tier.tolist() == [0]


@pytest.mark.parametrize("resident", ["../../etc", ".", "r/1", "Zimmer 12 ß", "%2E"])
def test_it_writes_only_below_its_folder_and_finds_every_name_again(
    sqlite_url: str, tmp_path: Path, resident: str
) -> None:
    database = Database(sqlite_url)
    database.migrate()
    append(database, resident, ("x",), rows(START, 2, 1))
    folder = tmp_path / "a" / "b" / "history"
    compact(database, folder, START + DAY)
    (file,) = tmp_path.rglob("*.parquet")
    assert folder in file.parents and len(file.relative_to(folder).parts) == 5
    assert len(window(database, folder, resident, START, START + 9)) == 2
    compact(database, folder, START + 40 * DAY)
    assert len(window(database, folder, resident, START, START + 7200)) == 1


def test_it_names_the_segment_that_is_damaged(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    database.migrate()
    append(database, "r1", ("x",), rows(START, 2, 1))
    compact(database, tmp_path, START + DAY)
    path = segment_path(tmp_path, "r1", HOUR)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(SegmentDamaged, match=f"{path.name}.*restore it"):
        window(database, tmp_path, "r1", START, START + 9)


def test_it_refuses_rows_that_do_not_fit_together(sqlite_url: str) -> None:
    good = rows(START, 4, 2)
    with pytest.raises(HistoryRefused, match=r"score has shape \(3,\): expected \(4,\)"):
        HistoryRows(good.time, good.values, good.usual, good.spread, good.score[:3], good.tier)
    with pytest.raises(HistoryRefused, match=r"usual has shape \(4, 1\)"):
        HistoryRows(good.time, good.values, good.usual[:, :1], good.spread, good.score, good.tier)
    with pytest.raises(HistoryRefused, match="no finite number"):
        HistoryRows(good.time * np.nan, good.values, good.usual, good.spread, good.score, good.tier)
    database = Database(sqlite_url)
    database.migrate()
    with pytest.raises(HistoryRefused, match="2 columns: expected 1"):
        append(database, "r1", ("x",), good)
    with pytest.raises(HistoryRefused, match="repeat a name"):
        append(database, "r1", ("x", "x"), good)


@given(st.data(), st.integers(0, 6), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_it_unpacks_whatever_it_packed(data: st.DataObject, n: int, channels: int) -> None:
    wide = arrays.arrays(np.float32, (n, channels))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    block = HistoryRows(
        data.draw(arrays.arrays(np.float64, n, elements=finite)), *(data.draw(wide) for _ in range(3)),
        data.draw(arrays.arrays(np.float32, n)), data.draw(arrays.arrays(np.int8, n)),
    )  # fmt: skip
    again = unpack(pack(block))
    for name in HistoryRows.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(block, name))


@pytest.mark.parametrize("blob", [b"", b"\x09abc", b"\x01not compressed"])
def test_it_refuses_bytes_that_are_no_packed_rows(blob: bytes) -> None:
    with pytest.raises(PackedHistoryError, match="history blob"):
        unpack(blob)


def slowly(n: int, channels: int) -> HistoryRows:
    """Rows whose usual moves as a memory of hours does."""
    block = rows(START, n, channels)
    usual = (0.5 + 0.01 * np.sin(np.arange(n) / 600.0)[:, None] * np.ones(channels)).astype(np.float32)
    usual[: n // 3, 0] = np.nan
    return HistoryRows(block.time, block.values, usual, 0.1 * usual, block.score, block.tier)


@pytest.mark.parametrize("n", [1, 20, 21, 30, 31, 3000])
def test_it_keeps_every_value_of_a_backlog_and_the_usual_of_every_tenth_second(n: int) -> None:
    block = slowly(n, 3)
    again = unpack(pack(block))
    for name in ("time", "values", "score", "tier"):
        np.testing.assert_array_equal(getattr(again, name), getattr(block, name))
    for name in ("usual", "spread"):
        before, after = getattr(block, name), getattr(again, name)
        kept = np.append(np.arange(0, n, 10 if n > 20 else 1), n - 1)
        np.testing.assert_array_equal(after[kept], before[kept])
        seen = np.isfinite(before) & np.isfinite(after)
        assert seen.sum() >= np.isfinite(before).sum() - 10, "at most the first ten seconds of a usual are not told"
        np.testing.assert_allclose(after[seen], before[seen], atol=1e-5)
        assert not (np.isnan(before) & np.isfinite(after)).any(), "nothing is usual before it is learned"


@given(st.data(), st.integers(1, 60), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_it_cuts_many_residents_as_it_cuts_one(data: st.DataObject, n: int, residents: int) -> None:
    names, seats = [f"r{i}" for i in range(residents)], data.draw(
        arrays.arrays(np.int64, n, elements=st.integers(0, residents - 1))
    )  # fmt: skip
    block = rows(START + 3570, n, 2)
    if data.draw(st.booleans()):
        block.values[seats == 0, 1] = block.usual[seats == 0, 1] = block.spread[seats == 0, 1] = np.nan
    cut = data.draw(st.integers(1, n))
    batches = [block.take(slice(0, cut)), *([block.take(slice(cut, n))] if cut < n else [])]
    found = blocks_of_many("agent", ("x", "y"), names, seats, batches)
    expected = [
        one
        for seat in np.unique(seats).tolist()
        for hour in (HOUR, HOUR + 1)
        if (here := (seats == seat) & (block.time // 3600 == hour)).any()
        for one in blocks_of("agent", names[seat], named(("x", "y"), block.take(here)))
    ]
    assert found == expected


@pytest.mark.parametrize("length", [0, 3, 17, -1])
def test_it_refuses_a_block_that_was_cut(length: int) -> None:
    with pytest.raises(PackedHistoryError):
        unpack(pack(rows(START, 30, 2))[:length])
