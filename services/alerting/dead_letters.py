"""What was given up, and how a person has it tried again: `python -m services.alerting.dead_letters list | replay`."""

import argparse
import json
import sys
import time
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting.acknowledging import as_known
from services.alerting.disabling import enable
from services.ledger import (
    AlertRepository,
    AuditRepository,
    Database,
    DatabaseUrlError,
    DeliveryRepository,
    Dispatch,
    DispatchState,
)
from services.runtime.lifecycle import refuse
from services.runtime.settings import LedgerSettings, load
from services.runtime.webhook.signing import new_key
from services.vocabulary import Notice, UnixSeconds

REPLAYED = "delivery.replayed"
"""In the audit chain."""


class NotReplayed(ValueError):
    """A dispatch that cannot be tried again, with why."""


def replay(connection: Connection, message: str, receiver: str, by: str, now: UnixSeconds) -> Dispatch:
    """Try a dispatch that was given up again, from the beginning of its schedule.

    Raises:
        NotReplayed: there is none, it was not given up, or somebody took the alert.
    """
    found = DeliveryRepository(connection).get(message, receiver)
    if found is None or found.state is not DispatchState.FAILED:
        what = "no such dispatch" if found is None else f"it is {found.state.value}"
        raise NotReplayed(f"{message} to {receiver}: {what}; expected one that was given up (attune alerts dead)")
    if found.notice is Notice.TEST:
        raise NotReplayed(f"{message} to {receiver}: a canary is not tried again, the next one is on its way")
    alert = AlertRepository(connection).get(found.alert)
    if alert is not None and as_known(connection, alert).acknowledged_at is not None:
        raise NotReplayed(f"{message} to {receiver}: somebody took the alert; nobody is told of it any more")
    again = replace(found, state=DispatchState.PENDING, attempts=0, created_at=now, next_attempt_at=now)
    DeliveryRepository(connection).update(again)
    facts = {"message": message, "receiver": receiver, "by": by}
    AuditRepository(connection).append(REPLAYED, json.dumps(facts), now)
    return again


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, or 2 with one line that says why not."""
    chosen = _parser().parse_args(arguments)
    if chosen.what == "keys":
        private, public = new_key()
        print(f"private, for ed25519_key_file: {private}\npublic, for the receiver:      {public}")  # noqa: T201
        return 0
    try:
        database = Database(load(LedgerSettings).database_url)
    except (ValueError, DatabaseUrlError) as error:
        return refuse(error)
    try:
        return _do(database, chosen)
    except NotReplayed as error:
        return refuse(error)
    finally:
        database.close()


def _do(database: Database, chosen: argparse.Namespace) -> int:
    if chosen.what == "list":
        with database.read() as connection:
            found = DeliveryRepository(connection).failed(chosen.limit)
        for dispatch in found:
            facts = (dispatch.message, dispatch.receiver, dispatch.notice.value, f"{dispatch.attempts} attempts")
            print("  ".join(facts))  # noqa: T201 - a person reads this
        return 0
    with database.write() as connection:
        if chosen.what == "replay":
            replay(connection, chosen.message, chosen.receiver, chosen.by, time.time())
        else:
            enable(connection, chosen.receiver, chosen.by, time.time())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune alerts", description=__doc__)
    inside = parser.add_subparsers(dest="what", required=True)
    inside.add_parser("keys")
    listed = inside.add_parser("list")
    listed.add_argument("--limit", type=int, default=50)
    again = inside.add_parser("replay")
    again.add_argument("message")
    enabled = inside.add_parser("enable")
    for one in (again, enabled):
        one.add_argument("receiver")
        one.add_argument("--by", required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
