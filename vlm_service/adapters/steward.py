"""Sees every version through: proves it, judges it, keeps the servers' adapters as they should be, takes back."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from services.evaluation.cases import CaseAnswer
from services.ledger import AdapterAnswerRepository, Database
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import AdapterReport, AdapterState, AdapterVersion, MoveCause
from services.vocabulary.adapter import BASE
from services.vocabulary.time import Seconds
from vlm_service import metrics
from vlm_service.adapters.case_runs import CaseRuns
from vlm_service.adapters.gate_run import answers_of, gate_report
from vlm_service.adapters.gauges import tell_unproven, tell_versions
from vlm_service.adapters.hearing import Hearing
from vlm_service.adapters.judging import judge
from vlm_service.adapters.probe import Prober
from vlm_service.adapters.probing import Finding
from vlm_service.adapters.registry import GATES, PROBE, SERVICE, Registry, Step
from vlm_service.adapters.returning import Returning
from vlm_service.adapters.routing import cast_of
from vlm_service.adapters.stage import Stage
from vlm_service.adapters.states import HEARD, JUDGED, SERVED, IllegalStep, check_step
from vlm_service.adapters.store import Store
from vlm_service.adapters.told_standing import ToldStanding
from vlm_service.adapters.watch import Watched, watched
from vlm_service.bundle import BundleError, open_bundle
from vlm_service.dialogue import prompt_version
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure, NoServer
from vlm_service.replicas import Replica

LOOK_S: Seconds = 1.0
"""How often other replicas' moves are noticed (source: guess)."""
LINGER_S: Seconds = 5.0
"""How long an adapter that is heard no more stays loaded after its last answer: other replicas of this service may
not have noticed yet (source: guess, five times LOOK_S)."""
DOUBT_S: Seconds = 60.0
"""How long an adapter that a server did not answer with as recorded is left alone there (source: guess)."""
_JUDGED = (AdapterState.PROBED, AdapterState.SHADOW)


