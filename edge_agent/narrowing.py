"""Finds the sample that the server will not have: batches get smaller until it is alone in one."""

from edge_agent.spool import Spool

MOST_IN_A_ROW = 20
"""Samples put aside of which none in between was taken: from then on it is the agent that is refused, not a sample
(source: guess)."""


class Narrowing:
    """While it searches, a batch is sent only once the one before it is durable, so that a refusal means this one.

    A refused batch is halved; a single sample is put aside in the spool with the server's words; what is taken doubles
    the size again, until it is as large as ever.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._most: int | None = None
        self._in_a_row = 0

    def most(self, usual: int) -> int:
        """How many samples the next batch may hold."""
        return usual if self._most is None else min(self._most, usual)

    def waits(self, sent: int, durable: int) -> bool:
        """Whether nothing may be sent before what was sent is durable."""
        return self._most is not None and sent > durable

    def taken(self, usual: int) -> None:
        """The server made something durable."""
        self._in_a_row = 0
        if self._most is not None:
            self._most = None if 2 * self._most >= usual else 2 * self._most

    def refused(self, flying: int, usual: int, durable: int, epoch: str, reason: str) -> bool:
        """Of `flying` samples after `durable` the server said that one cannot be; whether to go on.

        Raises:
            SpoolError: it cannot be put aside.
        """
        if flying <= 0 or self._in_a_row >= MOST_IN_A_ROW:
            return False
        size = min(self.most(usual), flying)
        if size > 1:
            self._most = size // 2
            return True
        self._most = 1
        self._in_a_row += 1
        return self._spool.put_aside(durable, epoch, reason) > 0
