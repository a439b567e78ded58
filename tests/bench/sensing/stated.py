"""What is stated of the bare models beside the shelf they lie on (MANIFEST.md), for every row of the bench."""

from dataclasses import replace

from tests.bench.table import Figure

NOTHING = "nothing"
"""Nobody states anything of this; the bare model's figure of the same run is what there is."""
_CRY, _AFFECT = "39/40 of ESC-10 above 0.5", "author's RMSE .367 and .408 on AffectNet"
_BLENDSHAPES = "0.022 apart from mediapipe in the mean"
STATED = {
    "cry at home: ": NOTHING, "cry: ": _CRY, "sneeze: ": "32/40 of ESC-10 above 0.5, with coughs", "pain: ": NOTHING,
    "scream: ": NOTHING, "false care cues": NOTHING, "household: ": NOTHING,
    "expression: ": "56 % of 415 faces of FER2013 (chance 14 %), 14/15 stills",
    "emotion as the reference": "author's 53.7 % on AffectNet-8, 15/15 stills",
    "affect.valence: ": _AFFECT, "affect.arousal: ": _AFFECT, "face.": _BLENDSHAPES,
    "audio.cue.cry: ": _CRY, "audio.cue.groan: ": NOTHING,
    "counted as one person": "3 of 3 persons on a street picture (multipose)",
    "with a face that is read": "real faces found at 0.7",
    "with a trunk or wrists": "torso angle of 5 to 97 degrees through a real fall",
}  # fmt: skip
"""By how a row begins, or what it holds; the first that fits counts."""


def beside(figure: Figure) -> Figure:
    """The figure with what is stated of its model.

    Raises:
        KeyError: a row of which `STATED` does not say even that nothing is stated.

    >>> beside(Figure("cry: found of 8", 7, "sounds", "bare 7/8")).beside
    'bare 7/8; stated: 39/40 of ESC-10 above 0.5'
    """
    for words, stated in STATED.items():
        if words in figure.what:
            return replace(figure, beside="; ".join(part for part in (figure.beside, f"stated: {stated}") if part))
    raise KeyError(f"{figure.what!r}: say in STATED what MANIFEST.md states of it, or {NOTHING!r}")
