"""A person's approval on its way to the threshold service: kept with its audit entry, in one transaction."""

import json
import uuid
from collections.abc import Mapping

from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.outbox import OutboxRepository
from services.ledger.roster import RosterRepository
from services.ledger.statuses import StatusRepository
from services.ledger.topics import THRESHOLD_APPROVED
from services.runtime.codec import to_json
from services.vocabulary import Approval, ResidentNow, UnixSeconds


class NotProposed(ValueError):
    """There is nothing to approve, or not what the person saw; `unknown`: there is no such resident at all."""

    def __init__(self, text: str, unknown: bool = False) -> None:
        super().__init__(text)
        self.unknown = unknown


def proposed(database: Database) -> list[ResidentNow]:
    """Residents with a threshold that waits for a person, by id."""
    with database.read() as connection:
        return [now for now in StatusRepository(connection).all() if now.proposals]


def approve(
    database: Database, resident: str, by: str, now: UnixSeconds, seen: Mapping[str, float] | None = None
) -> Approval:
    """Keep that `by` lets every threshold of `resident` rise that waits now; the threshold service acts on it. `seen`
    is what the person was shown, thresholds by rule; what is proposed must not lie above it.

    Raises:
        NotProposed: nobody of this id, nothing that waits, or something higher than what was seen.
    """
    with database.write() as connection:
        known = StatusRepository(connection).get(resident)
        if known is None and RosterRepository(connection).agent_of(resident) is None:
            raise NotProposed(f"no resident has the id {resident!r}", unknown=True)
        waiting = () if known is None else known.proposals
        if not waiting:
            raise NotProposed(f"no threshold of {resident!r} waits for a person")
        for one in waiting:
            if seen is not None and not one.wanted <= seen.get(one.rule, float("-inf")) * (1.0 + 1e-9):
                raise NotProposed(f"the rule {one.rule!r} is proposed at {one.wanted:.6g}, which is not what was seen: "
                                  "look again")  # fmt: skip
        word = Approval(str(uuid.uuid4()), resident, by, now, waiting)
        OutboxRepository(connection).add(THRESHOLD_APPROVED, resident, to_json(word), now)
        said = {"id": word.id, "resident": resident, "by": by, "wanted": {one.rule: one.wanted for one in waiting}}
        AuditRepository(connection).append(THRESHOLD_APPROVED, json.dumps(said), now)
        return word
