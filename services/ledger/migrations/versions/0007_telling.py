"""Who was asked about an alert one after the other, and what was learned of each receiver."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "escalations",
        sa.Column("alert", sa.String(255), primary_key=True, nullable=False),
        sa.Column("state", sa.String(255), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_escalations_state_due_at", "escalations", ["state", "due_at"])
    op.create_table(
        "endpoints",
        sa.Column("receiver", sa.String(255), primary_key=True, nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("endpoints")
    op.drop_table("escalations")
