"""What passes over an agent's stream beside samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.vocabulary import EdgeAlarm, ModeDecision, PictureReply, PictureRequest, Seconds


class Alarms(Protocol):
    """What the agent told by itself, see `own_alarm.alarms`."""

    async def ready(self, first: bool, silent_s: Seconds) -> Sequence[EdgeAlarm] | None:
        """What has to be reported before another sample is sent; None: none may be sent now."""

    def kept(self, ids: Sequence[str]) -> None:
        """The server has these."""

    def refused(self, ids: Sequence[str], reason: str) -> None:
        """The server will never have these."""


class Turns(Protocol):
    """How residents are watched, see `modes`."""

    def decide(self, decision: ModeDecision) -> None:
        """What the server says."""

    def states(self) -> Sequence[ModeDecision]:
        """What holds now."""


class Pictures(Protocol):
    """Pictures of the last seconds, see `evidence.release`."""

    def release(self, request: PictureRequest) -> PictureReply:
        """What may be seen of an event; may take a second."""


class Canaries(Protocol):
    """Tests of the whole way, see `canaries`."""

    every_s: Seconds

    def due(self) -> str:
        """The id of the canary that goes now; empty: none does."""


def _nothing() -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Duties:
    """Whoever has none says so where that matters. `welcomed` is called whenever the server takes this agent."""

    alarms: Alarms | None = None
    modes: Turns | None = None
    pictures: Pictures | None = None
    canaries: Canaries | None = None
    welcomed: Callable[[], None] = _nothing
