"""`python -m edge_agent.check_model MODEL --on PICTURES`, as `attune assets check`: what a model says of faces."""

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
from edge_agent.capture.frame import Frame
from edge_agent.capture.source import Source, SourceError
from edge_agent.models import Model, ModelAltered, ModelMissing, ModelUnreadable, ProviderMissing
from edge_agent.models import load as load_model
from edge_agent.preview.contact_sheet import Tile, sheet
from edge_agent.senses import chosen
from edge_agent.sensing.expression_models import ExpressionModel, Known, described
from edge_agent.sensing.faces import MODEL as YUNET
from edge_agent.sensing.faces import Faces
from edge_agent.sensing.role import Face
from edge_agent.settings import EdgeSettings
from edge_agent.takes import PICTURES
from services.runtime.assets import AssetError, Shelf
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load

MOST_FACES = 40


class Nothing(ValueError):
    """There is nothing to check the model on."""


class Seen(NamedTuple):
    """One face of a picture, as the model was shown it, and what it said, by channel."""

    picture: str
    face: Face
    said: dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 it was shown, 2 it was not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    try:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        settings = load(EdgeSettings, asked.config)
        what, model = _model(asked.model, chosen(settings).known, settings.provider)
        found = [one for one in _faces(_pictures(asked.on)) if what.see(one[1]) is not None]
        seen = [Seen(name, face, one) for (name, face), one in zip(found, _said(what, model, found), strict=True)]
        _write(asked.out, what, seen)
    except (
        SettingError, AssetError, ModelMissing, ModelAltered, ModelUnreadable, ProviderMissing, SourceError, Nothing,
    ) as error:  # fmt: skip
        return refuse(error)
    Console().print(_table(what, model, seen))
    print(f"drawn: {asked.out}; it holds pictures of people, delete it after use")  # noqa: T201 - a person reads this
    return 0


def _model(name: str, known: Known, provider: str) -> tuple[ExpressionModel, Model]:
    try:
        what = described(name, known)
    except ValueError as error:
        raise Nothing(str(error)) from error
    path = what.path or Shelf.open().find(name)
    return what, what.checked(load_model(path, provider, expected_digest=what.sha256))


def _pictures(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    found = [file for file in sorted(place.rglob("*")) if file.suffix.lower() in PICTURES] if place.is_dir() else []
    if not found:
        raise Nothing(f"--on {place}: no picture there; expected a picture, or a folder with some")
    return found


def _faces(pictures: Sequence[Path]) -> list[tuple[str, Face]]:
    faces = Faces(Shelf.open().find(YUNET))
    found: list[tuple[str, Face]] = []
    for file in pictures:
        frame = next((item for item in decode(Source(str(file)), Counts()) if isinstance(item, Frame)), None)
        found += [(file.name, face) for face in faces.find(frame)] if frame is not None else []
    if not found:
        raise Nothing(f"no face in {len(pictures)} pictures; expected faces of at least 24 pixels, seen from the front")
    return found[:MOST_FACES]


def _said(what: ExpressionModel, model: Model, found: Sequence[tuple[str, Face]]) -> list[dict[str, float]]:
    shown = [seen for _, face in found if (seen := what.see(face)) is not None]
    numbers = what.run(model, shown)
    if not np.isfinite(numbers).all():
        raise ModelUnreadable(f"{what.file}: gives numbers that are none (NaN or infinite); check span, mean and std")
    columns = what.read(numbers)
    return [{channel: float(values[k]) for channel, values in columns.items()} for k in range(len(numbers))]


def _write(out: Path, what: ExpressionModel, seen: Sequence[Seen]) -> None:
    tiles = []
    for picture, face, said in seen:
        image = what.crop(face)
        assert image is not None  # a face that was read lies in its picture
        bars = [(name.partition(".")[2], value, -1.0 if name.startswith("affect") else 0.0, 1.0)
                for name, value in said.items()]  # fmt: skip
        tiles.append(Tile(image, picture[:26], bars))
    heading = f"{what.file}: {what.size} pixels, {what.colour}, margin {what.margin:g}"
    try:
        written = cv2.imwrite(str(out), sheet(tiles, heading))
    except cv2.error as error:
        raise Nothing(f"--out {out.name!r}: expected a name that ends in .png") from error
    if not written:
        raise Nothing(f"--out {out}: cannot be written; is there such a folder, and room on the disk?")


def _table(what: ExpressionModel, model: Model, seen: Sequence[Seen]) -> Table:
    names = [name.partition(".")[2] for name in what.channels]
    table = Table("picture", "face", title=f"{what.file}, sha256 {model.digest[:16]}…, on {model.provider}")
    for name in names:
        table.add_column(name, no_wrap=True)
    for picture, face, said in seen:
        most = max((value for name, value in said.items() if name.startswith("emotion")), default=None)
        cells = [f"[bold]{value:.2f}[/]" if value == most else f"{value:.2f}" for value in said.values()]
        table.add_row(picture, f"{face.score:.2f}", *cells)
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
