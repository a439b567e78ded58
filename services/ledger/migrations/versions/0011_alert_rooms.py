"""The room of an alert as a column, so that what is open near it is found without reading every open alert."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ALERTS = sa.table("alerts", sa.column("id", sa.String), sa.column("room", sa.String), sa.column("body", sa.Text))


def upgrade() -> None:
    op.add_column("alerts", sa.Column("room", sa.String(255), nullable=False, server_default=""))
    connection = op.get_bind()
    rooms = [
        {"which": row.id, "there": json.loads(row.body).get("room", "")}
        for row in connection.execute(sa.select(ALERTS.c.id, ALERTS.c.body))
    ]
    if rooms:
        change = sa.update(ALERTS).where(ALERTS.c.id == sa.bindparam("which")).values(room=sa.bindparam("there"))
        connection.execute(change, rooms)
    op.create_index("ix_alerts_resident_status", "alerts", ["resident", "status"])
    op.create_index("ix_alerts_room_status", "alerts", ["room", "status"])


def downgrade() -> None:
    op.drop_index("ix_alerts_room_status", "alerts")
    op.drop_index("ix_alerts_resident_status", "alerts")
    op.drop_column("alerts", "room")
