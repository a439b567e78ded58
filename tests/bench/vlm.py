"""What the VLM service costs over the bare call to vLLM, and how soon tier 1 has its turn.

`python -m tests.bench.vlm`: a real vLLM on this machine's cores with a small random Qwen3-VL and the shipped flags, and
a VLM service with a ledger of its own. Both ways answer the same questions with the same tokens, in turns.
"""

import asyncio
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import median

from services.vocabulary import Tier
from tests.bench.second_opinion.sides import THINKING, Sides, event, rate, sides, took
from tests.bench.table import Figure, publish
from tests.vllm.server import NoVllm, vllm_server
from vlm_service.places import rank_of

PAIRS, ROUNDS, EACH, AT_ONCE, WAITING = 30, 5, 32, 16, 100
LEAST_SHARE, MOST_MS = 0.95, 5.0
_NUMBERS = count()


async def overhead(two: Sides) -> list[Figure]:
    """What the service adds to its own call to the server, and its time beside that of a bare call made in turns.

    The first is taken within one question, so that it does not matter how long the model took: all that is not the call
    itself, less what is not the call for a bare caller, who writes the same request. The second shows that nothing else
    was added.
    """
    bare, through, added = [], [], []
    for pair in range(PAIRS + 4):
        order = (two.bare, two.service) if pair % 2 else (two.service, two.bare)
        times = {ask: await took(ask, event(next(_NUMBERS))) for ask in order}
        if pair >= 4:  # the first ones warm up
            bare.append(times[two.bare])
            through.append(times[two.service])
            added.append((times[two.service] - two.last_took()) - (times[two.bare] - two.posts[-1]))
    extra = 1e3 * median(added)
    ratio = median(more / less for more, less in zip(through, bare, strict=True))
    return [
        Figure("added to one call, median", extra, "ms", f"the call: {1e3 * median(bare):.0f} ms",
               bar=f"at most {MOST_MS:.0f} ms", met=extra <= MOST_MS),
        Figure("one question, median", 1e3 * median(through), "ms", f"bare call, {PAIRS} pairs in turns", ratio),
    ]  # fmt: skip


async def throughput(two: Sides) -> list[Figure]:
    """Rounds of both in turns; the ratio of each round, and their median."""
    rates, computed = [], 0.0
    for turn in range(ROUNDS):
        each = {}
        for ask in (two.bare, two.service) if turn % 2 else (two.service, two.bare):
            before = two.computed()
            each[ask] = await rate(ask, [event(next(_NUMBERS)) for _ in range(EACH)], AT_ONCE)
            computed += two.computed() - before if ask is two.service else 0.0
        rates.append((each[two.service], each[two.bare]))
    shares = [through / bare for through, bare in rates]
    beside = f"{ROUNDS} rounds of {EACH}, in turns"
    return [
        Figure(f"bare vLLM, {AT_ONCE} at once", median(bare for _, bare in rates), "answers/s", beside),
        Figure(f"through the service, {AT_ONCE} at once", median(through for through, _ in rates), "answers/s",
               f"bare; ratios {min(shares):.2f} to {max(shares):.2f}", median(shares), f"at least {LEAST_SHARE}",
               median(shares) >= LEAST_SHARE),
        Figure("processor time of the service", 1e3 * computed / (ROUNDS * EACH), "ms a question",
               "all its threads, its own jobs included"),
    ]  # fmt: skip


async def turn_of_tier_1(two: Sides) -> list[Figure]:
    """How many of tier 2 are sent to the model before a question of tier 1 that came while `WAITING` of them waited,
    and how many are answered before it. It is asked in the middle of the answers that run: at their end some of the
    next are on their way already."""
    done: list[float] = []

    async def one() -> None:
        done.append(await took(two.service, event(next(_NUMBERS), Tier.URGENT)))

    waiting = [asyncio.create_task(one()) for _ in range(WAITING + AT_ONCE)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(done[0] / 2)
    before, asked = len(done), time.perf_counter()
    tier_1 = await took(two.service, event(next(_NUMBERS)))
    between = len(done) - before
    since = [call for call in two.begun() if call.began >= asked]
    overtook = [call.rank for call in since].index(rank_of(Tier.IMMEDIATE))
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    beside = f"{WAITING} of tier 2 waiting, {AT_ONCE} at once"
    return [
        Figure("sent to the model before tier 1, of tier 2", overtook, "questions", beside, bar="0: the next place",
               met=overtook == 0),
        Figure("answered before tier 1, of tier 2", between, "answers", f"{AT_ONCE} ran already, and as many beside it",
               bar=f"at most {2 * AT_ONCE}", met=between <= 2 * AT_ONCE),
        Figure("tier 1 answered", tier_1, "s", beside),
    ]  # fmt: skip


async def measured(url: str) -> list[Figure]:
    """All figures."""
    async with sides(url) as two:
        await two.service(event(next(_NUMBERS)))
        figures = await overhead(two)
        print(f"{PAIRS} pairs: {figures[0].value:.1f} ms added to one call; now {AT_ONCE} at once ...")
        figures += await throughput(two)
        print(f"{ROUNDS} rounds; now tier 1 behind {WAITING} of tier 2 ...")
        return [*figures, *await turn_of_tier_1(two)]


def main() -> int:
    """Measure and print."""
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            vllm_server(Path(folder), "--max-num-seqs", str(AT_ONCE)) as server,
        ):
            print(
                f"starting vLLM; then some hundred questions of {THINKING} tokens of thinking each: a few minutes ..."
            )
            figures = asyncio.run(measured(server.wait_until_ready().url))
    except NoVllm as error:
        print(error, file=sys.stderr)
        return 2
    return publish("vlm", figures)


if __name__ == "__main__":
    sys.exit(main())
