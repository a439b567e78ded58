"""Versions of adapters, their steps, what was found out about them and what they answered."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "adapters",
        sa.Column("served_name", sa.String(255), primary_key=True, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("state", sa.String(255), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "adapter_moves",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("served_name", sa.String(255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_adapter_moves_served_name", "adapter_moves", ["served_name"])
    op.create_index("ix_adapter_moves_at", "adapter_moves", ["at"])
    op.create_table(
        "adapter_reports",
        sa.Column("served_name", sa.String(255), primary_key=True, nullable=False),
        sa.Column("kind", sa.String(255), primary_key=True, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "adapter_answers",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("served_name", sa.String(255), nullable=False),
        sa.Column("role", sa.String(255), nullable=False),
        sa.Column("event", sa.String(255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_adapter_answers_served_name_at", "adapter_answers", ["served_name", "at"])
    op.create_index("ix_adapter_answers_at", "adapter_answers", ["at"])


def downgrade() -> None:
    for table in ("adapter_answers", "adapter_reports", "adapter_moves", "adapters"):
        op.drop_table(table)
