"""How right the senses are: labelled sounds and clips through the agent's own code, beside the models alone."""

import sys
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from edge_agent.camera import Eyes
from edge_agent.recorder import Recorder
from edge_agent.sensing.expression_models import DEFAULT
from edge_agent.sensing.roster import Choice
from edge_agent.takes import takes
from services.runtime.assets import Shelf
from services.vocabulary import EMOTIONS, CueName, Mode
from tests.bench.sensing import stated
from tests.bench.sensing.bare import BareEar, BareFace, pictures
from tests.bench.sensing.labelled import CARE, CUES, Happening, Labelled, household, loudest, sounds, table_of
from tests.bench.table import Figure, publish

SURE = 0.5
FPS = 8.0
OPERATORS = ("affectnet8_mnasnet05.onnx", "affectnet_va_shufflenet200.onnx")
"""What the reference scores of the clip were made with."""

OURS, BARE = (0.0, 1.975), (0.4875, 0.4875)
"""How long before the beginning and after the end of an event a row can hear it, seconds: a row of ours is told at the
end of a second and looks at every window of 0.975 s that ended in it; a bare one is told at the middle of its patch."""

Row = dict[str, float]


class Heard(NamedTuple):
    """A labelled sound with what the senses and the bare model say of it."""

    sound: Labelled
    ours: list[Row]
    bare: list[Row]


def record(eyes: Eyes, place: Path, mode: Mode, began: float = 0.0) -> list[Row]:
    """One row per second of a recording, by column; absence is NaN, a cue not listened for is 0."""
    recorder = Recorder(eyes, mode, began, 0.0, threading.Event())
    rows = []
    for when, scores in recorder.scores(takes(str(place), "", FPS).found[0]):
        cues = {name.channel: 0.0 for name in CueName}
        cues |= {cue.name.channel: cue.probability for cue in scores.cues}
        values = dict(zip(recorder.channels, scores.values, strict=True))
        rows.append({"time": when, "persons": float(scores.persons), **values, **cues})
    return rows


def main() -> int:
    """Measure, print the confusion tables and the figures; 1 where a bar is missed."""
    shelf = Shelf.open()
    assets = shelf.find(DEFAULT).parents[1]
    eyes = Eyes(shelf.find, Choice(), FPS)
    console = Console(width=140)
    figures = [
        *of_sounds(eyes, assets, console),
        *of_household(eyes, assets, console),
        *of_expression(eyes, assets, console),
        *of_reference(Eyes(shelf.find, Choice(expression=OPERATORS), FPS), assets),
        *of_people(eyes, assets),
    ]
    return publish("senses", [stated.beside(figure) for figure in figures])


def of_sounds(eyes: Eyes, assets: Path, console: Console) -> list[Figure]:
    """Single sounds: which cue of at least 0.5 each brings."""
    ear = BareEar(eyes.find("yamnet.onnx"))
    heard = [
        Heard(sound, record(eyes, sound.file, Mode.OBSERVABLES), ear.hear(sound.file))
        for sound in sounds(assets / "sounds")
    ]
    for title, side in (("the senses", 1), ("bare YAMNet", 2)):
        confusion = Counter((one.sound.label, _cue(one[side])) for one in heard)
        show(console, f"sounds (rows) and the most probable cue of at least {SURE}, {title}", confusion)
    figures = []
    for label in ("cry", "sneeze", "pain", "cry at home", "scream"):
        figures.append(_beside(f"{label}: found", [one for one in heard if one.sound.label == label]))
    calm = [one for one in heard if not one.sound.right or one.sound.label == "sneeze"]
    ours = sum(loudest(one.ours, CARE) >= SURE for one in calm)
    bare = sum(loudest(one.bare, CARE) >= SURE for one in calm)
    figures.append(Figure(f"false care cues in {len(calm)} calm sounds", ours, "sounds", f"bare {bare}", None,
                          "no more than bare", ours <= bare))  # fmt: skip
    return figures


