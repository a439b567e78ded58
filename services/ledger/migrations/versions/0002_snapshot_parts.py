"""What changes seldom in a resident's state is kept beside the snapshot of its agent."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshot_parts",
        sa.Column("agent", sa.String(255), primary_key=True),
        sa.Column("resident", sa.String(255), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("snapshot_parts")
