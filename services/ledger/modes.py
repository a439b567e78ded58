"""How each resident is to be watched: the latest decision of a person, with the consent it rests on."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from services.ledger.tables import modes
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import ModeDecision


class ModeRepository:
    """The decision in force about each resident; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def decide(self, decision: ModeDecision) -> bool:
        """Keep a decision; False when one of the same time or later is kept."""
        known = self.of([decision.resident])
        if known and known[0].decided_at >= decision.decided_at:
            return False
        row = {"resident": decision.resident, "decided_at": decision.decided_at, "body": to_json(decision)}
        put(self._connection, modes, row)
        return True

    def of(self, residents: Iterable[str]) -> list[ModeDecision]:
        """What was decided about these residents, by resident id; nothing was about the others."""
        query = select(modes.c.body).where(modes.c.resident.in_(list(residents))).order_by(modes.c.resident)
        return [from_json(ModeDecision, body) for body in self._connection.scalars(query)]
