"""When each agent's canary last arrived, and when it last came out."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canaries",
        sa.Column("agent", sa.String(255), primary_key=True, nullable=False),
        sa.Column("every_s", sa.Double(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=True),
        sa.Column("heard_at", sa.Double(), nullable=False),
    )
    op.create_table(
        "canaries_out",
        sa.Column("agent", sa.String(255), primary_key=True, nullable=False),
        sa.Column("delivered_at", sa.Double(), nullable=True),
        sa.Column("lost_at", sa.Double(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("canaries_out")
    op.drop_table("canaries")
