"""Who is reached now, step by step: `python -m services.alerting.oncall [--config FILE] [--at TIME] [--json]`."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from services.alerting.in_order import disabled
from services.alerting.reached import reached
from services.alerting.service import plan_of
from services.alerting.settings import AlertingSettings
from services.ledger import Database, DatabaseUrlError
from services.ledger.oncall import Reached
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load
from services.vocabulary import UnixSeconds


def line(one: Reached) -> str:
    """One step for a person."""
    if not one.chain:
        return f"tier {one.tier}: nobody, it stands on the page alone (name a receiver in ATTUNE_ALERTS_RECEIVERS)"
    who = f" ({', '.join(one.people)})" if one.people else ""
    by = ", ".join(one.channels) or "no channel that is answered now"
    off = f"; not now: {', '.join(one.not_now)}" if one.not_now else ""
    return f"tier {one.tier}, {one.chain}, {one.step}. {one.role}{who}: {by}{off}"


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, or 2 with one line that says why not."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load(AlertingSettings, chosen.config)
        at = time.time() if chosen.at is None else _time(chosen.at, settings)
        gone = _gone(settings)
    except (SettingError, ValueError, DatabaseUrlError) as error:
        return refuse(error)
    found = list(reached(plan_of(settings).chains, at, gone))
    shown = json.dumps([asdict(one) for one in found], indent=1) if chosen.json else "\n".join(map(line, found))
    print(shown)  # noqa: T201 - for a person
    return 0


def _time(text: str, settings: AlertingSettings) -> UnixSeconds:
    try:
        said = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"--at {text!r}: expected a time such as 2026-01-31T23:30") from error
    return (said if said.tzinfo else said.replace(tzinfo=settings.zone)).timestamp()


def _gone(settings: AlertingSettings) -> frozenset[str]:
    """Receivers that are disabled; none where there is no ledger yet."""
    database = Database(settings.database_url)
    try:
        with database.read() as connection:
            return disabled(connection)
    except SQLAlchemyError:
        print("attune: the ledger does not answer: disabled receivers are not known", file=sys.stderr)  # noqa: T201
        return frozenset()
    finally:
        database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune oncall", description=__doc__)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--at")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
