"""How right a head of `attune train cues` is on the labelled sounds of the assets, beside YAMNet's own classes."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from services.runtime.assets import Shelf
from tests.bench.table import Figure, publish
from training.cues.__main__ import make
from training.cues.card import HEAD, READY, write_card
from training.cues.embedding import Embedding

YAMNET = "yamnet.onnx"
COLUMNS = ("file", "label", "recording", "start", "end", "licence")
_ESC10 = {"baby_cry": "cry", "person_sneeze": "cough"}
_HOUSEHOLD = {"Crying, sobbing": "cry", "Sneeze": "cough", "Sigh/Gasp": "groan", "Screaming/Groan": "groan",
              "Dog": "none", "Fire": "none"}  # fmt: skip
"""Its clock and its rain lie under other sounds and are left out."""

Row = tuple[str, str, str, str, str, str]


def main() -> int:
    """Make the table, fit, and print what was told of which sound."""
    model = Shelf.open().find(YAMNET)
    place = Path("build/bench/cues")
    place.mkdir(parents=True, exist_ok=True)
    with (place / "sounds.csv").open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        writer.writerows(rows(model.parents[1] / "sounds"))
    _, card = make(place / "sounds.csv", Embedding(model), 5, 0, (), Console(stderr=True))
    write_card(card, place / "head.onnx")
    _, fuller = make(place / "sounds.csv", Embedding(model, acoustics=True), 5, 0, (), Console(stderr=True))
    head, ready = card.sides[HEAD], card.sides[READY]
    figures = []
    for cue in card.labels:
        for what, mine, theirs in (("found", head.found, ready.found), ("false", head.false, ready.false)):
            figures.append(Figure(f"{cue}: {what}", mine[cue].of, f"of {mine[cue].total}",
                                  f"YAMNet's own classes: {theirs[cue].of}"))  # fmt: skip
    right = [sum(count for (is_, told), count in side.confusion.items() if is_ == told) for side in (head, ready)]
    figures.append(Figure("sounds named rightly", right[0], f"of {sum(card.stretches.values())}",
                          f"YAMNet's own classes: {right[1]}", right[0] / right[1], "more",
                          right[0] > right[1]))  # fmt: skip
    figures.append(Figure("Brier score", head.brier, "", f"YAMNet's own classes: {ready.brier:.3f}",
                          head.brier / ready.brier, "less", head.brier < ready.brier))  # fmt: skip
    more = fuller.sides[HEAD].brier
    figures.append(Figure("Brier score with acoustics", more, "", f"without: {head.brier:.3f}", more / head.brier))
    return publish("cues", figures)


def rows(sounds: Path) -> Iterator[Row]:
    """Every labelled sound; takes of one recording, and voices of one actor, share the recording."""
    for file in sorted(sounds.glob("esc10_cc0/*.ogg")):
        kind, _, clip = file.name.partition("__")
        yield str(file), _ESC10.get(kind, "none"), clip.split("-")[1], "", "", "CC0"
    for file in sorted(sounds.glob("donateacry_odbl/*.wav")):
        yield str(file), "cry", file.name.partition("__")[2][:36], "", "", "ODbL"
    for file in sorted(sounds.glob("freedoom_bsd/*.wav")):
        yield str(file), "groan", file.name, "", "", "BSD-3-Clause"
    for file in sorted(sounds.glob("wesnoth_gpl2/*.*[vg]")):
        yield str(file), "groan", "-".join(file.stem.split("-")[:2]), "", "", "GPL-2+"
    household = sounds / "household_150s_16k.flac"
    with household.with_suffix(".events.csv").open(newline="") as table:
        for event in csv.DictReader(table):
            if event["label"] in _HOUSEHOLD:
                clip = event["source_file"].partition("__")[2] or event["source_file"]
                source = clip.split("-")[1] if "-" in clip else clip
                yield str(household), _HOUSEHOLD[event["label"]], source, event["start_s"], event["end_s"], "CC0, BSD"


if __name__ == "__main__":
    sys.exit(main())
