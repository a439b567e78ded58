"""`python -m edge_agent.check_model MODEL --on PICTURES`, as `attune assets check`: what a model says of faces, or of
whole pictures where it is described as the scene's."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from edge_agent.capture.decimation import Counts
from edge_agent.capture.decoder import decode
from edge_agent.capture.frame import Frame, Image
from edge_agent.capture.source import Source, SourceError
from edge_agent.models import Model, ModelAltered, ModelMissing, ModelUnreadable, ProviderMissing
from edge_agent.models import load as load_model
from edge_agent.preprocess.pixels import whole
from edge_agent.preview.contact_sheet import Tile, sheet
from edge_agent.senses import chosen
from edge_agent.sensing import deepface
from edge_agent.sensing.expression_models import ExpressionModel, described
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.roster import Choice
from edge_agent.sensing.yunet import MODEL as YUNET
from edge_agent.settings import EdgeSettings
from edge_agent.takes import PICTURES
from services.runtime.assets import AssetError, Shelf
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load

MOST_SHOWN = 40


class Nothing(ValueError):
    """There is nothing to check the model on."""


class Shown(NamedTuple):
    """What the model is shown of one `picture`: a face, or the whole `image` (size x size x 3, BGR); `sure` (0..1) is
    the face detector's score, None where no face was looked for."""

    picture: str
    image: Image
    sure: float | None = None


class Subject(NamedTuple):
    """A model, how it is read, and whether it looks at the `whole` picture or at faces."""

    what: ExpressionModel
    model: Model
    whole: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 it was shown, 2 it was not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    try:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        settings = load(EdgeSettings, asked.config)
        subject = _subject(asked.model, chosen(settings), settings.provider)
        shown = _shown(subject, _pictures(asked.on))
        said = _said(subject, shown)
        _write(asked.out, subject, shown, said)
    except (
        SettingError, AssetError, ModelMissing, ModelAltered, ModelUnreadable, ProviderMissing, SourceError, Nothing,
    ) as error:  # fmt: skip
        return refuse(error)
    Console().print(_table(subject, shown, said))
    print(f"drawn: {asked.out}; it holds pictures of people, delete it after use")  # noqa: T201 - a person reads this
    return 0


def _subject(name: str, choice: Choice, provider: str) -> Subject:
    scene = choice.scene
    if scene is not None and scene.what.file == name:
        what, whole_picture = scene.what, True
    else:
        try:
            what, whole_picture = described(name, choice.known), False
        except ValueError as error:
            raise Nothing(f"{error}, or a table [scene_model]") from error
    if name == deepface.NAME:
        model: Model = deepface.load_deepface()
    else:
        model = load_model(what.path or Shelf.open().find(name), provider, expected_digest=what.sha256)
    return Subject(what, what.checked(model), whole_picture)


def _pictures(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    found = [file for file in sorted(place.rglob("*")) if file.suffix.lower() in PICTURES] if place.is_dir() else []
    if not found:
        raise Nothing(f"--on {place}: no picture there; expected a picture, or a folder with some")
    return found


def _shown(subject: Subject, pictures: Sequence[Path]) -> list[Shown]:
    what = subject.what
    frames = [(file.name, frame) for file in pictures if (frame := _first(file)) is not None]
    if subject.whole:
        shown = [Shown(name, whole(frame.image, what.size, what.square)) for name, frame in frames]
        missing = f"none of {len(pictures)} pictures can be read; expected pictures such as .jpg or .png"
    else:
        faces = Faces(load_model(Shelf.open().find(YUNET), "CPU"))
        found = [(name, face) for name, frame in frames for face in faces.find(frame)]
        shown = [Shown(name, image, face.score) for name, face in found if (image := what.crop(face)) is not None]
        missing = f"no face in {len(pictures)} pictures; expected faces of at least 24 pixels, seen from the front"
    if not shown:
        raise Nothing(missing)
    return shown[:MOST_SHOWN]


def _first(file: Path) -> Frame | None:
    return next((item for item in decode(Source(str(file)), Counts()) if isinstance(item, Frame)), None)


def _said(subject: Subject, shown: Sequence[Shown]) -> list[dict[str, float]]:
    what = subject.what
    numbers = what.run(subject.model, [what.given(one.image) for one in shown])
    if not np.isfinite(numbers).all():
        raise ModelUnreadable(f"{what.file}: gives numbers that are none (NaN or infinite); check span, mean and std")
    columns = what.read(numbers)
    return [{channel: float(values[k]) for channel, values in columns.items()} for k in range(len(numbers))]


def _write(out: Path, subject: Subject, shown: Sequence[Shown], said: Sequence[dict[str, float]]) -> None:
    what, tiles = subject.what, []
    for one, numbers in zip(shown, said, strict=True):
        bars = [(name.partition(".")[2], value, -1.0 if name.startswith("affect") else 0.0, 1.0)
                for name, value in numbers.items()]  # fmt: skip
        tiles.append(Tile(one.image, one.picture[:26], bars))
    kept = ("in its proportions" if what.square else "squeezed") if subject.whole else f"margin {what.margin:g}"
    try:
        written = cv2.imwrite(str(out), sheet(tiles, f"{what.file}: {what.size} pixels, {what.colour}, {kept}"))
    except cv2.error as error:
        raise Nothing(f"--out {out.name!r}: expected a name that ends in .png") from error
    if not written:
        raise Nothing(f"--out {out}: cannot be written; is there such a folder, and room on the disk?")


def _table(subject: Subject, shown: Sequence[Shown], said: Sequence[dict[str, float]]) -> Table:
    model = subject.model
    table = Table("picture", title=f"{subject.what.file}, sha256 {model.digest[:16]}…, on {model.provider}")
    if not subject.whole:
        table.add_column("face")
    for name in subject.what.channels:
        table.add_column(name.partition(".")[2], no_wrap=True)
    for one, numbers in zip(shown, said, strict=True):
        most = max((value for name, value in numbers.items() if name.startswith("emotion")), default=None)
        cells = [f"[bold]{value:.2f}[/]" if value == most else f"{value:.2f}" for value in numbers.values()]
        table.add_row(one.picture, *([f"{one.sure:.2f}"] if one.sure is not None else []), *cells)
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune assets check", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--on", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("contact_sheet.png"))
    parser.add_argument("--config", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
