"""Who saw which resident, on which page and when: one entry of the audit chain per person, page and resident, and again
after a while for a page that stays open or is asked for over and over."""

import json
from collections.abc import Iterable
from threading import Lock

from services.console.visitor import UNNAMED, Visitor
from services.ledger import AuditRepository, Database
from services.vocabulary import Seconds, UnixSeconds

VIEWED = "viewed"
"""In the audit chain."""
AGAIN_S: Seconds = 900.0
"""A look that goes on is written down again after this (source: guess)."""


class Witness:
    """What this process wrote down lately; a process that starts anew writes it down again."""

    def __init__(self) -> None:
        self._lately: dict[tuple[str, str, str], UnixSeconds] = {}
        self._lock = Lock()

    def seen(
        self, database: Database, who: Visitor, page: str, residents: Iterable[str], now: UnixSeconds
    ) -> None:  # fmt: skip
        """Write it down before it is shown; what cannot be written down is not shown, since this raises then."""
        name = who.name or ("(a program with the token)" if who.by_token else UNNAMED)
        with self._lock:
            if len(self._lately) > 100_000:
                self._lately = {key: at for key, at in self._lately.items() if now - at < AGAIN_S}
            new = [one for one in sorted(set(residents)) if now - self._lately.get((name, page, one), 0.0) >= AGAIN_S]
        if not new:
            return
        with database.write() as connection:
            facts = {"by": name, "page": page, "residents": new}
            AuditRepository(connection).append(VIEWED, json.dumps(facts), now)
        with self._lock:
            self._lately |= {(name, page, one): now for one in new}
