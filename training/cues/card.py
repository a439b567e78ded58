"""Says of a head what it was made of and how right it is: a card to read, one for programs, and a picture."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from training.cues.embedding import Embedded
from training.cues.figures import Side
from training.cues.labelled import NOTHING

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HEAD, READY = "this head", "the model's own classes"


@dataclass(frozen=True, slots=True)
class Card:
    """What there is to say of one head."""

    labels: tuple[str, ...]
    embedding: str
    embedding_sha256: str
    folds: int
    stretches: Mapping[str, int]
    recordings: Mapping[str, int]
    licences: Sequence[str]
    left_out: Sequence[str]
    sides: Mapping[str, Side]

    def text(self) -> str:
        """As Markdown."""
        lines = [f"# Cue head: {', '.join(self.labels)}", "", "Logistic regressions on an embedding, calibrated by "
                 "Platt's method; one probability for each cue and window.", "",
                 f"* Embedding: {self.embedding}, sha256 `{self.embedding_sha256}`. It goes with no other.",
                 f"* Figures: {self.folds} folds by source recording; every sound is judged by a head that heard "
                 "nothing of its recording. A cue counts from 0.5 on, in any window. Intervals: Wilson, 95 %; sounds "
                 "of one recording resemble one another: they are too narrow if anything.",
                 "* Not for deciding alone whether somebody needs help.", "", "## Sounds", "",
                 "| label | sounds | recordings |", "|---|---|---|"]  # fmt: skip
        lines += [f"| {one} | {self.stretches[one]} | {self.recordings[one]} |" for one in sorted(self.stretches)]
        lines += ["", "Terms: " + ("; ".join(self.licences) or "none stated beside the sounds; find out before you "
                  "pass the head on"), ""]  # fmt: skip
        if self.left_out:
            lines += ["Left out, unreadable: " + "; ".join(self.left_out), ""]
        lines += ["## How right", "", "| cue | of | found | called so without being it |", "|---|---|---|---|"]
        for name, side in self.sides.items():
            lines += [f"| {cue} | {name} | {side.found[cue].text} | {side.false[cue].text} |" for cue in self.labels]
        lines += ["", *(f"Brier score of {name}: {side.brier:.4f}" for name, side in self.sides.items()), ""]
        return "\n".join(lines)

    def jsonable(self) -> dict[str, Any]:
        """As plain values."""
        plain = asdict(self)
        for name, side in self.sides.items():
            rows: defaultdict[str, dict[str, int]] = defaultdict(dict)
            for (label, told), count in sorted(side.confusion.items()):
                rows[label][told] = count
            plain["sides"][name] = {
                "found": {cue: [one.of, one.total, *one.interval] for cue, one in side.found.items()},
                "false": {cue: [one.of, one.total, *one.interval] for cue, one in side.false.items()},
                "brier": side.brier, "confusion": rows,
            }  # fmt: skip
        return plain


def counted(stretches: Sequence[Embedded]) -> tuple[dict[str, int], dict[str, int], list[str]]:
    """Stretches and recordings of each label, and the licences that the table states."""
    recordings: defaultdict[str, set[str]] = defaultdict(set)
    for one in stretches:
        recordings[one.of.label].add(one.of.recording)
    licences = Counter(one.of.licence for one in stretches if one.of.licence)
    return (
        dict(Counter(one.of.label for one in stretches)),
        {label: len(names) for label, names in recordings.items()},
        [f"{licence} ({count} sounds)" for licence, count in sorted(licences.items())],
    )


def write_card(card: Card, out: Path) -> list[Path]:
    """Write `out` with the endings .card.md, .card.json and .png."""
    places = [out.with_suffix(ending) for ending in (".card.md", ".card.json", ".png")]
    places[0].write_text(card.text())
    places[1].write_text(json.dumps(card.jsonable(), indent=1) + "\n")
    draw(card, places[2])
    return places


def draw(card: Card, place: Path) -> None:
    """The confusion tables beside one another."""
    rows = [*sorted(set(card.stretches) - {NOTHING}), *([NOTHING] if NOTHING in card.stretches else [])]
    columns = [*card.labels, NOTHING]
    figure, axes = plt.subplots(1, len(card.sides), figsize=(1.5 + 3.6 * len(card.sides), 1.8 + 0.5 * len(rows)))
    for axis, (name, side) in zip(np.atleast_1d(axes), card.sides.items(), strict=True):
        counts = np.array([[side.confusion[row, column] for column in columns] for row in rows])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        for y, x in np.ndindex(counts.shape):
            axis.text(
                x, y, str(counts[y, x]), ha="center", va="center", color="white" if shares[y, x] > 0.6 else "black"
            )
        axis.set_xticks(
            range(len(columns)), ["no cue" if one == NOTHING else one for one in columns], rotation=30, ha="right"
        )
        axis.set_yticks(range(len(rows)), ["no cue" if one == NOTHING else one for one in rows])
        axis.set_xlabel("told")
        axis.set_ylabel("is")
        axis.set_title(name, fontsize=10)
    figure.tight_layout()
    figure.savefig(place, dpi=110)
    plt.close(figure)
