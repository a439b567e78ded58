"""Alarms that edge agents raised by themselves while they were cut off."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "edge_alarms",
        sa.Column("id", sa.String(255), primary_key=True, nullable=False),
        sa.Column("resident", sa.String(255), nullable=False),
        sa.Column("agent", sa.String(255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kept_at", sa.Double(), nullable=False),
        sa.Column("settled_at", sa.Double(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_edge_alarms_resident_at", "edge_alarms", ["resident", "at"])
    op.create_index("ix_edge_alarms_settled_at", "edge_alarms", ["settled_at"])


def downgrade() -> None:
    op.drop_table("edge_alarms")
