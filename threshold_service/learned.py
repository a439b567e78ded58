"""What was learned of episodes before this service started: read once, from the file that is shipped with it."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from threshold_service.statistics import episode_odds

SHIPPED = "episode_odds.json"


@cache
def shipped() -> dict[str, Any]:
    """The shipped weights, with `about`: what they were learned from, and how much they help."""
    made: dict[str, Any] = json.loads(files("threshold_service").joinpath(SHIPPED).read_text())
    return made


def kinds() -> tuple[str, ...]:
    """The kinds of episode that the weights tell from ordinary life, in their order."""
    return tuple(shipped()["kinds"])


def taught(channels: Sequence[str], on: bool) -> episode_odds.Taught:
    """The shipped weights for the channels of one schema; nothing where the policy has switched them off."""
    return episode_odds.taught(channels, shipped()) if on else episode_odds.untaught(len(channels))
