"""What versions make of the gate cases: asked once, and again, some minutes later, where the server lost an answer."""

from dataclasses import dataclass, field

from services.evaluation.cases import CaseAnswer
from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary.time import Seconds
from vlm_service.adapters.gate_run import read_cases, run_cases
from vlm_service.adapters.judging import LOST
from vlm_service.adapters.policy import Policy
from vlm_service.engine import Engine

MOST_RUNS = 3
"""Times that a case is asked before it is reported as lost (source: guess)."""
AGAIN_S: Seconds = 600.0
"""How long after a run what was lost in it is asked again: a busy hour should pass (source: guess)."""


@dataclass(slots=True)
class _Run:
    """Answers by the case's place among all (several cases share an id), how often they were asked for, and when they
    may be again."""

    answers: dict[int, CaseAnswer] = field(default_factory=dict)
    times: int = 0
    again_at: Seconds = 0.0

    def open(self, count: int) -> list[int]:
        """The places without an answer, or whose answer was lost."""
        return [at for at in range(count) if (one := self.answers.get(at)) is None or one.outcome in LOST]


class CaseRuns:
    """One process's runs of a policy's cases, by served name; empty: the base model."""

    def __init__(self, engine: Engine, policy: Policy, clock: Clock) -> None:
        self._engine, self._policy, self._clock = engine, policy, clock
        self._runs: dict[str, _Run] = {}
        self._log = logs.logger(room="vlm")

    async def of(self, served_name: str) -> list[CaseAnswer] | None:
        """The answers, lost ones among them once they were asked for `MOST_RUNS` times; None: some are asked for again
        later.

        Raises:
            NoServer, NotProven, Overloaded, Unreachable: nobody can be asked now, which is no run.
        """
        cases, run = read_cases(self._policy), self._runs.setdefault(served_name, _Run())
        if (wanted := run.open(len(cases))) and run.times < MOST_RUNS:
            if self.waits(served_name):
                return None
            asked = [cases[at] for at in wanted]
            said = await run_cases(self._engine, served_name, asked, self._policy.gates.deadline_s)
            run.answers.update(zip(wanted, said, strict=True))
            run.times += 1
            if (lost := run.open(len(cases))) and run.times < MOST_RUNS:
                run.again_at = self._clock.monotonic() + AGAIN_S
                self._log.info("answers were lost to the server", adapter=served_name, lost=len(lost), of=len(cases))
                return None
        return [run.answers[at] for at in range(len(cases))]

    def waits(self, served_name: str) -> bool:
        """Whether it is too early to ask again for what was lost."""
        run = self._runs.get(served_name)
        return run is not None and self._clock.monotonic() < run.again_at

    def retry(self, served_name: str) -> None:
        """Ask again for what was lost, though it was asked for often enough."""
        if (run := self._runs.get(served_name)) is not None:
            run.times, run.again_at = 0, 0.0

    def forget(self, served_name: str) -> None:
        """Ask everything anew the next time."""
        self._runs.pop(served_name, None)
