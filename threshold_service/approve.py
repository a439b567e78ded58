"""`python -m threshold_service.approve [RESIDENT --by NAME]`: thresholds that wait for a person, and their word."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.ledger.approving import NotProposed, approve, proposed
from services.ledger.database import Database, DatabaseUrlError
from services.ledger.inbox import InboxRepository
from services.ledger.outbox import message_id
from services.ledger.topics import THRESHOLD_APPROVED
from services.runtime.clock import SystemClock
from services.runtime.codec import to_json
from services.runtime.settings import SettingError, load
from services.vocabulary import Approval, ResidentNow
from threshold_service.agent_run import APPROVALS
from threshold_service.explain import WIDTH, CannotExplain, opened
from threshold_service.settings import ThresholdSettings

ACTED_S = 10.0
"""How long is waited for the service to act; it looks every two seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 2 something about the question, the settings or the ledger has to change first."""
    given = _arguments().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    try:
        database = opened(load(ThresholdSettings, given.config).database_url)
        try:
            if given.resident is None:
                _list(console, proposed(database), given.json)
            else:
                _approve(console, database, given.resident, given.by.strip())
        finally:
            database.close()
    except (CannotExplain, NotProposed, SettingError, DatabaseUrlError) as error:
        print(f"attune threshold: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _list(console: Console, waiting: Sequence[ResidentNow], as_json: bool) -> None:
    if as_json:
        items = [{"resident": now.resident.id, "proposals": [asdict(one) for one in now.proposals]} for now in waiting]
        print(json.dumps(items, indent=1))  # noqa: T201
        return
    if not waiting:
        console.print("No threshold waits for a person.")
        return
    table = Table("resident", "rule", "in force", "wanted", "typical peak", title="Tier-1 thresholds that wait")
    for now in waiting:
        for one in now.proposals:
            numbers = (one.threshold, one.wanted, one.usual)
            table.add_row(now.resident.id, one.rule, *(f"{number:.4g}" for number in numbers))
    console.print(table)
    console.print("A higher threshold speaks less often. `attune threshold approve RESIDENT --by NAME` lets it rise.")


def _approve(console: Console, database: Database, resident: str, by: str) -> None:
    if not by:
        raise NotProposed("--by is empty: expected the name of the person who answers for it")
    word = approve(database, resident, by, SystemClock().now())
    for one in word.proposals:
        console.print(f"{by} lets {one.rule} of {resident} rise from {one.threshold:.4g} to {one.wanted:.4g}")
    clock = SystemClock()
    end = clock.monotonic() + ACTED_S
    while clock.monotonic() < end:
        if _acted(database, word):
            console.print("The threshold service has acted on it; the audit chain says at which sample.")
            return
        time.sleep(0.2)
    console.print("Kept. It takes effect once the threshold service runs and this resident's agent is connected.")


def _acted(database: Database, word: Approval) -> bool:
    with database.read() as connection:
        message = message_id(THRESHOLD_APPROVED, word.resident, to_json(word))
        return InboxRepository(connection).handled(APPROVALS, message)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune threshold", description=__doc__)
    parser.add_argument("resident", nargs="?", help="id of the resident; without one, what waits is listed")
    parser.add_argument("--by", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--config", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
