"""What a model was asked and has not answered yet."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.String(255), primary_key=True, nullable=False),
        sa.Column("replica", sa.String(255), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index(op.f("ix_questions_replica_until"), "questions", ["replica", "until"])


def downgrade() -> None:
    op.drop_table("questions")
