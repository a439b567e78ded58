"""Looks at recordings as an agent looks at its cameras: the same capture, windows, senses and scorer."""

import threading
from collections.abc import Iterator
from dataclasses import replace

from edge_agent.camera import Eyes
from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.patient import patient
from edge_agent.capture.whole import whole
from edge_agent.capture.windows import windows
from edge_agent.preprocess.places import UNPLACED, Places
from edge_agent.scoring import Scorer, Scores
from edge_agent.sensing.affect import Affect
from edge_agent.sensing.expression import Expression
from edge_agent.sensing.roster import Roster
from edge_agent.takes import Take
from services.runtime.assets import AssetError
from services.runtime.clock import SystemClock
from services.vocabulary import Mode
from services.vocabulary.time import Seconds, UnixSeconds


class SenseMissing(AssetError):
    """Models that a recording needs are not here."""


def complete(found: Roster) -> Roster:
    """`found`, where all its models are here.

    Raises:
        SenseMissing: one is not; a measurement without it would say less than it seems to.
    """
    if found.missing:
        who = ", ".join(sense.title for sense in found.missing)
        why = "; ".join(dict.fromkeys(sense.why for sense in found.missing))
        raise SenseMissing(f"{who}: models are not here; fetch them with `attune assets pull`. {why}")
    return found


class Recorder:
    """Looks at one recording after another, each with senses that remember nothing of the one before.

    Args:
        eyes: what to look with; models are loaded once.
        mode: of everybody in the recordings.
        began: when a file began, Unix seconds; a stream has the clock's time.
        most_s: where to end each recording; 0: at its end.
        places: of the camera that the recordings are of.

    Raises:
        SenseMissing: a model is not here.
    """

    def __init__(
        self, eyes: Eyes, mode: Mode, began: UnixSeconds, most_s: Seconds, stop: threading.Event,
        places: Places = UNPLACED,
    ) -> None:  # fmt: skip
        self._eyes, self._mode, self._began, self._most_s, self.stop = eyes, mode, began, most_s, stop
        self._clock, self._places = SystemClock(), places
        found = complete(eyes.senses(mode, places))
        self.channels = self._scorer().channels
        self.affect_source = "".join(sense.origin for sense in found.senses if isinstance(sense, Expression | Affect))
        self.providers = sorted({model.provider for model in found.models})

    def _scorer(self) -> Scorer:
        return self._eyes.scorer(self._mode, self._places)

    def scores(self, take: Take) -> Iterator[tuple[UnixSeconds, Scores]]:
        """Each second of one recording with its time.

        Raises:
            SourceError: it cannot be read, or not further.
        """
        scorer, source = self._scorer(), replace(take.source, masks=self._places.masks)
        if source.live:
            began, cut = self._clock.now(), windows(patient(source, self.stop))
        else:
            began, cut = self._began, whole(decode(source, Counts()))
        for window in cut:
            if self.stop.is_set():
                return
            scores = scorer.score(window)
            yield began + scores.time_s, scores
            if self._most_s and scores.time_s >= self._most_s:
                return
