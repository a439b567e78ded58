"""Which of several vLLM servers is asked next: the healthy one with the least to do, and none that keeps failing."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from services.runtime import logs
from services.runtime.lifecycle import until
from services.vocabulary.time import Seconds
from vlm_service import metrics
from vlm_service.failures import NoServer, ServerError, TimedOut
from vlm_service.link import broke

OPEN_AFTER = 3
"""Failures in a row after which a server rests (source: guess)."""
FIRST_REST_S: Seconds = 1.0
LONGEST_REST_S: Seconds = 60.0
CHECK_EVERY_S: Seconds = 5.0
"""How often every server is asked whether it is well, so that an event does not have to find out (source: guess)."""
CHECK_WITHIN_S: Seconds = 2.0
_STILL_ITSELF = frozenset({TimedOut.reason, ServerError.reason})
"""Failures of a server that goes on running: it holds what it held."""


@dataclass(slots=True, eq=False)
class Replica:
    """One server. `failures` are those in a row; until `rests_until` nobody asks it; `ill` is its own word. `adapters`
    are those that it is known to hold, and `proven` those of them that it answered with as training recorded since it
    took them; nothing is known after a broken connection, since it may have been started anew.
    `stand_in` is asked in place of the base model where the server mixes adapters into its answers; None: nobody has
    looked yet."""

    url: str
    in_flight: int = 0
    failures: int = 0
    rests_until: Seconds = 0.0
    trying: bool = False
    ill: str = ""
    adapters: set[str] = field(default_factory=set)
    proven: set[str] = field(default_factory=set)
    stand_in: str | None = None

    def forget(self) -> None:
        """Nothing is known any more of the adapters that it holds."""
        self.adapters.clear()
        self.proven.clear()


class Replicas:
    """All servers of one model; a circuit breaker for each.

    After `OPEN_AFTER` failures in a row a server rests, each time twice as long; then one request may try it, and its
    success brings it back. A server that says itself that it is ill is not asked at all.
    """

    def __init__(
        self, urls: Sequence[str], monotonic: Callable[[], Seconds], chance: Callable[[], float] = random.random
    ) -> None:
        self.all = tuple(Replica(url) for url in urls)
        self._monotonic, self._chance = monotonic, chance
        self._log = logs.logger(room="vlm")

    def take(self, avoid: Replica | None = None, adapter: str = "") -> Replica:
        """The server to ask now, counted as busy until `worked`, `failed` or `let_go`; `avoid` only if no other can.
        With an `adapter`, one where it is proven, if there is any.

        Raises:
            NoServer: all rest or are ill.
        """
        able = self.able()
        if not able:
            raise NoServer("; ".join(self.problems()) or "no server")
        able = [one for one in able if adapter in one.proven] or able
        chosen = min(able, key=lambda one: (one is avoid, one.failures > 0, one.in_flight))
        chosen.in_flight += 1
        chosen.trying = chosen.failures >= OPEN_AFTER
        return chosen

    def worked(self, replica: Replica) -> None:
        """It answered."""
        if replica.failures >= OPEN_AFTER:
            self._log.info("a model's server is back", server=replica.url)
        replica.failures, replica.rests_until = 0, 0.0
        self.let_go(replica)

    def failed(self, replica: Replica, why: str) -> None:
        """It did not: after some of these in a row it rests."""
        self.let_go(replica)
        if why not in _STILL_ITSELF:
            replica.forget()
        replica.failures += 1
        if replica.failures >= OPEN_AFTER:
            rest = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** (replica.failures - OPEN_AFTER))
            rest *= 1.0 - 0.5 * self._chance()
            replica.rests_until = self._monotonic() + rest
            self._log.warning("a model's server rests", server=replica.url, why=why, rest_s=round(rest, 2))
        self._count()

    def let_go(self, replica: Replica) -> None:
        """Nobody waits for its answer any more."""
        replica.in_flight = max(0, replica.in_flight - 1)
        replica.trying = False
        self._count()

    def able(self) -> list[Replica]:
        """Those that may be asked now."""
        return [replica for replica in self.all if self._able(replica)]

    def problems(self) -> list[str]:
        """One line for each server that is not asked now."""
        now = self._monotonic()
        said = []
        for replica, (url, trouble) in zip(self.all, self.states(), strict=True):
            rest = max(0.0, replica.rests_until - now)
            more = f" and rests {rest:.0f} s more" if trouble and not replica.ill else ""
            said += [f"{url} {trouble}{more}"] if trouble else []
        return said

    def states(self) -> list[tuple[str, str]]:
        """Each server's URL and why it is not asked now; empty where it is."""
        return [(one.url, _trouble(one)) for one in self.all]

    async def watch(self, client: httpx.AsyncClient, stop: asyncio.Event) -> None:
        """Ask every server every few seconds whether it is well."""
        while not stop.is_set():
            await asyncio.gather(*(self._look(client, replica) for replica in self.all))
            await until(stop, CHECK_EVERY_S)

    async def _look(self, client: httpx.AsyncClient, replica: Replica) -> None:
        ill = await _ill(client, replica.url)
        if ill != replica.ill:
            told = self._log.warning if ill else self._log.info
            told("a model's server is ill" if ill else "a model's server is well", server=replica.url, why=ill)
        replica.ill = ill
        if ill:
            replica.forget()
        self._count()

    def _able(self, replica: Replica) -> bool:
        if replica.ill:
            return False
        if replica.failures < OPEN_AFTER:
            return True
        return not replica.trying and self._monotonic() >= replica.rests_until

    def _count(self) -> None:
        for replica in self.all:
            metrics.SERVER_ABLE.labels(replica.url).set(self._able(replica))
            metrics.SERVER_BUSY.labels(replica.url).set(replica.in_flight)


def _trouble(replica: Replica) -> str:
    if replica.ill:
        return f"is ill: {replica.ill}"
    return f"failed {replica.failures} times in a row" if replica.failures >= OPEN_AFTER else ""


async def _ill(client: httpx.AsyncClient, url: str, again: bool = True) -> str:
    """Why a server is not well; empty: it is. A look that takes too long is taken `again` once: whoever looks may have
    been the one that was busy."""
    try:
        answer = await client.get(f"{url}/health", timeout=CHECK_WITHIN_S)
    except httpx.TimeoutException as error:
        return await _ill(client, url, False) if again else broke(error)
    except httpx.RequestError as error:
        return broke(error)
    return "" if answer.status_code == httpx.codes.OK else f"HTTP {answer.status_code}"