def of_household(eyes: Eyes, assets: Path, console: Console) -> list[Figure]:
    """150 seconds with 21 events: those with a cue of their own are found, and nothing else is."""
    file = assets / "sounds" / "household_150s_16k.flac"
    events = household(file.with_suffix(".events.csv"))
    ours = record(eyes, file, Mode.OBSERVABLES)
    bare = BareEar(eyes.find("yamnet.onnx")).hear(file)
    told = [event for event in events if event.right]
    confusion: Counter[tuple[str, str]] = Counter()
    for event in events:
        confusion[event.label, _cue(_during(ours, event, OURS))] += 1
    show(console, f"household events (rows) and the most probable cue of at least {SURE}, the senses", confusion)
    ours_found, bare_found = (
        sum(loudest(_during(rows, event, reach), event.right) >= SURE for event in told)
        for rows, reach in ((ours, OURS), (bare, BARE))
    )
    figures = [
        Figure(f"household: of {len(told)} events with a cue, found", ours_found, "events", f"bare {bare_found}",
               ours_found / max(bare_found, 1), "at least bare", ours_found >= bare_found)
    ]  # fmt: skip
    false = [
        sum(loudest([row], CARE) >= SURE for row in rows if not any(_within(row["time"], e, reach) for e in told))
        for rows, reach in ((ours, OURS), (bare, BARE))
    ]
    figures.append(Figure("household: false care cues", false[0], "seconds", f"bare {false[1]} patches", None,
                          "no more than bare", false[0] <= false[1]))  # fmt: skip
    return figures


def of_expression(eyes: Eyes, assets: Path, console: Console) -> list[Figure]:
    """The calm stretches of the clip are labelled: the smiling man, the still man, the calm woman."""
    clip = assets / "clips" / "demo_open_56s.mp4"
    labels = {(0, 14): "happiness", (14, 24): "neutral", (42, 56): "neutral"}
    rows = record(eyes, clip, Mode.AFFECT)
    bare = BareFace(eyes.find(DEFAULT).parent, DEFAULT)
    ours, alone = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for (start_s, end_s), label in labels.items():
        ours.update((label, _emotion(row)) for row in rows if start_s < row["time"] <= end_s)
        alone.update((label, bare.read(one.image) or "absent") for one in pictures(clip, 2.0, start_s, end_s))
    show(console, "expression: labelled seconds of the clip (rows), the senses", ours)
    show(console, f"expression: labelled pictures of the clip (rows), bare {DEFAULT}", alone)
    right, bare_right = _right(ours), _right(alone)
    return [
        Figure(f"expression: right in {ours.total()} labelled seconds", right, "share",
               f"bare {DEFAULT}: {bare_right:.3f}", right / bare_right, "at least bare", right >= bare_right)
    ]  # fmt: skip


def of_reference(eyes: Eyes, assets: Path) -> list[Figure]:
    """Seconds of the clip against the scores that lie beside it, which single models gave."""
    clip = assets / "clips" / "demo_open_56s.mp4"
    rows = record(eyes, clip, Mode.AFFECT)
    reference = table_of(clip.with_suffix(".reference_scores.csv"))
    pairs = [
        (told, [row for row in rows if float(told["t"]) < row["time"] <= float(told["t"]) + 2]) for told in reference
    ]
    named = {"happy": "happiness"}
    agree = np.mean([_emotion(_mean(mine)) == named.get(told["emotion"], told["emotion"]) for told, mine in pairs])
    figures = [
        Figure("emotion as the reference scores say", float(agree), "share", f"{len(pairs)} stretches of 2 s", None,
               "0.9", bool(agree >= 0.9))
    ]  # fmt: skip
    for column, channel, bar in (
        ("valence", "affect.valence", 0.95), ("arousal", "affect.arousal", 0.9), ("smile", "face.mouthSmile", 0.95),
        ("browDown", "face.browDown", 0.9), ("eyeBlink", "face.eyeBlink", 0.8), ("jawOpen", "face.jawOpen", 0.8),
        ("cry", "audio.cue.cry", 0.8), ("groan", "audio.cue.groan", 0.6),
    ):  # fmt: skip
        largest = channel.startswith("audio")
        told = np.array([float(one[column]) for one, _ in pairs])
        mine = np.array(
            [(np.max if largest else np.nanmean)([row.get(channel, 0.0) for row in rows]) for _, rows in pairs]
        )
        same = float(np.corrcoef(told, mine)[0, 1])
        apart = float(np.abs(told - mine).mean())
        figures.append(Figure(f"{channel}: correlation with the reference", same, "r",
                              f"mean difference {apart:.3f}", same, f"{bar}", same >= bar))  # fmt: skip
    return figures


