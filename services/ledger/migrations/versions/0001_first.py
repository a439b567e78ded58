"""The first schema of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _events()
    _messages()
    _agents()
    _history()
    _alerts()
    _people()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


TABLES = (
    "events",
    "event_revisions",
    "event_conflicts",
    "outbox",
    "inbox",
    "snapshots",
    "leases",
    "roster",
    "statuses",
    "agents",
    "history_tail",
    "history_hours",
    "assessments",
    "alerts",
    "dispatches",
    "deliveries",
    "feedback",
    "acknowledgements",
    "silences",
    "audit",
)


def _events() -> None:
    op.create_table(
        "events", sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False), sa.Column("resident", sa.String(255), nullable=False),
        sa.Column("agent", sa.String(255), nullable=False), sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False), sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("tier", sa.Integer(), nullable=False), sa.Column("body", sa.Text(), nullable=False),
        sa.Index("ix_events_agent_ended_at", "agent", "ended_at"), sa.Index("ix_events_opened_at", "opened_at"),
        sa.Index("ix_events_resident_opened_at", "resident", "opened_at"),
    )  # fmt: skip
    op.create_table(
        "event_revisions",
        sa.Column("event", sa.String(255), sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False), sa.Column("at", sa.Double(), nullable=False),
        sa.Index("ix_event_revisions_at", "at"),
    )  # fmt: skip
    op.create_table(
        "event_conflicts", sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("event", sa.String(255), nullable=False), sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False), sa.Column("body", sa.Text(), nullable=False),
        sa.UniqueConstraint("event", "revision"), sa.Index("ix_event_conflicts_at", "at"),
    )  # fmt: skip


def _messages() -> None:
    op.create_table(
        "outbox", sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("topic", sa.String(255), nullable=False), sa.Column("key", sa.String(255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False), sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("published_at", sa.Double(), nullable=True), sa.Index("ix_outbox_created_at", "created_at"),
        sa.Index("ix_outbox_published_at_number", "published_at", "number"),
        sa.Index("ix_outbox_topic_number", "topic", "number"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "inbox", sa.Column("consumer", sa.String(255), primary_key=True),
        sa.Column("message", sa.String(36), primary_key=True), sa.Column("at", sa.Double(), nullable=False),
        sa.Index("ix_inbox_at", "at"),
    )  # fmt: skip


def _agents() -> None:
    op.create_table(
        "snapshots", sa.Column("agent", sa.String(255), primary_key=True),
        sa.Column("epoch", sa.String(255), nullable=False), sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False), sa.Column("saved_at", sa.Double(), nullable=False),
    )  # fmt: skip
    op.create_table(
        "leases", sa.Column("agent", sa.String(255), primary_key=True),
        sa.Column("holder", sa.String(255), nullable=False), sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
    )  # fmt: skip
    op.create_table(
        "roster", sa.Column("resident", sa.String(255), primary_key=True),
        sa.Column("agent", sa.String(255), nullable=False), sa.Column("seated_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False), sa.Index("ix_roster_agent", "agent"),
    )  # fmt: skip
    op.create_table(
        "statuses", sa.Column("resident", sa.String(255), primary_key=True),
        sa.Column("agent", sa.String(255), nullable=False), sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )  # fmt: skip
    op.create_table(
        "agents", sa.Column("agent", sa.String(255), primary_key=True),
        sa.Column("seen_at", sa.Double(), nullable=False), sa.Column("software", sa.String(255), nullable=False),
        sa.Column("epoch", sa.String(255), nullable=False), sa.Column("skew_s", sa.Double(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False), sa.Column("spooled", sa.BigInteger(), nullable=False),
        sa.Column("cameras", sa.Text(), nullable=False),
    )  # fmt: skip


def _history() -> None:
    op.create_table(
        "history_tail", sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("agent", sa.String(255), nullable=False), sa.Column("resident", sa.String(255), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False), sa.Column("first", sa.Double(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False), sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Index("ix_history_tail_hour_resident", "hour", "resident"),
        sa.Index("ix_history_tail_resident_last", "resident", "last"),
    )  # fmt: skip
    op.create_table(
        "history_hours", sa.Column("resident", sa.String(255), primary_key=True),
        sa.Column("hour", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text(), nullable=False), sa.Index("ix_history_hours_hour", "hour"),
    )  # fmt: skip


def _alerts() -> None:
    op.create_table(
        "assessments", sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("event", sa.String(255), nullable=False), sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False), sa.Index("ix_assessments_created_at", "created_at"),
        sa.Index("ix_assessments_event_created_at", "event", "created_at"),
    )  # fmt: skip
    op.create_table(
        "alerts", sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("event", sa.String(255), nullable=False, unique=True),
        sa.Column("resident", sa.String(255), nullable=False), sa.Column("status", sa.String(255), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False), sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("notify_not_before", sa.Double(), nullable=False), sa.Column("body", sa.Text(), nullable=False),
        sa.Index("ix_alerts_opened_at", "opened_at"),
        sa.Index("ix_alerts_resident_opened_at", "resident", "opened_at"),
        sa.Index("ix_alerts_status_notify_not_before", "status", "notify_not_before"),
    )  # fmt: skip
    op.create_table(
        "dispatches", sa.Column("message", sa.String(255), primary_key=True),
        sa.Column("receiver", sa.String(255), primary_key=True), sa.Column("alert", sa.String(255), nullable=False),
        sa.Column("notice", sa.String(255), nullable=False), sa.Column("body", sa.Text(), nullable=False),
        sa.Column("next_attempt_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False), sa.Column("state", sa.String(255), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False), sa.Index("ix_dispatches_alert", "alert"),
        sa.Index("ix_dispatches_created_at", "created_at"),
        sa.Index("ix_dispatches_state_next_attempt_at", "state", "next_attempt_at"),
    )  # fmt: skip
    op.create_table(
        "deliveries", sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("message", sa.String(255), nullable=False), sa.Column("alert", sa.String(255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False), sa.Column("body", sa.Text(), nullable=False),
        sa.Index("ix_deliveries_alert_at", "alert", "at"), sa.Index("ix_deliveries_at", "at"),
    )  # fmt: skip


def _people() -> None:
    op.create_table(
        "feedback", sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("resident", sa.String(255), nullable=False), sa.Column("alert", sa.String(255), nullable=False),
        sa.Column("given_at", sa.Double(), nullable=False), sa.Column("body", sa.Text(), nullable=False),
        sa.Index("ix_feedback_alert", "alert"), sa.Index("ix_feedback_given_at", "given_at"),
    )  # fmt: skip
    op.create_table(
        "acknowledgements", sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("alert", sa.String(255), nullable=False), sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False), sa.Column("source", sa.String(255), nullable=False),
        sa.Index("ix_acknowledgements_alert_at", "alert", "at"), sa.Index("ix_acknowledgements_at", "at"),
    )  # fmt: skip
    op.create_table(
        "silences", sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("starts_at", sa.Double(), nullable=False), sa.Column("ends_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False), sa.Index("ix_silences_ends_at", "ends_at"),
    )  # fmt: skip
    op.create_table(
        "audit", sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(255), nullable=False), sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False), sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False), sa.Index("ix_audit_at", "at"), sqlite_autoincrement=True,
    )  # fmt: skip
