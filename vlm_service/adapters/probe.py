"""Asks a server the golden prompts of an adapter: with it, without it, and while another one is in flight."""

import asyncio
from collections.abc import Sequence
from functools import partial

import httpx
from pydantic import ValidationError

from services.runtime import logs
from services.vocabulary.time import Seconds
from vlm_service.adapters.asking import answer, question
from vlm_service.adapters.loras import Loras
from vlm_service.adapters.mirror import write_mirror, write_nothing
from vlm_service.adapters.probing import TOLERANCE, Finding, Observed, Top, apart, judge
from vlm_service.adapters.store import Store
from vlm_service.bundle import Bundle, Probe
from vlm_service.dialogue.lines import one_line
from vlm_service.failures import Unreachable
from vlm_service.places import PROOF
from vlm_service.replicas import Replica

STEPS = 4
"""Tokens that are looked at in each answer: the first is what training recorded, the others have passed through the
cache and through steps that several adapters share."""
LONG = 64
"""Tokens of an answer that goes on while others are asked."""
TOGETHER = 4
"""Times that every prompt is asked while the counterpart is asked the same (source: guess)."""
WITHIN_S: Seconds = 120.0


class Prober:
    """Proves adapters on servers. `model` is the served base; `priorities` whether servers are told of urgency."""

    def __init__(self, client: httpx.AsyncClient, loras: Loras, store: Store, model: str, priorities: bool) -> None:
        self._client, self._loras, self._store, self._model = client, loras, store, model
        self._rank = {"priority": PROOF} if priorities else {}
        self._one_at_a_time = asyncio.Lock()
        self._log = logs.logger(room="vlm")

    async def probe(self, bundle: Bundle, replica: Replica) -> list[Finding]:
        """What the server makes of the adapter, check by check; it holds it afterwards, and where all are passed it is
        proven there.

        Raises:
            NotLoaded: the server will not take it.
            Unreachable: the server went away meanwhile.
        """
        async with self._one_at_a_time:
            return await self._probed(bundle, replica)

    async def _probed(self, bundle: Bundle, replica: Replica) -> list[Finding]:
        name, probes = bundle.served_name, bundle.card.probes
        await self._loras.ensure(replica, name)
        if not probes:
            return judge((), ())
        folder = await asyncio.to_thread(self._store.beside, name, partial(write_mirror, bundle.folder))
        mirror = folder.name
        await self._loras.ensure(replica, mirror)
        try:
            await self._look_at_base(bundle, replica, (name, mirror))
            observed = await self._observe(replica, name, mirror, probes)
            findings = judge(probes, observed, bundle.weights.tower)
            if name in replica.adapters and all(one.passed for one in findings):
                replica.proven.add(name)
            return findings
        finally:
            await self._loras.unload(replica, mirror)
            await asyncio.to_thread(self._store.forget, folder)

    async def _look_at_base(self, bundle: Bundle, replica: Replica, in_flight: Sequence[str]) -> None:
        """See whether the server answers as the base model while adapters are in flight, and have a LoRA that adds
        nothing asked in its place where not. vLLM's kernels for CPUs take what lies in the last place for adapters
        for requests without one (`torch_ops/lora_ops.py` indexes them by -1; found with 0.32.0).

        Raises:
            NotLoaded, Unreachable: as `probe`.
        """
        if replica.stand_in or not bundle.card.probes:
            return
        first = bundle.card.probes[0]
        mixed = 0.0
        for _ in range(TOGETHER):
            meanwhile = asyncio.gather(*(self._answer(replica, name, first, LONG) for name in in_flight))
            try:
                while not meanwhile.done():
                    said = await self._answer(replica, self._model, first)
                    mixed = max(mixed, apart(first.base, said[0]))
            finally:
                await meanwhile
        replica.stand_in = ""
        if mixed <= TOLERANCE:
            return
        folder = self._store.stand_in()
        if not folder.is_dir():
            with self._store.arriving() as arriving:
                await asyncio.to_thread(write_nothing, bundle.folder, arriving)
                self._store.keep(arriving, folder.name)
        await self._loras.ensure(replica, folder.name)
        if apart(first.base, (await self._answer(replica, folder.name, first))[0]) > TOLERANCE:
            return  # another base model altogether: the probe says so
        replica.stand_in = folder.name
        self._log.warning("the server mixes adapters into the base model's answers: it is asked as an adapter that "
                          "adds nothing", server=replica.url, nats=round(mixed, 3))  # fmt: skip

    async def _observe(self, replica: Replica, name: str, mirror: str, probes: Sequence[Probe]) -> list[Observed]:
        models = (replica.stand_in or self._model, name, mirror)
        base, alone, opposite = [[await self._answer(replica, model, probe) for probe in probes] for model in models]
        crowd = [(probe, model) for probe in probes for model in (name, mirror) * TOGETHER]
        said = await asyncio.gather(*(self._answer(replica, model, probe) for probe, model in crowd))
        each = 2 * TOGETHER
        return [
            Observed(base[at], alone[at], opposite[at], tuple(said[at * each : at * each + each : 2]),
                     tuple(said[at * each + 1 : at * each + each : 2]))
            for at in range(len(probes))
        ]  # fmt: skip

    async def _answer(self, replica: Replica, model: str, probe: Probe, steps: int = STEPS) -> tuple[Top, ...]:
        route, body = question(probe, model, steps)
        try:
            response = await self._client.post(f"{replica.url}{route}", json=body | self._rank, timeout=WITHIN_S)
            response.raise_for_status()
            return answer(probe, response.text)
        except (httpx.HTTPError, ValidationError, ValueError) as error:
            why = one_line(error.response.text, 240) if isinstance(error, httpx.HTTPStatusError) else ""
            raise Unreachable(f"{replica.url} does not answer a golden prompt: {type(error).__name__} {why}") from error
