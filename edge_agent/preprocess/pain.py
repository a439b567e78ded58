"""Evidence of pain in a face, from facial actions alone: a physical state, no emotion."""

from collections.abc import Mapping, Sequence

AU = {
    "brow": ("browDownLeft", "browDownRight"),
    "cheek": ("cheekSquintLeft", "cheekSquintRight"),
    "lid": ("eyeSquintLeft", "eyeSquintRight"),
    "nose": ("noseSneerLeft", "noseSneerRight"),
    "lip": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "closed": ("eyeBlinkLeft", "eyeBlinkRight"),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
}
"""Blendshapes that stand for action units: AU4 brow lowering, AU6 cheek raising, AU7 lid tightening, AU9 nose
wrinkling, AU10 upper lip raising, AU43 eye closure, AU12 smile."""
LEAST_VARIANCE = 0.05**2
"""Variance of the score beside what the looks show: blendshapes are no FACS intensities (source: guess)."""

Shapes = Mapping[str, float]


def pain(shapes: Shapes, side: int | None = None) -> float:
    """0..1 from blendshapes 0..1, of both sides of the face or of one (0 left, 1 right): the pain score of Prkachin and
    Solomon (2008, Pain 139(2)), AU4 + max(AU6, AU7) + max(AU9, AU10) + AU43 with intensities 0 to 5 and eye closure 0
    or 1, over its largest value of 16. What a smile explains of cheeks, lids and lip is taken off (source: guess; the
    score itself does not know smiles).

    >>> pain({name: 0.0 for names in AU.values() for name in names})
    0.0
    >>> clenched = {name: float(part != "smile") for part, names in AU.items() for name in names}
    >>> pain(clenched), pain(clenched | {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0})
    (1.0, 0.375)
    """

    def of(part: str) -> float:
        names = AU[part] if side is None else AU[part][side : side + 1]
        return sum(shapes[name] for name in names) / len(names)

    smile = of("smile")
    orbit, levator = (max(0.0, max(of(one), of(other)) - smile) for one, other in (("cheek", "lid"), ("nose", "lip")))
    return min(1.0, (5.0 * (of("brow") + orbit + levator) + of("closed")) / 16.0)


def variance(looks: Sequence[Shapes]) -> float:
    """How unsure the mean of `pain` over `looks` is: what differs between looks and between the sides of the face (pain
    is in both, shadow and a turned head in one), and `LEAST_VARIANCE`."""
    scores = [pain(one) for one in looks]
    mean = sum(scores) / len(scores)
    between = sum((score - mean) ** 2 for score in scores) / len(scores)
    sides = sum(((pain(one, 0) - pain(one, 1)) / 2.0) ** 2 for one in looks) / len(looks)
    return between + sides + LEAST_VARIANCE
