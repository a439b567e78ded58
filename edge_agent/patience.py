"""An agent that the server will not have goes on watching: its own alarm is all that the room has meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

from edge_agent.metrics import REFUSED
from edge_agent.uplink import Refused
from services.runtime import logs
from services.runtime.lifecycle import until
from services.vocabulary import Seconds

AGAIN_S: Seconds = 15.0
"""How often it asks again: a token or a seat is mended at the server while the agent runs (source: guess)."""


class Patience:
    """`refused` is what the server says against this agent, empty while it has nothing against it; it is
    asked again every AGAIN_S."""

    def __init__(self) -> None:
        self.refused = ""

    async def through(self, talk: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Begin `talk` again after every refusal until it ends by itself or `stop` is set.

        Raises:
            Exception: whatever else `talk` ends with.
        """
        while not stop.is_set():
            try:
                await talk()
            except Refused as error:
                if str(error) != self.refused:
                    logs.logger().error("the server refuses this agent, it watches on alone", reason=str(error))
                self.refused = str(error)
                REFUSED.set(1)
                await until(stop, AGAIN_S)

    def welcomed(self) -> None:
        """The server takes this agent."""
        if self.refused:
            logs.logger().info("the server takes this agent again")
        self.refused = ""
        REFUSED.set(0)
