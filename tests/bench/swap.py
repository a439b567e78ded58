"""An adapter takes another's place under a load of 200 questions or more: `make bench-swap`, on a real small vLLM.

The load, of tier 2, goes on until the new one has answered a quarter of that: its proof takes its time beside it."""

import asyncio
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from services.vocabulary import Tier
from tests.bench.table import Figure, publish
from tests.vllm import house as houses
from tests.vllm.house import House, house, trained
from tests.vllm.server import VllmServer, vllm_server
from vlm_service import engine as engine_file
from vlm_service.dialogue import Opinionated
from vlm_service.places import rank_of

REQUESTS, AT_ONCE, EVENTS = 200, 8, 8
LONGEST_S = 400.0
References = dict[str, dict[int, Opinionated]]


def main() -> int:
    """1 where a request failed or an answer was not its adapter's own."""
    engine_file.verdict_schema = houses.choices
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with vllm_server(folder) as server:
            return asyncio.run(_measured(server.wait_until_ready(), folder))


async def _measured(server: VllmServer, folder: Path) -> int:
    bundles = [trained(folder / f"b{seed}", server.model, seed) for seed in (1, 2)]
    async with house(folder, server.url) as home:
        one, two = [await home.pushed(bundle) for bundle in bundles]
        expected = {served_name: await _reference(home, served_name) for served_name in (two, one)}
        alike = sum(expected[one][event] == expected[two][event] for event in range(EVENTS))
        await home.ready(two)
        said, failed, swapped_s = await _under_load(home, two)
    mixed = sum(opinion != expected[name][event] for event, (opinion, name) in said)
    by = {name: sum(speaker == name for _, (_, speaker) in said) for name in (one, two)}
    return publish("swap", [
        Figure("requests while one adapter took another's place", len(said) + failed, "requests", f"{AT_ONCE} at once"),
        Figure("answered by the one before", by[one], "requests", f"after: {by[two]}"),
        Figure("failed", failed, "requests", bar="0", met=failed == 0),
        Figure("answers that are not their adapter's own greedy one", mixed, "requests",
               f"{alike} of {EVENTS} events answered alike by both", bar="0", met=mixed == 0 and min(by.values()) > 0),
        Figure("from the wish to the first event of the new one", swapped_s, "s", "loaded and proven in between"),
    ])  # fmt: skip


async def _reference(home: House, served_name: str) -> dict[int, Opinionated]:
    """What an adapter answers, one event after the other, with nothing else in flight."""
    await home.ready(served_name)
    await home.told("promote", served_name)
    return {event: (await home.ask(event))[0] for event in range(EVENTS)}


async def _under_load(home: House, successor: str) -> tuple[list[tuple[int, tuple[Opinionated, str]]], int, float]:
    numbers, end, failed = count(), time.monotonic() + LONGEST_S, 0
    said: list[tuple[int, tuple[Opinionated, str]]] = []
    first: list[float] = []

    def goes_on() -> bool:
        by_successor = sum(name == successor for _, (_, name) in said)
        served = len(said) >= REQUESTS and by_successor >= REQUESTS // 4
        return not served and failed < REQUESTS and time.monotonic() < end

    async def one_after_another() -> None:
        nonlocal failed
        while goes_on():
            event = next(numbers) % EVENTS
            try:
                answer = await home.ask(event, rank_of(Tier.URGENT))
            except Exception as error:  # noqa: BLE001 - whatever it was, the request failed
                print(f"failed: event {event}: {type(error).__name__}: {error}", file=sys.stderr)
                failed += 1
                continue
            if answer[1] == successor and not first:
                first.append(time.monotonic())
            said.append((event, answer))

    load = [asyncio.create_task(one_after_another()) for _ in range(AT_ONCE)]
    await home.until(lambda: len(said) >= REQUESTS // 8)
    wished = time.monotonic()
    await home.told("promote", successor)
    await asyncio.gather(*load)
    return said, failed, (first[0] if first else time.monotonic()) - wished


if __name__ == "__main__":
    sys.exit(main())
