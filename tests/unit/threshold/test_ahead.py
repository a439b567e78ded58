"""What waits is taken together, in order, and a stream that ends badly says so after what it gave."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from services.runtime.batch import Batch, joined
from services.vocabulary import Absence, Cue, CueName, Gap, Sense
from threshold_service.ahead import Ahead

pytestmark = pytest.mark.unit


async def numbers(count: int, error: Exception | None = None) -> AsyncIterator[int]:
    for number in range(count):
        yield number
    if error is not None:
        raise error


async def all_of(ahead: Ahead[int]) -> list[list[int]]:
    found = []
    while waiting := await ahead.take():
        found.append(waiting)
        await asyncio.sleep(0)
    return found


def test_it_gives_everything_in_order_and_never_more_than_may_wait() -> None:
    async def run() -> list[list[int]]:
        async with Ahead(numbers(50), 4) as ahead:
            return await all_of(ahead)

    found = asyncio.run(run())
    assert [number for waiting in found for number in waiting] == list(range(50))
    assert max(map(len, found)) <= 4 and len(found) < 50


def test_it_raises_what_the_stream_raised_after_what_it_gave() -> None:
    async def run() -> list[int]:
        found: list[int] = []
        async with Ahead(numbers(3, OSError("cut")), 16) as ahead:
            with pytest.raises(OSError, match="cut"):
                while waiting := await ahead.take():
                    found += waiting
        return found

    assert asyncio.run(run()) == [0, 1, 2]


def test_it_reads_no_further_when_nobody_takes_and_stops_when_it_is_left() -> None:
    read: list[int] = []

    async def endless() -> AsyncIterator[int]:
        while True:
            read.append(len(read))
            yield read[-1]

    async def run() -> int:
        async with Ahead(endless(), 3) as ahead:
            await ahead.take()
            for _ in range(20):
                await asyncio.sleep(0)
        return len(read)

    assert asyncio.run(run()) <= 7


def test_it_gives_more_to_a_thread_up_to_what_is_of_another_kind_and_reads_on() -> None:
    async def mixed() -> AsyncIterator[int | str]:
        for message in (1, 2, 3, "beat", 5):
            yield message

    async def run() -> list[object]:
        found: list[object] = []
        async with Ahead(mixed(), 2) as ahead:
            while waiting := await ahead.take():
                found.append(waiting)
                await asyncio.sleep(0.01)
                while more := await asyncio.to_thread(ahead.more, int):
                    found.append(tuple(more))
                    await asyncio.sleep(0.01)
        return found

    assert asyncio.run(run()) == [[1, 2], (3,), ["beat", 5]]


def batch(first: int, n: int, *, row: int | None = None) -> Batch:
    sequences = np.arange(first, first + n, dtype=np.uint64)
    return Batch(
        sequences, np.zeros(n, np.uint32), sequences.astype(float), np.ones((n, 2), np.float32) * first,
        np.ones(n, np.float32), np.ones(n, np.int32),
        () if row is None else ((row, Cue(CueName.CRY, 0.9)),),
        () if row is None else ((row, Gap(Sense.FACE, Absence.NOT_IN_VIEW)),),
    )  # fmt: skip


def test_it_joins_batches_that_follow_each_other_and_keeps_cues_and_gaps_at_their_rows() -> None:
    (whole,) = joined([batch(1, 3, row=2), batch(4, 2), batch(9, 4, row=1)])
    assert whole.sequences.tolist() == [1, 2, 3, 4, 5, 9, 10, 11, 12]
    assert whole.values[:, 0].tolist() == [1, 1, 1, 4, 4, 9, 9, 9, 9]
    assert [place for place, _ in whole.cues] == [2, 6] == [place for place, _ in whole.gaps]


def test_it_keeps_a_batch_apart_that_begins_before_the_end_of_the_one_before() -> None:
    found = list(joined([batch(1, 3), batch(4, 3), batch(2, 9), batch(11, 1)]))
    assert [(int(one.sequences[0]), len(one)) for one in found] == [(1, 6), (2, 10)]
    assert list(joined([])) == []
