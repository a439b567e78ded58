"""How far a sample has come on its way to the server."""

from enum import StrEnum


class Standing(StrEnum):
    """`WAITING` in the spool, `SENT` on a stream that is open, `DURABLE` at the server."""

    WAITING = "waiting"
    SENT = "sent"
    DURABLE = "durable"
