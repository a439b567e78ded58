"""One sense for all cameras on one source, where what it says depends on nothing but what was captured."""

import threading
from collections import OrderedDict
from dataclasses import replace

from edge_agent.sensing.audio import Audio
from edge_agent.sensing.motion import Motion
from edge_agent.sensing.role import Moment, Reading
from services.vocabulary import Sense as SenseName
from services.vocabulary.time import Seconds

MOST = 16
"""Seconds whose readings are kept for cameras that are behind."""
ALIKE = (Motion, Audio)
"""What moves and what is heard is the same for everybody in a picture."""


class Once:
    """Asks `sense` once about each second, whoever comes first; safe to call from several threads.

    The others are told the same, with no inference of their own. Cameras give the same seconds in the same order, some
    later than others; one that let the pictures of a second go is told of that second without pictures.
    """

    def __init__(self, sense: Motion | Audio) -> None:
        self._sense = sense
        self._told: OrderedDict[tuple[Seconds, bool], Reading] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def title(self) -> str:
        """The sense's own."""
        return self._sense.title

    @property
    def name(self) -> SenseName:
        """The sense's own."""
        return self._sense.name

    @property
    def channels(self) -> tuple[str, ...]:
        """The sense's own."""
        return self._sense.channels

    @property
    def needs(self) -> tuple[str, ...]:
        """The sense's own."""
        return self._sense.needs

    def read(self, moment: Moment) -> Reading:
        """What the sense says of this second, measured now or for another camera."""
        second = moment.window.end_s, bool(moment.window.frames)
        with self._lock:
            if second in self._told:
                return replace(self._told[second], inferences=0)
            reading = self._told[second] = self._sense.read(moment)
            if len(self._told) > MOST:
                self._told.popitem(last=False)
            return reading

    def begin(self) -> None:
        """The source is read anew, and its seconds are counted from the beginning."""
        with self._lock:
            self._told.clear()
