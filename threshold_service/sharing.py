"""Every few hours all agents' residents lean on the whole facility: a corridor alone is too few to learn from."""

import asyncio

from services.runtime import logs
from services.runtime.lifecycle import until
from services.vocabulary import Seconds
from threshold_service.roster import Roster

PERIOD_S: Seconds = 6 * 3600.0
"""A prior of people changes slowly (source: guess)."""


async def sharing(roster: Roster, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
    """Until `stop` is set."""
    while not await until(stop, period_s):
        leaning = await asyncio.to_thread(roster.share)
        logs.logger().info("facility shared", agents=leaning)
