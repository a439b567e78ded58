"""What the VLM service itself costs, beside a model's server that answers everything at once: no vLLM takes part.

`python -m tests.bench.vlm_side`: a server in this process gives every question the same answer after 30 ms: two
hundred words of thinking that people wrote about the event, and a verdict. The service with its ledger is a process of
its own.
Only what the service does takes time, so that its share of `make bench-vlm` can be told from the model's.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from statistics import median, quantiles

from aiohttp import web

from tests.bench.second_opinion.sides import Sides, event, rate, sides, took
from tests.bench.table import Figure, publish
from tests.unit.vlm.specimens import AGITATED
from tests.unit.vlm.written import written_claims
from tests.vllm.asking import FORCED

PAIRS, MANY, AT_ONCE, WORDS, AFTER_S = 100, 600, 16, 200, 0.03
MOST_MS = 5.0
_NUMBERS = count()


def answer() -> bytes:
    """A chat completion as vLLM writes one."""
    said = " ".join(row.text for row in written_claims() if row.event is AGITATED)
    message = {"role": "assistant", "content": f"\n\n{json.dumps(FORCED)}",
               "reasoning": " ".join(said.split()[:WORDS])}  # fmt: skip
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


@asynccontextmanager
async def quick_server() -> AsyncIterator[str]:
    """Its address."""
    body = answer()

    async def chat(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(AFTER_S)
        return web.Response(body=body, content_type="application/json")

    async def well(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", chat), web.get("/health", well)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def one_by_one(two: Sides) -> Figure:
    """All that is not the call to the server, less what is not the call for a bare caller."""
    added = []
    for pair in range(PAIRS + 10):
        order = (two.bare, two.service) if pair % 2 else (two.service, two.bare)
        times = {ask: await took(ask, event(next(_NUMBERS))) for ask in order}
        if pair >= 10:
            added.append(1e3 * ((times[two.service] - two.last_took()) - (times[two.bare] - two.posts[-1])))
    tenths = quantiles(added, n=10)
    beside = f"{PAIRS} questions one by one; tenth {tenths[0]:.1f}, ninetieth {tenths[8]:.1f}"
    return Figure("added to one call, median", median(added), "ms", beside, None, f"at most {MOST_MS:.0f} ms",
                  median(added) <= MOST_MS)  # fmt: skip


async def at_once(two: Sides) -> list[Figure]:
    """As many as the service takes, and the processor time of each."""
    before = two.computed()
    service = await rate(two.service, [event(next(_NUMBERS)) for _ in range(MANY)], AT_ONCE)
    computed = 1e3 * (two.computed() - before) / MANY
    bare = await rate(two.bare, [event(next(_NUMBERS)) for _ in range(MANY)], AT_ONCE)
    return [
        Figure(f"questions, {AT_ONCE} at once", service, "per s", f"bare calls {bare:.0f}"),
        Figure("processor time of the service", computed, "ms a question", "all its threads, its own jobs included"),
    ]


async def measured() -> list[Figure]:
    """All figures."""
    async with quick_server() as url, sides(url) as two:
        await two.service(event(next(_NUMBERS)))
        return [await one_by_one(two), *await at_once(two)]


def main() -> int:
    """Measure and print, with the load of the machine beside it."""
    figures = asyncio.run(measured())
    figures.append(Figure("load of the machine", os.getloadavg()[0], "processes", f"{os.cpu_count()} cores"))
    return publish("vlm_side", figures)


if __name__ == "__main__":
    sys.exit(main())
