"""What a reader finds in a data set before it becomes an example: one labelled thing, as the data set tells it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.vocabulary.time import Seconds
from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer, Split
from training.corpus.parts import Measured, Modality

CANNOT_MAP = "cannot_map"
"""The label of what our words do not say; the data set's own word stays beside it."""
CHILD, ADULT, OLDER = "age.child", "age.adult", "age.older"
"""Tags of who is seen, below 18, below 65 and above, where a data set tells it: for figures by age, never asked."""
ASSUMED_FRAMES_PER_S = 25.0
"""Of clips that come as numbered pictures without a clock. Source: guess."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A file to be shown. A film or sound without `end_s` is shown whole."""

    file: Path
    modality: Modality
    start_s: Seconds = 0.0
    end_s: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled thing. `told` is the data set's own word, `label` ours or `CANNOT_MAP`; `split` is the official one.

    `why` is a reasoning that the data set itself gives; `question` and `answer` are its own where it asks one.
    `subject` as in `Source`. `quality` is lower where the data set itself is less sure of its label.
    """

    item: str
    subject: str
    told: str
    label: str
    shown: tuple[Shown, ...] = ()
    measured: tuple[Measured, ...] = ()
    split: Split | None = None
    said: str = ""
    why: str = ""
    question: str = ""
    answer: str = ""
    domains: tuple[str, ...] = ()
    false_alarm: bool = False
    quality: float = 1.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one data set in its official layout. `asks_for` names what its labels are of, for the question.

    `evaluation_only` keeps all of it out of training whatever the use. `file` holds all of a data set that is made anew
    from time to time: with another file it is another corpus, so that nothing of the first one stays. `items` raises
    `LayoutUnknown`, and so does `folds`, which reads one of the official folds by its number, 1 the first, where there
    are some.
    """

    dataset: str
    layer: Layer
    items: Callable[[Path], Iterator[Item]]
    asks_for: str = "emotion"
    evaluation_only: bool = False
    folds: Callable[[Path, int], Iterator[Item]] | None = None
    file: str = ""


def mapped(dataset: str, told: str, labels: Mapping[str, str]) -> str:
    """Our word for `told`.

    Raises:
        LayoutUnknown: a label that the data set's documentation does not have.
    """
    try:
        return labels[told]
    except KeyError as error:
        raise LayoutUnknown(f"{dataset}: label {told!r}; expected one of {', '.join(map(repr, labels))}") from error


def need(path: Path, dataset: str) -> Path:
    """`path`, which must exist.

    Raises:
        LayoutUnknown: it does not.
    """
    if not path.exists():
        raise LayoutUnknown(f"{dataset}: there is no {path}; expected the official layout, see the reader's docstring")
    return path


def need_one(paths: Sequence[Path], dataset: str) -> Path:
    """The first of `paths` that exists.

    Raises:
        LayoutUnknown: none does.
    """
    return next((path for path in paths if path.exists()), None) or need(paths[0], dataset)


def some_frames(files: Sequence[Path], most: int = 4, per_s: float = ASSUMED_FRAMES_PER_S) -> tuple[Shown, ...]:
    """At most `most` of a clip's numbered pictures, evenly spread, each at its time."""
    count = min(most, len(files))
    chosen = [round(k * (len(files) - 1) / max(1, count - 1)) for k in range(count)]
    return tuple(Shown(files[k], Modality.IMAGE, k / per_s, k / per_s) for k in chosen)
