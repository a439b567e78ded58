"""Every version of every adapter, and each of its steps: kept, and told in the audit chain with who and why."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from services.ledger import AdapterRepository, AuditRepository, Database
from services.runtime.clock import Clock
from services.runtime.codec import to_jsonable
from services.vocabulary import AdapterMove, AdapterReport, AdapterState, AdapterVersion, MoveCause
from vlm_service.adapters.states import HEARD, JUDGED, SINGLE, IllegalStep, check_step

SERVICE = "vlm_service"
"""Who moved a version when no person did."""
AUDIT_MOVED, AUDIT_REFUSED, AUDIT_APPROVED = "adapter.moved", "adapter.refused", "adapter.approved"
AUDIT_ASKED, AUDIT_SIGNED, AUDIT_CALLED_OFF = "adapter.asked", "adapter.signed", "adapter.called_off"
GATES, PROBE, APPROVAL, ASKED, SIGNED, CALLED_OFF = "gates", "probe", "approval", "asked", "signed", "called_off"
_AUDITED = {APPROVAL: AUDIT_APPROVED, ASKED: AUDIT_ASKED, SIGNED: AUDIT_SIGNED, CALLED_OFF: AUDIT_CALLED_OFF}


class Unknown(LookupError):
    """There is no such version; the message names what there is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One wanted step. `by` is who says to want it, `token` the role whose token was shown; `share` and `rooms` are a
    canary's."""

    after: AdapterState
    cause: MoveCause
    by: str
    why: str = ""
    share: float = 0.0
    rooms: tuple[str, ...] = ()
    token: str = ""


