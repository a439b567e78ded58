"""Which of YAMNet's 521 classes tell which cue, and which of them are a human voice."""

import numpy as np
from numpy.typing import NDArray

from services.vocabulary import CueName

CLASSES: dict[CueName, tuple[int, ...]] = {
    CueName.SCREAM: (11,),
    CueName.CRY: (19, 20),
    CueName.WHIMPER: (21,),
    CueName.MOAN: (22,),
    CueName.GROAN: (33, 34),
    CueName.SIGH: (23, 39),
    CueName.SHOUT: (6, 7, 9),
    CueName.LAUGHTER: (13, 15, 16, 17, 18),
    CueName.COUGH: (42, 44),
    CueName.FALL_NOISE: (454,),
    CueName.GLASS: (435, 437),
    CueName.ALARM: (382, 390, 393, 394),
}
"""Screaming; crying and baby cry; whimper; wail or moan; groan, grunt; sigh, gasp; shout, bellow, yell; laughter,
giggle, snicker, belly laugh, chuckle; cough and sneeze; thump or thud; glass, shatter; alarm, siren, smoke detector,
fire alarm (class numbers of yamnet_class_map.csv)."""

VOCAL = (
    CueName.SCREAM, CueName.CRY, CueName.WHIMPER, CueName.MOAN, CueName.GROAN, CueName.SHOUT, CueName.LAUGHTER,
)  # fmt: skip
"""The cues that are voice: together with speech they make up vocal energy."""


def cue_probabilities(scores: NDArray[np.float32]) -> dict[CueName, NDArray[np.float32]]:
    """Each cue's probability in every window (`scores`: windows x 521): the largest of its classes."""
    return {cue: scores[:, list(classes)].max(axis=1) for cue, classes in CLASSES.items()}