class Steward:
    """One process's part; several may do the same work, since every step is checked where it is kept."""

    def __init__(
        self, engine: Engine, stage: Stage, registry: Registry, store: Store, prober: Prober, hearing: Hearing,
        database: Database, clock: Clock,
    ) -> None:  # fmt: skip
        self._engine, self._stage, self._registry, self._store = engine, stage, registry, store
        self._prober, self._policy, self._database, self._clock = prober, hearing.policy, database, clock
        self._unheard_since: dict[str, Seconds] = {}
        self._doubted: dict[tuple[str, str], Seconds] = {}
        self._hearing = hearing
        self._returning = Returning(registry, self._prove_again, clock)
        self._cases = CaseRuns(engine, hearing.policy, clock)
        self._anew: dict[str, Seconds] = {}
        self._standing = ToldStanding(registry, hearing, clock)
        self._coming: Counter[str] = Counter()
        self._log = logs.logger(room="vlm")

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set."""
        judging = asyncio.create_task(self._see_through(stop))
        try:
            while not stop.is_set():
                try:
                    await self.look()
                except (SQLAlchemyError, EngineFailure) as error:
                    self._log.warning("adapters were not looked after", error=type(error).__name__, why=str(error))
                await until(stop, LOOK_S)
        finally:
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)
            await self._stage.drain()

    async def recall(self) -> None:
        """Know who stands where.

        Raises:
            SQLAlchemyError: the ledger does not answer.
        """
        await self._recast(await asyncio.to_thread(self._registry.all))

    async def look(self) -> None:
        """Know who stands where, have the servers hold them, bring back who is to return, take back who does badly."""
        versions = await asyncio.to_thread(self._registry.all)
        await self._recast(versions)
        await self._tidy(versions)
        if not self._stage.cast.active:
            await self._return()
        for version in versions:
            if version.state in (AdapterState.CANARY, AdapterState.ACTIVE):
                await self._watch(version)

    def standing(self, served_name: str) -> list[dict[str, str | bool]]:
        """Each of the model's servers, and whether it holds a version and has shown that it answers with it."""
        return [
            {"url": one.url, "held": served_name in one.adapters, "proven": served_name in one.proven}
            for one in self._engine.replicas.all
        ]

    async def _recast(self, versions: Sequence[AdapterVersion]) -> None:
        self._stage.cast = await asyncio.to_thread(cast_of, versions, self._store.sees)
        tell_versions(versions, self._store.weighs)

    async def put_on(self, version: AdapterVersion, step: Step) -> AdapterVersion:
        """Take a step that makes the servers hold a version: it is loaded and proven at every one of them before
        anything is said by it.

        Raises:
            IllegalStep: it cannot be taken, or a server does not answer with it as training recorded.
            EngineFailure: no server can be asked.
        """
        check_step(version.served_name, version.state, step.after)
        if step.after in HEARD:
            await asyncio.to_thread(self._hearing.check, version.served_name)
        self._coming[version.served_name] += 1
        try:
            if step.after in SERVED:
                await self._prove_everywhere(version.served_name)
            moved = await asyncio.to_thread(self._registry.move, version.served_name, step)
            await self.look()
        finally:
            self._coming[version.served_name] -= 1
        return moved

    async def _prove_again(self, served_name: str) -> None:
        await asyncio.to_thread(self._hearing.check_trust, served_name)
        await self._prove_everywhere(served_name)

    async def _prove_everywhere(self, served_name: str) -> None:
        replicas = self._engine.replicas.able()
        if not replicas:
            raise NoServer("no model's server can be asked: nothing could prove that the adapter is active there")
        self._coming[served_name] += 1
        try:
            bundle = await asyncio.to_thread(open_bundle, self._store.place(served_name))
            for replica in replicas:
                if wrong := [one for one in await self._prober.probe(bundle, replica) if not one.passed]:
                    raise IllegalStep(f"{served_name} at {replica.url}: {_told(wrong[0])}")
        finally:
            self._coming[served_name] -= 1

    async def take_back(self, by: str, why: str, wanted: str = "", token: str = "") -> AdapterVersion:
        """Take back `wanted`, by default the canary or, without one, the active version, at once: the base model
        answers. Then who was heard before is loaded and proven at every server, and only then heard again.

        Raises:
            IllegalStep: nothing is heard that could be taken back.
        """
        taken = await asyncio.to_thread(self._registry.roll_back, by, why, wanted, token)
        await self.recall()
        await self._return()
        return taken

    async def _return(self) -> None:
        if await self._returning.look():
            await self.recall()
            await self._hold_everywhere(self._stage.cast.names)

    async def _see_through(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                asked = await asyncio.to_thread(self._registry.asked)
                for version in await asyncio.to_thread(self._registry.all):
                    if version.state is AdapterState.VERIFIED:
                        await self._prove(version)
                    elif version.state in _JUDGED or (version.state in JUDGED and version.served_name in asked):
                        await self._judge(version, asked.get(version.served_name, 0.0))
                await self._standing.look()
            except (SQLAlchemyError, EngineFailure, IllegalStep) as error:
                self._log.info("adapters wait", error=type(error).__name__, why=str(error))
            await until(stop, LOOK_S)

    async def _prove(self, version: AdapterVersion) -> None:
        name = version.served_name
        try:
            bundle = await asyncio.to_thread(open_bundle, self._store.place(name))
            replica = self._engine.replicas.able()[0]
        except BundleError as error:
            await self._move(version, AdapterState.REFUSED, f"{error.reason}: {error}")
            return
        except IndexError as error:
            raise NoServer("no model's server can be asked") from error
        findings = await self._prober.probe(bundle, replica)
        rows = [[one.check, "yes" if one.passed else "NO", f"{one.value:.3f}", f"{one.limit:.3f}",
                 "" if one.passed else one.words] for one in findings]  # fmt: skip
        body = json.dumps({"headings": ("check", "passed", "worst", "limit (nats)", "means"), "rows": rows})
        wrong = [one for one in findings if not one.passed]
        report = AdapterReport(name, PROBE, self._clock.now(), not wrong, body)
        await asyncio.to_thread(self._registry.report, report)
        if wrong:
            metrics.ADAPTERS_REFUSED.labels("probe").inc()
            await self._move(version, AdapterState.REFUSED, f"probe: {_told(wrong[0])}")
        else:
            await self._move(version, AdapterState.PROBED, "the server answers with it as training recorded")

    async def _judge(self, version: AdapterVersion, asked_at: Seconds) -> None:
        name = version.served_name
        reports = await asyncio.to_thread(self._registry.reports, name)
        beside = self._stage.cast.active if self._stage.cast.active != name else BASE
        anew = asked_at > (reports[GATES].at if GATES in reports else 0.0)
        if not anew and (version.state not in _JUDGED or self._is_current(reports.get(GATES), beside)):
            return
        if anew and self._anew.get(name) != asked_at:
            self._cases.forget(name)
            self._cases.retry(beside)
            self._anew[name] = asked_at
        if self._cases.waits(name) or self._cases.waits(beside):
            return
        self._coming[name] += 1
        try:
            await self._judge_beside(version, beside, anew)
        finally:
            self._coming[name] -= 1

    async def _judge_beside(self, version: AdapterVersion, beside: str, anew: bool) -> None:
        name = version.served_name
        bundle = await asyncio.to_thread(open_bundle, self._store.place(name))
        able = self._engine.replicas.able()
        if able and not any(name in replica.proven for replica in able):
            await self._hold(able[0], name)
        answers, others = await self._answers_of(name, anew), await self._answers_of(beside)
        if answers is None or others is None:
            return
        same_prompt = bundle.card.prompt_version == prompt_version()
        gates = judge(answers, others, self._policy.gates, same_prompt)
        passed = all(gate.passed for gate in gates)
        body = json.dumps(gate_report(gates, answers, self._policy, beside))
        await asyncio.to_thread(self._registry.report, AdapterReport(name, GATES, self._clock.now(), passed, body))
        missed = [gate.name for gate in gates if not gate.passed]
        self._log.info("gates were judged", adapter=name, passed=passed, missed=missed)

    async def _answers_of(self, served_name: str, anew: bool = False) -> list[CaseAnswer] | None:
        """What a version (empty: the base model) makes of the cases, asked once for each policy and prompt unless
        `anew`; None: some answers were lost to the server and are asked for again later."""
        reports = {} if served_name == BASE else await asyncio.to_thread(self._registry.reports, served_name)
        if GATES in reports and not anew:
            body = json.loads(reports[GATES].body)
            if (body["policy"], body["prompt"]) == (self._policy.digest, prompt_version()):
                return answers_of(body)
        return await self._cases.of(served_name)

    def _is_current(self, report: AdapterReport | None, beside: str) -> bool:
        if report is None:
            return False
        body = json.loads(report.body)
        said, now = (body["policy"], body["prompt"], body["beside"]), (self._policy.digest, prompt_version(), beside)
        return bool(said == now)

    async def _tidy(self, versions: Sequence[AdapterVersion]) -> None:
        """Load what is served wherever a server came back; unload what nobody has waited for in a while."""
        now, loras = self._clock.monotonic(), self._engine.loras
        assert loras is not None
        wanted = set(self._stage.cast.names)
        for name in (*wanted, *+self._coming):
            self._unheard_since.pop(name, None)
        idle = [one.served_name for one in versions if one.state not in (AdapterState.VERIFIED, *_JUDGED)]
        idle = [name for name in idle if name not in wanted and self._stage.silent(name) and not self._coming[name]]
        await self._hold_everywhere(wanted)
        tell_unproven(self._engine.replicas.all, wanted)
        gone = [name for name in idle if now - self._unheard_since.setdefault(name, now) >= LINGER_S]
        for replica in self._engine.replicas.able():
            for name in replica.adapters.intersection(gone):
                try:
                    await loras.unload(replica, name)
                except EngineFailure as failure:
                    self._log.warning("an adapter was not unloaded", server=replica.url, why=str(failure))

    async def _hold_everywhere(self, names: Iterable[str]) -> None:
        for replica in self._engine.replicas.able():
            try:
                for name in names:
                    await self._hold(replica, name)
            except EngineFailure as failure:
                self._log.warning("a server does not hold what it should", server=replica.url, why=str(failure))

    async def _hold(self, replica: Replica, name: str) -> None:
        """Have a server hold a version, proven: one that came back has to show it again before anything is said by it.

        Raises:
            EngineFailure: it cannot be asked, or will not take it.
        """
        loras, doubt = self._engine.loras, (replica.url, name)
        assert loras is not None
        await loras.ensure(replica, name)
        now = self._clock.monotonic()
        if name in replica.proven or now - self._doubted.get(doubt, -DOUBT_S) < DOUBT_S:
            return
        try:
            bundle = await asyncio.to_thread(open_bundle, self._store.place(name))
            wrong = [_told(one) for one in await self._prober.probe(bundle, replica) if not one.passed]
        except BundleError as error:
            wrong = [f"{error.reason}: {error}"]
        metrics.PROOFS.labels("failed" if wrong else "passed").inc()
        if wrong:
            self._doubted[doubt] = now
            self._log.error("an adapter is not heard there", adapter=name, server=replica.url, why=wrong[0])
        else:
            self._doubted.pop(doubt, None)
            self._log.info("an adapter is proven", adapter=name, server=replica.url)

    async def _watch(self, version: AdapterVersion) -> None:
        tests = await asyncio.to_thread(self._watched, version)
        wrong = next((test for test in tests if test.too_often), None)
        if wrong is None:
            return
        metrics.ROLLED_BACK.labels(wrong.what.replace(" ", "_")).inc()
        self._log.error("an adapter was taken back", adapter=version.served_name, why=str(wrong))
        await self.take_back(SERVICE, str(wrong), version.served_name)

    def _watched(self, version: AdapterVersion) -> list[Watched]:
        with self._database.read() as connection:
            answers = AdapterAnswerRepository(connection).of(version.served_name, since=version.changed_at)
        heard = [one for one in answers if one.role.value == version.state.value]
        return watched(heard, self._policy.live)

    async def _move(self, version: AdapterVersion, after: AdapterState, why: str) -> None:
        step = Step(after, MoveCause.CHECKED, SERVICE, why)
        await asyncio.to_thread(self._registry.move, version.served_name, step)


def _told(finding: Finding) -> str:
    return f"{finding.check}: {finding.words} ({finding.value:.3f} nats, limit {finding.limit:.3f})"