class Registry:
    """The versions in the ledger. Every change is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def all(self) -> list[AdapterVersion]:
        """Every version, the newest change first."""
        with self._database.read() as connection:
            return AdapterRepository(connection).all()

    def find(self, wanted: str) -> AdapterVersion:
        """A version by its served name, a beginning of it that means one alone, or `active`, `canary`, `shadow`.

        Raises:
            Unknown: none or several.
        """
        known = self.all()
        if wanted in {state.value for state in SINGLE}:
            found = [version for version in known if version.state.value == wanted]
        else:
            found = [version for version in known if version.served_name == wanted]
            found = found or [version for version in known if wanted and version.served_name.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        names = ", ".join(sorted(version.served_name for version in (found or known))) or "none was pushed yet"
        raise Unknown(f"{wanted!r}: {'several begin so' if found else 'no such version'}: {names}")

    def held(self, state: AdapterState) -> AdapterVersion | None:
        """Who stands there alone, where somebody does."""
        return next((version for version in self.all() if version.state is state), None)

    def history(self, served_name: str | None = None) -> list[AdapterMove]:
        """The steps of one version, or of all, oldest first."""
        with self._database.read() as connection:
            return AdapterRepository(connection).moves(served_name)

    def reports(self, served_name: str) -> dict[str, AdapterReport]:
        """What was found out about a version, by kind."""
        with self._database.read() as connection:
            return {report.kind: report for report in AdapterRepository(connection).reports(served_name)}

    def pushed(self, name: str, digest: str, by: str, token: str = "") -> tuple[AdapterVersion, bool]:
        """The version of these contents and whether it is new here; a refused one begins anew."""
        now = self._clock.now()
        version = AdapterVersion(name, digest, AdapterState.UPLOADED, by, now, now)
        with self._database.write() as connection:
            known = AdapterRepository(connection).get(version.served_name)
            if known is not None and known.digest != digest:
                raise IllegalStep(f"{version.served_name}: two bundles share the first twelve digits of their digest; "
                                  "seal it again with another note in it")  # fmt: skip
            if known is not None and known.state is not AdapterState.REFUSED:
                return known, False
            step = Step(AdapterState.UPLOADED, MoveCause.PUSHED, by, token=token)
            if known is None:
                self._keep(connection, version, None, step)
                return version, True
            return self._step(connection, known, step), True

    def move(self, served_name: str, step: Step) -> AdapterVersion:
        """Take a step. Who holds a place that only one can hold makes room for it.

        Raises:
            Unknown: no such version.
            IllegalStep: it cannot be taken from where the version stands, or its gates were not passed.
        """
        with self._database.write() as connection:
            adapters = AdapterRepository(connection)
            version = adapters.get(served_name)
            if version is None:
                raise Unknown(f"{served_name!r}: no such version")
            check_step(served_name, version.state, step.after)
            if step.after in HEARD and step.cause is not MoveCause.ROLLED_BACK:
                _check_gates(served_name, adapters.reports(served_name))
            room = Step(AdapterState.RETIRED, MoveCause.REPLACED, step.by, f"for {served_name}", token=step.token)
            for other in adapters.all():
                if other.served_name != served_name and other.state is step.after and step.after in SINGLE:
                    self._step(connection, other, room)
            return self._step(connection, version, step)

    def roll_back(self, by: str, why: str, wanted: str = "", token: str = "") -> AdapterVersion:
        """Take the version `wanted` back, by default the canary or, without one, the active one; the version that was
        taken back. Where it was the active one the base model answers, until `returning` is proven again. Where
        nobody speaks and somebody is to return, that is called off, and the base model goes on answering.

        Raises:
            IllegalStep: nothing speaks, or is to speak, that could be taken back.
        """
        canary, active = self.held(AdapterState.CANARY), self.held(AdapterState.ACTIVE)
        taken = next((one for one in (canary, active) if one and wanted in ("", one.served_name)), None)
        if taken is None and not wanted and (back := self.returning()) is not None:
            self._said(CALLED_OFF, "who called its return off", back.served_name, by, why, token)
            return back
        if taken is None:
            raise IllegalStep("the base model answers and there is no canary: nothing can be taken back")
        step = Step(AdapterState.RETIRED, MoveCause.ROLLED_BACK, by, why, token=token)
        return self.move(taken.served_name, step)

    def returning(self) -> AdapterVersion | None:
        """Who was heard before the one that was taken back and is to be heard again, once it is proven; None: nobody
        was taken back, nobody was heard before, somebody was chosen since, the proof failed or it was called off."""
        with self._database.read() as connection:
            return _returning(AdapterRepository(connection))

    def bring_back(self, served_name: str) -> AdapterVersion:
        """Let the proven one that is to return be heard again.

        Raises:
            IllegalStep: it is not to return any more: somebody was chosen meanwhile, or called it off.
        """
        with self._database.write() as connection:
            adapters = AdapterRepository(connection)
            back = _returning(adapters)
            if back is None or back.served_name != served_name:
                raise IllegalStep(
                    f"{served_name}: it is not to return any more: another version was chosen, or it was called off"
                )
            taken = _last_taken_back(adapters.moves())
            why = f"in place of {taken.served_name}" if taken else ""
            return self._step(connection, back, Step(AdapterState.ACTIVE, MoveCause.ROLLED_BACK, SERVICE, why))

    def report(self, report: AdapterReport) -> None:
        """Keep what was found out about a version."""
        with self._database.write() as connection:
            AdapterRepository(connection).report(report)

    def approve(self, served_name: str, by: str, why: str, token: str = "") -> None:
        """Keep that somebody answers for a version, and tell it in the audit chain."""
        self._said(APPROVAL, "who answers for it", served_name, by, why, token)

    def signed(self, served_name: str, by: str, token: str = "") -> None:
        """Keep that somebody brought the signature of a trusted key, and tell it in the audit chain."""
        self._said(SIGNED, "who brought its signature", served_name, by, "the same contents, signed anew", token)

    def ask(self, served_name: str, by: str, why: str, token: str = "") -> None:
        """Keep that somebody wants its gates judged anew, and tell it in the audit chain.

        Raises:
            IllegalStep: it is not proven, so there is nothing to judge.
        """
        state = self.find(served_name).state
        if state not in JUDGED:
            raise IllegalStep(f"{served_name} is {state.value} and cannot be judged: expected "
                              f"{', '.join(sorted(JUDGED))}")  # fmt: skip
        self._said(ASKED, "who asked for another run of its gates", served_name, by, why, token)

    def asked(self) -> dict[str, float]:
        """When (Unix seconds) somebody asked for another run of a version's gates, by served name."""
        with self._database.read() as connection:
            return {report.served_name: report.at for report in AdapterRepository(connection).reports_of(ASKED)}

    def told_off(self, what: str, reason: str, why: str, by: str, token: str = "") -> None:
        """Note in the audit chain that something was pushed that has no name that could be trusted."""
        body = json.dumps({"what": what, "reason": reason, "why": why, "by": by, "token": token}, sort_keys=True)
        with self._database.write() as connection:
            AuditRepository(connection).append(AUDIT_REFUSED, body, self._clock.now())

    def _said(self, kind: str, who: str, served_name: str, by: str, why: str, token: str) -> None:
        now = self._clock.now()
        body = json.dumps({"headings": (who, "why"), "rows": [[by, why]]})
        told = json.dumps({"served_name": served_name, "by": by, "token": token, "why": why}, sort_keys=True)
        with self._database.write() as connection:
            AdapterRepository(connection).report(AdapterReport(served_name, kind, now, True, body))
            AuditRepository(connection).append(_AUDITED[kind], told, now)

    def _step(self, connection: Connection, version: AdapterVersion, step: Step) -> AdapterVersion:
        check_step(version.served_name, version.state, step.after)
        moved = replace(
            version, state=step.after, changed_at=self._clock.now(), why=step.why, share=step.share, rooms=step.rooms
        )
        self._keep(connection, moved, version.state, step)
        return moved

    def _keep(self, connection: Connection, version: AdapterVersion, before: AdapterState | None, step: Step) -> None:
        move = AdapterMove(
            version.served_name, before, step.after, step.cause, step.by, version.changed_at, step.why, step.share,
            step.rooms, step.token,
        )  # fmt: skip
        AdapterRepository(connection).keep(version, move)
        body = json.dumps(to_jsonable(move), sort_keys=True)
        AuditRepository(connection).append(AUDIT_MOVED, body, version.changed_at)


