"""How long each table keeps its rows, in one place, and the sweep that holds the ledger to it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, select

from services.ledger import tables
from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.history.rows import HOUR_S
from services.ledger.tables import METADATA
from services.vocabulary import AdapterState, AlertStatus, UnixSeconds

DAY_S = 86400.0
RECORD_DAYS = 400.0
"""What people decided on: above the six months of logs that the AI Act asks for (Art. 19, 26), a year and a month."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows go when `column` (Unix seconds, or hours where `per` is HOUR_S) is older than `days`."""

    days: float
    column: str
    per: float = 1.0


RETENTION: dict[str, Retention] = {
    "events": Retention(RECORD_DAYS, "updated_at"),
    "event_revisions": Retention(RECORD_DAYS, "at"),
    "event_conflicts": Retention(RECORD_DAYS, "at"),
    # Gone with their event at the latest.
    "movements": Retention(RECORD_DAYS, "at"),
    "edge_alarms": Retention(RECORD_DAYS, "at"),
    "assessments": Retention(RECORD_DAYS, "created_at"),
    # Of a replica that never came back: its askers have asked another one.
    "questions": Retention(1, "until"),
    # What answered about people stays known as long as the audit chain names it; one in use stays for good.
    "adapters": Retention(2192, "changed_at"),
    "adapter_moves": Retention(2192, "at"),
    "adapter_reports": Retention(2192, "at"),
    "adapter_answers": Retention(RECORD_DAYS, "at"),
    "canaries": Retention(30, "heard_at"),
    "canaries_out": Retention(30, "changed_at"),
    "alerts": Retention(RECORD_DAYS, "created_at"),
    "dispatches": Retention(RECORD_DAYS, "created_at"),
    "deliveries": Retention(RECORD_DAYS, "at"),
    "escalations": Retention(RECORD_DAYS, "started_at"),
    "endpoints": Retention(RECORD_DAYS, "changed_at"),
    "oncall": Retention(1, "said_at"),
    "model_servers": Retention(1, "said_at"),
    # As long as somebody may be watched by it: a decision is replaced, never forgotten while the roster has them.
    "modes": Retention(2192, "decided_at"),
    # Said anew at every start of a threshold service.
    "policies": Retention(2192, "since"),
    "feedback": Retention(RECORD_DAYS, "given_at"),
    "acknowledgements": Retention(RECORD_DAYS, "at"),
    "silences": Retention(RECORD_DAYS, "ends_at"),
    # Whoever is named in the audit chain stays known as long as it; who may still sign in stays for good.
    "people": Retention(2192, "changed_at"),
    "sessions": Retention(1, "expires_at"),
    "sign_in_attempts": Retention(1, "at"),
    # Six years: HIPAA 164.316(b)(2) for documentation of actions.
    "audit": Retention(2192, "at"),
    # The inbox must outlive the outbox: a forgotten message would be handled again. Source of the rest: guess.
    "outbox": Retention(14, "created_at"),
    "inbox": Retention(45, "at"),
    "snapshots": Retention(180, "saved_at"),
    "snapshot_parts": Retention(180, "saved_at"),
    "leases": Retention(RECORD_DAYS, "expires_at"),
    "roster": Retention(RECORD_DAYS, "seated_at"),
    "statuses": Retention(30, "updated_at"),
    "agents": Retention(30, "seen_at"),
    # Compaction empties the tail within hours; what it could not compact for so long is given up.
    "history_tail": Retention(60, "last"),
    "history_hours": Retention(730, "hour", per=HOUR_S),
}


def sweep(database: Database, now: UnixSeconds) -> dict[str, int]:
    """Remove what is older than its retention, table by table, each in its own transaction; rows removed by table.

    Open events, alerts that are not settled, unpublished messages, parts of a snapshot that is kept, and seats of
    agents that are heard stay.
    """
    swept = {}
    for name, rule in RETENTION.items():
        with database.write() as connection:
            swept[name] = _sweep_table(connection, name, rule, now)
    return swept


def _sweep_table(connection: Connection, name: str, rule: Retention, now: UnixSeconds) -> int:
    before = now - rule.days * DAY_S
    if name == "audit":
        return AuditRepository(connection).sweep(before, now)
    table = METADATA.tables[name]
    old = (table.c[rule.column] < before / rule.per, *_KEPT.get(name, ()))
    count = connection.scalar(select(func.count()).select_from(table).where(*old)) or 0
    if count:
        connection.execute(delete(table).where(*old))
    return int(count)


_SETTLED = [status.value for status in (AlertStatus.RESOLVED, AlertStatus.MISSED, AlertStatus.EXPIRED)]
_ENDED = [AdapterState.RETIRED.value, AdapterState.REFUSED.value]
_KEPT: dict[str, tuple[ColumnElement[bool], ...]] = {
    "adapters": (tables.adapters.c.state.in_(_ENDED),),
    "adapter_moves": (tables.adapter_moves.c.served_name.not_in(select(tables.adapters.c.served_name)),),
    "adapter_reports": (tables.adapter_reports.c.served_name.not_in(select(tables.adapters.c.served_name)),),
    "events": (tables.events.c.ended_at.is_not(None),),
    "event_revisions": (tables.event_revisions.c.event.not_in(select(tables.events.c.id)),),
    "alerts": (tables.alerts.c.status.in_(_SETTLED),),
    "people": (tables.people.c.disabled_at.is_not(None),),
    "outbox": (tables.outbox.c.published_at.is_not(None),),
    "snapshot_parts": (tables.snapshot_parts.c.agent.not_in(select(tables.snapshots.c.agent)),),
    "roster": (tables.roster.c.agent.not_in(select(tables.agents.c.agent)),),
}
