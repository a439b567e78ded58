"""How a body moved around an event, as stick figures."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "movements",
        sa.Column("event", sa.String(255), sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("resident", sa.String(255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_movements_at", "movements", ["at"])


def downgrade() -> None:
    op.drop_table("movements")