def _check_gates(served_name: str, reports: Iterable[AdapterReport]) -> None:
    gates = next((report for report in reports if report.kind == GATES), None)
    if gates is None:
        raise IllegalStep(f"{served_name}: its gates have not been judged yet: `attune adapters show {served_name}` "
                          "tells when they are; until then it may be a shadow")  # fmt: skip
    if not gates.passed:
        raise IllegalStep(f"{served_name}: it did not pass its gates (`attune adapters show {served_name}`): it may "
                          "be a shadow, and is never heard")  # fmt: skip


def _returning(adapters: AdapterRepository) -> AdapterVersion | None:
    versions = {version.served_name: version for version in adapters.all()}
    moves = adapters.moves()
    taken = _last_taken_back(moves)
    if taken is None or any(version.state is AdapterState.ACTIVE for version in versions.values()):
        return None
    back = next((versions[name] for name in _stood_down(moves) if _may_return(versions.get(name))), None)
    if back is None:
        return None
    reports = {report.kind: report for report in adapters.reports(back.served_name)}
    failed = PROBE in reports and not reports[PROBE].passed and reports[PROBE].at >= taken.at
    called_off = CALLED_OFF in reports and reports[CALLED_OFF].at >= taken.at
    return None if failed or called_off else back


def _last_taken_back(moves: Iterable[AdapterMove]) -> AdapterMove | None:
    """The step by which the last active one was taken back; None where it left otherwise."""
    left = [move for move in moves if move.before is AdapterState.ACTIVE]
    return left[-1] if left and left[-1].cause is MoveCause.ROLLED_BACK else None


def _stood_down(moves: Iterable[AdapterMove]) -> list[str]:
    """Who made room as the active one for another, the latest first; who was taken back at last is left out."""
    last = {move.served_name: move for move in moves if move.before is AdapterState.ACTIVE}
    left = sorted(last.values(), key=lambda move: move.at, reverse=True)
    return [move.served_name for move in left if move.cause is MoveCause.REPLACED]


def _may_return(version: AdapterVersion | None) -> bool:
    return version is not None and version.state is AdapterState.RETIRED
