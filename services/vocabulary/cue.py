"""What may speak for itself: sounds that are no words, and a fall that was seen; and one cue as it was sensed."""

from dataclasses import dataclass
from enum import StrEnum

from services.vocabulary.time import Seconds


class CueName(StrEnum):
    """The cues a room may tell, in either mode: each is called by what is heard or seen, none by a state of mind, so
    that agitation is no cue; it is told as shouting, crying, restless or erratic movement. What is heard is also a
    channel `audio.cue.<value>`; a `fall` is seen, and is the channel `pose.fall`: `fall_noise` and `fall` are evidence
    of their own each."""

    SCREAM = "scream"
    CRY = "cry"
    WHIMPER = "whimper"
    MOAN = "moan"
    GROAN = "groan"
    VOCALISATION_UNRESOLVED = "vocalisation_unresolved"
    """A groan or a moan: whether of distress or of pleasure is open. Without consent it always is."""
    SIGH = "sigh"
    SHOUT = "shout"
    LAUGHTER = "laughter"
    COUGH = "cough"
    FALL_NOISE = "fall_noise"
    GLASS = "glass"
    ALARM = "alarm"
    FALL = "fall"

    @property
    def channel(self) -> str:
        """The name under which its probability stands among scores.

        >>> CueName.CRY.channel, CueName.FALL.channel
        ('audio.cue.cry', 'pose.fall')
        """
        return "pose.fall" if self is CueName.FALL else f"audio.cue.{self.value}"


AMBIGUOUS = frozenset({CueName.MOAN, CueName.GROAN, CueName.VOCALISATION_UNRESOLVED})
"""Names of one and the same kind of sound, by what it is taken for."""

HEARD = {
    CueName.SCREAM: "a scream was heard", CueName.CRY: "crying was heard", CueName.WHIMPER: "whimpering was heard",
    CueName.MOAN: "moaning was heard", CueName.GROAN: "groaning was heard", CueName.SIGH: "sighing was heard",
    CueName.VOCALISATION_UNRESOLVED: "groaning or moaning was heard",
    CueName.SHOUT: "shouting was heard", CueName.LAUGHTER: "laughter was heard", CueName.COUGH: "coughing was heard",
    CueName.FALL_NOISE: "a noise like a fall was heard", CueName.GLASS: "breaking glass was heard",
    CueName.ALARM: "an alarm was heard", CueName.FALL: "a fall was seen",
}  # fmt: skip
"""What to say of each cue."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue with its probability, and where it lies relative to the time of what carries it (0 or negative).

    Of a fall, the probability is evidence 0..1 (see `edge_agent.preprocess.fall`), and an `uncertainty` of 1 says that
    several residents share the picture and nobody can tell whose fall it is. Of a vocalisation that may be of
    distress or of pleasure: how loud its loudest second was, how long it has lasted, and in affect mode how
    `uncertainty` (entropy in bits, 0..1) and `conflict` of sound and face (0..1) stand.
    """

    name: CueName
    probability: float
    offset_s: Seconds = 0.0
    loudness_dbfs: float | None = None
    duration_s: Seconds | None = None
    uncertainty: float | None = None
    conflict: float | None = None

    @property
    def unattributed(self) -> bool:
        """Whether it is a fall of which nobody can tell whose it is.

        >>> Cue(CueName.FALL, 0.9, uncertainty=1.0).unattributed, Cue(CueName.FALL, 0.9).unattributed
        (True, False)
        """
        return self.name is CueName.FALL and self.uncertainty is not None and self.uncertainty >= _OPEN_FROM


_OPEN_FROM = 0.5
"""Bits of uncertainty (of two residents at most 1) from which whose fall it is counts as open (source: guess)."""
