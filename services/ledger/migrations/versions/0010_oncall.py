"""Who is reached now, as alerting last said."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oncall",
        sa.Column("tier", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("said_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("oncall")
