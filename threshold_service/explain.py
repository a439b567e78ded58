"""`python -m threshold_service.explain EVENT_ID`: every term and parameter behind an event, from the ledger itself."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from services.ledger.database import Database, DatabaseUrlError
from services.ledger.events import EventRepository
from services.ledger.explained import Explained, explained
from services.ledger.history.segments import SegmentDamaged
from services.runtime.codec import to_jsonable
from services.runtime.settings import SettingError, load
from services.vocabulary import Policy
from threshold_service.explain_text import listing, show
from threshold_service.policy import read_policy
from threshold_service.settings import ThresholdSettings

WIDTH = 118
LIST = "attune threshold events"


class CannotExplain(ValueError):
    """What was asked for cannot be shown; says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 shown, 2 something about the question, the settings or the ledger has to change first."""
    given = _arguments().parse_args(arguments)
    try:
        settings = load(ThresholdSettings, given.config)
        policies = (read_policy(settings.policy), Policy())
        database = opened(settings.database_url)
        try:
            _answer(given, database, settings.history_folder, policies)
        finally:
            database.close()
    except (CannotExplain, SettingError, DatabaseUrlError, SegmentDamaged) as error:
        print(f"attune threshold: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _answer(given: argparse.Namespace, database: Database, folder: Path, policies: Sequence[Policy]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    if given.event is None:
        with database.read() as connection:
            found = EventRepository(connection).page(None, given.limit, given.resident, given.tier)
        listing(console, found)
        return
    target = None if given.plot is None else _target(given.plot)
    known = explained(database, folder, given.event, policies)
    if known is None:
        raise CannotExplain(f"no event has the id {given.event!r} in this ledger: `{LIST}` lists the latest ones")
    if given.json:
        print(json.dumps(_plain(to_jsonable(known.explanation)), indent=1, allow_nan=False))  # noqa: T201
    else:
        show(console, known.explanation)
    if target is not None:
        _draw(known, target)


def _draw(known: Explained, file: Path) -> None:
    from threshold_service.explain_plot import draw

    drawn = draw(known, file)
    print(f"plotted: {drawn} in {file}", file=sys.stderr)  # noqa: T201


def opened(url: str) -> Database:
    """The ledger of the threshold service, which is there already.

    Raises:
        CannotExplain: there is none, or it does not answer.
        DatabaseUrlError: no address of a database.
    """
    path = url.partition("sqlite:///")[2]
    if path and not Path(path).exists():
        raise CannotExplain(f"there is no ledger at {path}: set ATTUNE_DATABASE_URL to the threshold service's own")
    database = Database(url)
    problem = database.check()
    if problem:
        database.close()
        raise CannotExplain(
            f"{problem}: set ATTUNE_DATABASE_URL to the threshold service's own, and start its database"
        )
    return database


def _target(file: Path) -> Path:
    if file.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise CannotExplain(f"--plot {file.name!r}: expected a name that ends in .png, .svg or .pdf")
    if not file.absolute().parent.is_dir():
        raise CannotExplain(f"--plot: there is no folder {file.absolute().parent}")
    return file


def _plain(value: Any) -> Any:
    """The same with null where a number is none."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune threshold", description=__doc__)
    parser.add_argument("event", nargs="?", help="id of the event; without one the latest events are listed")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--resident")
    parser.add_argument("--tier", type=int, choices=(1, 2, 3))
    parser.add_argument("--limit", type=int, default=20)
    return parser


if __name__ == "__main__":
    sys.exit(main())
