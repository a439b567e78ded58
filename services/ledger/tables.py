"""Every table of the ledger; the indexed facts stand in columns, the noun itself as JSON text in `body`."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; SQLite counts up only plain INTEGER keys."""


def _name(key: str, primary_key: bool = False) -> Column[Any]:
    return Column(key, String(255), primary_key=primary_key, nullable=False)


def _time(key: str, nullable: bool = False) -> Column[Any]:
    return Column(key, Double, nullable=nullable)


def _body() -> Column[Any]:
    return Column("body", Text, nullable=False)


def _number() -> Column[Any]:
    return Column("number", NUMBER, primary_key=True, autoincrement=True)


events = Table(
    "events", METADATA, _name("id", True), Column("revision", Integer, nullable=False), _name("resident"),
    _name("agent"), _time("opened_at"), _time("updated_at"), _time("ended_at", True),
    Column("tier", Integer, nullable=False), _body(),
    Index(None, "resident", "opened_at"), Index(None, "opened_at"), Index(None, "agent", "ended_at"),
)  # fmt: skip
event_revisions = Table(
    "event_revisions", METADATA,
    Column("event", String(255), ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False), _time("at"), Index(None, "at"),
)  # fmt: skip
movements = Table(
    "movements", METADATA,
    Column("event", String(255), ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    _name("resident"), _time("at"), _body(), Index(None, "at"),
)  # fmt: skip
event_conflicts = Table(
    "event_conflicts", METADATA, _number(), _name("event"), Column("revision", Integer, nullable=False), _time("at"),
    _body(), UniqueConstraint("event", "revision"), Index(None, "at"),
)  # fmt: skip
outbox = Table(
    "outbox", METADATA, _number(), Column("id", String(36), nullable=False, unique=True), _name("topic"),
    _name("key"), _body(), _time("created_at"), _time("published_at", True),
    Index(None, "topic", "number"), Index(None, "published_at", "number"), Index(None, "created_at"),
    sqlite_autoincrement=True,
)  # fmt: skip
inbox = Table(
    "inbox", METADATA, _name("consumer", True), Column("message", String(36), primary_key=True), _time("at"),
    Index(None, "at"),
)  # fmt: skip
snapshots = Table(
    "snapshots", METADATA, _name("agent", True), _name("epoch"), Column("sequence", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False), _time("saved_at"),
)  # fmt: skip
snapshot_parts = Table(
    "snapshot_parts", METADATA, _name("agent", True), _name("resident", True),
    Column("revision", BigInteger, nullable=False), Column("blob", LargeBinary, nullable=False), _time("saved_at"),
)  # fmt: skip
leases = Table(
    "leases", METADATA, _name("agent", True), _name("holder"), Column("fence", BigInteger, nullable=False),
    _time("expires_at"),
)  # fmt: skip
roster = Table(
    "roster", METADATA, _name("resident", True), _name("agent"), _time("seated_at"), _body(), Index(None, "agent"),
)  # fmt: skip
statuses = Table("statuses", METADATA, _name("resident", True), _name("agent"), _time("updated_at"), _body())
agents = Table(
    "agents", METADATA, _name("agent", True), _time("seen_at"), _name("software"), _name("epoch"),
    Column("skew_s", Double, nullable=False), Column("dropped", BigInteger, nullable=False),
    Column("spooled", BigInteger, nullable=False), Column("cameras", Text, nullable=False),
)  # fmt: skip
history_tail = Table(
    "history_tail", METADATA, _number(), _name("agent"), _name("resident"), Column("hour", BigInteger, nullable=False),
    _time("first"), _time("last"), Column("channels", Text, nullable=False),
    Column("blob", LargeBinary, nullable=False), Index(None, "resident", "last"), Index(None, "hour", "resident"),
)  # fmt: skip
history_hours = Table(
    "history_hours", METADATA, _name("resident", True), Column("hour", BigInteger, primary_key=True,
    autoincrement=False), _body(), Index(None, "hour"),
)  # fmt: skip
assessments = Table(
    "assessments", METADATA, _name("id", True), _name("event"), _time("created_at"), _body(),
    Index(None, "event", "created_at"), Index(None, "created_at"),
)  # fmt: skip
questions = Table(
    "questions", METADATA, _name("id", True), _name("replica"), _time("until"), _body(),
    Index(None, "replica", "until"),
)  # fmt: skip
adapters = Table(
    "adapters", METADATA, _name("served_name", True), _name("name"), _name("state"), _time("changed_at"), _body(),
)  # fmt: skip
adapter_moves = Table(
    "adapter_moves", METADATA, _number(), _name("served_name"), _time("at"), _body(), Index(None, "served_name"),
    Index(None, "at"),
)  # fmt: skip
adapter_reports = Table(
    "adapter_reports", METADATA, _name("served_name", True), _name("kind", True), _time("at"), _body(),
)  # fmt: skip
adapter_answers = Table(
    "adapter_answers", METADATA, _number(), _name("served_name"), _name("role"), _name("event"), _time("at"), _body(),
    Index(None, "served_name", "at"), Index(None, "at"),
)  # fmt: skip
alerts = Table(
    "alerts", METADATA, _name("id", True), Column("event", String(255), nullable=False, unique=True),
    _name("resident"), _name("status"), Column("tier", Integer, nullable=False), _time("opened_at"),
    _time("created_at"), _time("notify_not_before"), _body(),
    Column("room", String(255), nullable=False, server_default=""),
    Index(None, "status", "notify_not_before"), Index(None, "opened_at"), Index(None, "resident", "opened_at"),
    Index(None, "resident", "status"), Index(None, "room", "status"),
)  # fmt: skip
dispatches = Table(
    "dispatches", METADATA, _name("message", True), _name("receiver", True), _name("alert"), _name("notice"), _body(),
    _time("next_attempt_at"), Column("attempts", Integer, nullable=False), _name("state"), _time("created_at"),
    Index(None, "state", "next_attempt_at"), Index(None, "alert"), Index(None, "created_at"),
)  # fmt: skip
deliveries = Table(
    "deliveries", METADATA, _number(), _name("message"), _name("alert"), _time("at"), _body(),
    Index(None, "alert", "at"), Index(None, "at"),
)  # fmt: skip
escalations = Table(
    "escalations", METADATA, _name("alert", True), _name("state"), _time("due_at"), _time("started_at"), _body(),
    Index(None, "state", "due_at"),
)  # fmt: skip
endpoints = Table("endpoints", METADATA, _name("receiver", True), _time("changed_at"), _body())
oncall = Table(
    "oncall", METADATA, Column("tier", Integer, primary_key=True, autoincrement=False), _time("said_at"), _body(),
)  # fmt: skip
edge_alarms = Table(
    "edge_alarms", METADATA, _name("id", True), _name("resident"), _name("agent"), _time("at"), _time("kept_at"),
    _time("settled_at", True), _body(), Index(None, "resident", "at"), Index(None, "settled_at"),
)  # fmt: skip
canaries = Table(
    "canaries", METADATA, _name("agent", True), Column("every_s", Double, nullable=False), _time("since"),
    _time("received_at", True), _time("heard_at"),
)  # fmt: skip
canaries_out = Table(
    "canaries_out", METADATA, _name("agent", True), _time("delivered_at", True), _time("lost_at", True),
    _time("changed_at"),
)  # fmt: skip
model_servers = Table(
    "model_servers", METADATA, _name("replica", True), _name("server", True), _time("said_at"), _body(),
)  # fmt: skip
policies = Table("policies", METADATA, _name("version", True), _time("since"), _body())
modes = Table("modes", METADATA, _name("resident", True), _time("decided_at"), _body())
feedback = Table(
    "feedback", METADATA, _name("id", True), _name("resident"), _name("alert"), _time("given_at"), _body(),
    Index(None, "alert"), Index(None, "given_at"),
)  # fmt: skip
acknowledgements = Table(
    "acknowledgements", METADATA, _name("id", True), _name("alert"), _name("by"), _time("at"), _name("source"),
    Index(None, "alert", "at"), Index(None, "at"),
)  # fmt: skip
silences = Table(
    "silences", METADATA, _name("id", True), _time("starts_at"), _time("ends_at"), _body(), Index(None, "ends_at"),
)  # fmt: skip
people = Table(
    "people", METADATA, _name("name", True), _name("role"), _time("changed_at"), _time("disabled_at", True), _body(),
)  # fmt: skip
sessions = Table(
    "sessions", METADATA, Column("digest", String(64), primary_key=True), _name("person"), _time("started_at"),
    _time("seen_at"), _time("expires_at"), Index(None, "person"), Index(None, "expires_at"),
)  # fmt: skip
sign_in_attempts = Table(
    "sign_in_attempts", METADATA, _number(), Column("name", String(64), nullable=False), _name("address"), _time("at"),
    Index(None, "name", "at"), Index(None, "address", "at"), Index(None, "at"), sqlite_autoincrement=True,
)  # fmt: skip
audit = Table(
    "audit", METADATA, _number(), _name("kind"), _time("at"), _body(), Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False), Index(None, "at"), sqlite_autoincrement=True,
)  # fmt: skip
