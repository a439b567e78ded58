"""In which mode each resident is watched now: as decided last, kept across restarts, and never wider than allowed."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edge_agent.edge_time import EdgeTime
from edge_agent.spool import Spool
from edge_agent.spool_errors import NoRoom
from services.runtime import codec, logs
from services.vocabulary import Mode, ModeDecision, Resident, UnixSeconds

FACT = "modes"
HERE = "edge"
"""Begins the name of whoever decided at the edge itself."""


def withdrawals(spool: Path) -> Path:
    """Where consents that are withdrawn at the edge are written down: resident, Unix seconds and a name, with tabs."""
    return spool.with_suffix(".withdrawn")


class Modes:
    """What was decided last about each resident counts; who nothing was decided about is watched as configured.

    Affect comes only from the configuration or from a later decision of the server that names a consent. Observables
    come from anybody, at once: the server, the file beside the spool, a consent that ends, a message that nobody
    understands (then for everybody).
    """

    def __init__(self, seats: Sequence[Resident], spool: Spool, when: EdgeTime) -> None:
        self._configured = {seat.id: seat for seat in seats}
        self._spool, self._when = spool, when
        self._lock = threading.Lock()
        kept = json.loads(spool.fact(FACT) or "[]")
        decisions = [codec.from_json(ModeDecision, text) for text in kept]
        self._decided = {one.resident: one for one in decisions}
        self._file = withdrawals(spool.file)
        self._read: tuple[int, int] = (0, 0)
        self._log = logs.logger(part="modes")
        self.look()

    def keep_in(self, spool: Spool) -> None:
        """From now on decisions are kept in this spool; it has those of before."""
        self._spool = spool

    def seat(self, resident: str) -> Resident:
        """The resident as they are watched now."""
        configured, decided = self._configured[resident], self._decided.get(resident)
        if decided is None:
            return configured
        mode = decided.at(self._when.now())
        return replace(configured, mode=mode, consent=decided.consent if mode is Mode.AFFECT else "")

    def states(self) -> list[ModeDecision]:
        """What holds now and who decided it, for the server."""
        now = self._when.now()
        found = []
        for identity, seat in self._configured.items():
            decided = self._decided.get(identity)
            if decided is None:
                found.append(ModeDecision(identity, seat.mode, 0.0, "configuration"))
            else:
                over = decided.mode is Mode.AFFECT and decided.at(now) is Mode.OBSERVABLES
                found.append(replace(decided, mode=decided.at(now), reason="consent ended" if over else decided.reason))
        return found

    def decide(self, decision: ModeDecision) -> None:
        """What the server says. About somebody who is not watched here: it cannot be understood, and holds for all."""
        if decision.resident not in self._configured:
            self._everybody("a change of mode that names nobody of this agent")
            return
        known = self._decided.get(decision.resident)
        mode = decision.at(self._when.now())
        later = known is None or decision.decided_at > known.decided_at
        if later or (mode is Mode.OBSERVABLES and self.seat(decision.resident).mode is Mode.AFFECT):
            self._take(decision if mode is Mode.AFFECT else replace(decision, mode=Mode.OBSERVABLES))

    def look(self) -> None:
        """Read what was withdrawn here since the last look; works whatever the link does."""
        try:
            found = self._file.stat()
        except OSError:
            return
        seen = (found.st_mtime_ns, found.st_size)
        if seen == self._read:
            return
        self._read = seen
        try:
            lines = self._file.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            self._everybody(f"the file of withdrawn consents cannot be read: {error}")
            return
        for line in lines:
            self._withdrawn(line)

    def _withdrawn(self, line: str) -> None:
        resident, _, rest = line.partition("\t")
        at, _, by = rest.partition("\t")
        try:
            decided_at = float(at)
        except ValueError:
            self._everybody("a line of withdrawn consents cannot be read")
            return
        known = self._decided.get(resident)
        if resident in self._configured and (known is None or decided_at > known.decided_at):
            self._take(
                ModeDecision(resident, Mode.OBSERVABLES, decided_at, _plain(f"{HERE}: {by}"), reason="withdrawn")
            )

    def _everybody(self, why: str) -> None:
        self._log.error("nobody is watched in affect mode any more", reason=why)
        now = self._when.now()
        for resident in self._configured:
            if self.seat(resident).mode is Mode.AFFECT:
                self._take(ModeDecision(resident, Mode.OBSERVABLES, now, f"{HERE}: agent", reason=_plain(why)))

    def _take(self, decision: ModeDecision) -> None:
        with self._lock:
            self._decided[decision.resident] = decision
            kept = json.dumps([codec.to_json(one) for one in self._decided.values()])
        self._log.warning("mode decided", mode=decision.mode.value, reason=decision.reason)
        try:
            self._spool.keep_fact(FACT, kept)
        except NoRoom as error:  # it holds until the agent is started again
            self._log.error("mode not kept", detail=str(error))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:255])


def withdraw(spool: Path, resident: str, at: UnixSeconds, by: str) -> Path:
    """Write down that a resident's consent is withdrawn; where.

    Raises:
        OSError: the file cannot be written.
    """
    file = withdrawals(spool)
    file.parent.mkdir(parents=True, exist_ok=True)
    name = " ".join(by.split())[:200]
    with file.open("a") as out:
        out.write(f"{resident}\t{at!r}\t{name}\n")
    return file