def of_people(eyes: Eyes, assets: Path) -> list[Figure]:
    """Clips of one person standing before the camera: counted as one, with a face and a body in every second."""
    clips = sorted((assets / "clips" / "intel").glob("*.mkv"))
    rows = [row for clip in clips for row in record(eyes, clip, Mode.OBSERVABLES)]
    faces = eyes.senses(Mode.OBSERVABLES).senses[2]
    alone = [len(faces.find(frame)) for clip in clips for frame in pictures(clip, 2.0)]  # type: ignore[attr-defined]
    bare = float(np.mean([n == 1 for n in alone]))
    figures = []
    for what, holds in (
        ("counted as one person", lambda row: row["persons"] == 1),
        ("with a face that is read", lambda row: np.isfinite(row["face.browDown"])),
        ("with a trunk or wrists that are followed", lambda row: np.isfinite(row["pose.wrist_speed"])),
    ):
        share = float(np.mean([holds(row) for row in rows]))
        met = share >= bare if "face" in what else None
        figures.append(Figure(f"{len(rows)} seconds of one person: {what}", share, "share",
                              f"bare YuNet: one face in {bare:.3f}" if "face" in what else "", None,
                              "at least bare" if "face" in what else "", met))  # fmt: skip
    return figures


def show(console: Console, title: str, counts: Counter[tuple[str, str]]) -> None:
    """A confusion table: rows are what is true, columns what was said."""
    said = sorted({column for _, column in counts})
    table = Table(title=title)
    for heading in ("", *said, "of"):
        table.add_column(heading)
    for label in sorted({row for row, _ in counts}):
        cells = [counts[label, column] for column in said]
        table.add_row(label, *(str(cell) if cell else "" for cell in cells), str(sum(cells)))
    console.print(table)


def _beside(what: str, heard: Sequence[Heard]) -> Figure:
    ours = sum(loudest(one.ours, one.sound.right) >= SURE for one in heard)
    bare = sum(loudest(one.bare, one.sound.right) >= SURE for one in heard)
    beside = f"bare {bare}/{len(heard)}"
    return Figure(f"{what} of {len(heard)}", ours, "sounds", beside, ours / max(bare, 1), "at least bare", ours >= bare)


def _cue(rows: Iterable[Row]) -> str:
    kept = list(rows)
    best = max(CUES, key=lambda cue: loudest(kept, (cue,)))
    return best.value if loudest(kept, (best,)) >= SURE else "none"


def _within(time_s: float, event: Happening, reach: tuple[float, float]) -> bool:
    return event.start_s - reach[0] < time_s <= event.end_s + reach[1]


def _during(rows: Iterable[Row], event: Happening, reach: tuple[float, float]) -> list[Row]:
    return [row for row in rows if _within(row["time"], event, reach)]


def _emotion(row: Row) -> str:
    seen = {name: row.get(f"emotion.{name}", float("nan")) for name in EMOTIONS}
    there = {name: value for name, value in seen.items() if np.isfinite(value)}
    return max(there, key=lambda name: there[name]) if there else "absent"


def _mean(rows: Sequence[Row]) -> Row:
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in rows[0]}


def _right(counts: Counter[tuple[str, str]]) -> float:
    return sum(n for (label, said), n in counts.items() if label == said) / counts.total()


if __name__ == "__main__":
    sys.exit(main())
