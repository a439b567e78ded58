"""When a sound is an alarm: the server's own rule, two of the last three seconds, with hysteresis and cooldown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_agent.own_alarm.settings import OwnAlarmSettings
from services.vocabulary import AMBIGUOUS, Cue, CueName, UnixSeconds

VOICE = frozenset({CueName.SCREAM, CueName.CRY, CueName.SHOUT, CueName.WHIMPER}) | AMBIGUOUS
"""What a person cries out is one kind of sound, whatever it is taken for from second to second."""
FALLS = frozenset({CueName.FALL_NOISE, CueName.FALL})
"""A fall that is heard and one that is seen are one."""
HELD = 2
OF = 3


@dataclass(slots=True)
class _Room:
    """The last seconds in which a listed cue was heard, and when each kind of sound that was told was last heard."""

    loud: list[tuple[UnixSeconds, Cue]] = field(default_factory=list)
    active_at: dict[str, UnixSeconds] = field(default_factory=dict)


class CueRule:
    """Listens to every room of an agent, each by its seat.

    >>> from services.vocabulary import Cue, CueName
    >>> rule, scream = CueRule(OwnAlarmSettings()), (Cue(CueName.SCREAM, 0.9),)
    >>> [rule.hear(0, second, scream) is not None for second in (1.0, 2.0, 3.0)]
    [False, True, False]
    """

    def __init__(self, settings: OwnAlarmSettings) -> None:
        self._settings = settings
        self._rooms: dict[int, _Room] = {}

    def hear(self, seat: int, time: UnixSeconds, cues: Sequence[Cue]) -> Cue | None:
        """The cue that raises an alarm with this second, None: none does. Seconds of a seat are given in order."""
        room = self._rooms.setdefault(seat, _Room())
        self._go_on(room, time, cues)
        room.loud = [(at, cue) for at, cue in room.loud if time - OF + 0.5 < at < time]
        listed = self._settings.cues
        loud = [cue for cue in cues if cue.name in listed and cue.probability >= listed[cue.name]]
        if not loud:
            return None
        room.loud.append((time, max(loud, key=lambda cue: cue.probability)))
        if len(room.loud) < HELD:
            return None
        leading = max((cue for _, cue in room.loud), key=lambda cue: cue.probability)
        return leading if self._begins(room, kind(leading.name), time) else None

    def told(self, seat: int, time: UnixSeconds, cue: CueName) -> None:
        """An alarm was raised before, by an agent that has been started again since."""
        self._rooms.setdefault(seat, _Room()).active_at[kind(cue)] = time

    def _go_on(self, room: _Room, time: UnixSeconds, cues: Sequence[Cue]) -> None:
        for cue in cues:
            active = room.active_at.get(kind(cue.name))
            if active is None or not 0.0 <= time - active <= self._settings.quiet_s:
                continue
            if cue.probability >= self._settings.release * self._settings.cues.get(cue.name, 1.0):
                room.active_at[kind(cue.name)] = time

    def _begins(self, room: _Room, what: str, time: UnixSeconds) -> bool:
        before = room.active_at.get(what)
        rested = self._settings.quiet_s + self._settings.cooldown_s
        if before is not None and 0.0 <= time - before < rested:  # a clock that was set back begins anew
            return False
        room.active_at[what] = time
        return True


def kind(name: CueName) -> str:
    """What a sound counts as for hysteresis and cooldown."""
    return "voice" if name in VOICE else "fall" if name in FALLS else name.value
