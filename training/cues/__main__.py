"""`python -m training.cues SOUNDS --embedding MODEL --out HEAD`, which `attune train cues` starts."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge_agent.preprocess.sound_models import FAMILIES
from training.cues.card import HEAD, READY, Card, counted, write_card
from training.cues.embedding import Embedded, Embedding, SoundUnreadable
from training.cues.figures import by_stretch, ready_made, side
from training.cues.fitting import Head, Windows, fit, fold_count, left_out
from training.cues.labelled import Labelled, Unusable, labelled, licence_notes, recheck


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 the head is written, 2 it is not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        from training.cues.head_file import write_head  # onnx is in the extras training and export alone

        _writable(asked.out)
        embedding = Embedding(asked.embedding, asked.family, asked.acoustics)
        head, card = make(asked.sounds, embedding, asked.folds, asked.seed, asked.licence, console)
        write_head(head, asked.out, embedding.facts)
        written = [asked.out, *write_card(card, asked.out)]
    except ModuleNotFoundError as error:
        return _refuse(f"{error.name} is not installed: `pip install 'attune[training]'` brings it")
    except Unusable as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130  # as shells have it after Ctrl-C
    except OSError as error:
        return _refuse(f"{error.filename or asked.out}: {error.strerror}; nothing is complete, run it again")
    _show(card)
    console.print("written: " + ", ".join(map(str, written)))
    return 0


def make(
    place: Path, embedding: Embedding, folds: int, seed: int, licences: Sequence[str], console: Console
) -> tuple[Head, Card]:
    """A head of all sounds at `place`, and its card, whose figures are of sounds that were left out.

    Raises:
        Unusable: nothing can be learned from them.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} of {task.total}"),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console) as bar:
        stretches, unreadable = _embedded(labelled(place), embedding, bar, place)
        windows = Windows.of(stretches)
        count = fold_count(windows, folds)
        task = bar.add_task("leaving recordings out", total=count)
        labels, told = left_out(windows, count, seed, lambda: bar.advance(task))
        head = fit(windows, count, seed)
    for line in unreadable:
        console.print(f"left out: {line}")
    truth = [one.of.label for one in stretches]
    sides = {HEAD: side(labels, truth, by_stretch(windows, told, len(stretches)))}
    own = ready_made(stretches, labels)
    if own is not None:
        sides[READY] = side(labels, truth, own)
    sounds, recordings, stated = counted(stretches)
    terms = [*licences, *stated, *(f"see {note}" for note in licence_notes(place))]
    card = Card(labels, embedding.name, embedding.digest, count, sounds, recordings, terms, unreadable, sides)
    return head, card


def _embedded(
    sounds: Sequence[Labelled], embedding: Embedding, bar: Progress, place: Path
) -> tuple[list[Embedded], list[str]]:
    found, unreadable = [], []
    task = bar.add_task("listening", total=len(sounds))
    for sound in sounds:
        try:
            found.append(embedding.of(sound))
        except SoundUnreadable as error:
            unreadable.append(str(error))
        bar.advance(task)
    if unreadable:
        try:
            recheck([one.of for one in found], place)
        except Unusable as error:
            raise Unusable(f"{error} ({len(unreadable)} unreadable, such as {unreadable[0]})") from error
    return found, unreadable


def _show(card: Card) -> None:
    table = Table("cue", "of", "found", "called so without being it", title=f"{card.folds} folds by recording")
    for cue in card.labels:
        for name, of in card.sides.items():
            table.add_row(cue, name, of.found[cue].text, of.false[cue].text)
    Console().print(table)
    for name, of in card.sides.items():
        print(f"Brier score of {name}: {of.brier:.4f}")  # noqa: T201 - a person reads this


def _writable(out: Path) -> None:
    if out.suffix.lower() != ".onnx":
        raise Unusable(f"--out {out.name!r}: expected a name that ends in .onnx")
    if not out.absolute().parent.is_dir():
        raise Unusable(f"--out: there is no folder {out.absolute().parent}")


def _refuse(why: str) -> int:
    print(f"attune: {why}", file=sys.stderr)  # noqa: T201 - a person reads this
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune train cues", description=__doc__)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--embedding", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--family", choices=list(FAMILIES), default="yamnet")
    parser.add_argument("--acoustics", action="store_true")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--licence", action="append", default=[])
    return parser


if __name__ == "__main__":
    sys.exit(main())
