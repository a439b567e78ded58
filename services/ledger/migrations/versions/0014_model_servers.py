"""How the servers of the language model are."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_servers",
        sa.Column("replica", sa.String(255), primary_key=True, nullable=False),
        sa.Column("server", sa.String(255), primary_key=True, nullable=False),
        sa.Column("said_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("model_servers")
