"""The agents that are connected: who serves which, and with what state."""

import secrets
import threading
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from services.ledger.canaries import CanaryRepository
from services.ledger.database import Database
from services.ledger.leases import LeaseLost, LeaseRepository
from services.ledger.policies import PolicyRepository
from services.ledger.roster import RosterRepository
from services.runtime import logs
from services.runtime.clock import Clock
from services.vocabulary import Approval, Canary, EdgeAlarm, ModeDecision, Policy
from threshold_service import canaries, edge_alarms, modes
from threshold_service.agent_run import LEASE_S, AgentHello, AgentRun, RunBroken
from threshold_service.beside import Beside
from threshold_service.evidence import Asking, Wanted
from threshold_service.pictures import Pictures


class AgentTaken(RuntimeError):
    """Another connection or replica serves this agent at the moment."""


class Roster:
    """Hands out one `AgentRun` per connected agent. The lease in the ledger keeps other replicas away."""

    def __init__(self, database: Database, clock: Clock, policy: Policy, replica: str) -> None:
        self.policy = policy
        self._written: Policy | None = None
        self._database = database
        self._clock = clock
        self._beside = Beside(database)
        self.pictures = Pictures(clock)
        self._holder = f"{replica}/{secrets.token_hex(4)}"
        self._runs: dict[str, AgentRun] = {}
        self._locks: dict[str, threading.RLock] = {}

    def connect(self, hello: AgentHello) -> AgentRun:
        """Take the agent's lease, seat its residents and bring its state back.

        Raises:
            AgentTaken: somebody else serves this agent; trying again later helps.
            SeatTaken: another live agent has one of these residents.
        """
        if self._written is not self.policy:
            self._write_policy_down()
        with self._one_at_a_time(hello.agent):
            if hello.agent in self._runs:
                self.disconnect(self._runs[hello.agent])
            run = AgentRun(
                self._database, self._clock, self.policy, hello, self._holder, self._seat(hello), self._beside
            )
            self._runs[hello.agent] = run
        logs.logger().info("agent connected", agent=hello.agent, durable=run.durable, residents=len(hello.seats))
        return run

    def _write_policy_down(self) -> None:
        """The page promises what the policy in force allows."""
        policy = self.policy
        with self._database.write() as connection:
            PolicyRepository(connection).follow(policy, self._clock.now())
        self._written = policy

    def follow_policy(self, policy: Policy) -> None:
        """Judge everybody by `policy` from their next sample on, and who connects later from the start. An agent whose
        state cannot be made durable goes on by it too, once it connects anew. The ledger is told, if need be when the
        next agent connects."""
        self.policy = policy
        try:
            self._write_policy_down()
        except DBAPIError as error:
            logs.logger().warning("policy not written down yet", error=type(error).__name__)
        for run in list(self._runs.values()):
            try:
                run.follow_policy(policy)
            except (LeaseLost, RunBroken, DBAPIError) as error:
                logs.logger().warning("policy not followed yet", agent=run.agent, error=type(error).__name__)
                run.give_up()

    def approve(self, approval: Approval, message: str) -> bool:
        """Have the approved thresholds rise where the resident's agent is connected here; whether it is."""
        for run in [run for run in list(self._runs.values()) if approval.resident in run.residents]:
            try:
                run.approve(approval, message)
                return True
            except (LeaseLost, RunBroken, DBAPIError) as error:
                logs.logger().warning("approval not acted on yet", agent=run.agent, error=type(error).__name__)
                run.give_up()
        return False

    def told_by_edge(self, alarms: Sequence[EdgeAlarm]) -> list[str]:
        """Keep what an agent told by itself, before its samples are judged; the ids that are kept.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        return edge_alarms.keep(self._database, alarms, self._clock.now())

    def sang(self, canary: Canary) -> str:
        """Pass a canary on, once what came before it is judged; what became of it.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        return canaries.keep(self._database, canary, self._clock.now())

    def decided(self, residents: Sequence[str]) -> modes.Told:
        """What is decided about these residents, for one stream to tell."""
        return modes.Told(self._database, residents)

    def asking(self, agent: str, time_zone: str, wanted: Wanted) -> Asking:
        """Evidence for one stream to ask for."""
        return Asking(self._database, self._clock, agent, time_zone, self.pictures, wanted)

    def reported(self, agent: str, states: Sequence[ModeDecision]) -> None:
        """Hear how an agent watches its residents.

        Raises:
            DBAPIError: the ledger does not answer.
        """
        modes.reported(self._database, agent, states, self._clock.now())

    def share(self) -> int:
        """Have every agent's residents lean on the residents of all; how many agents do from now on. With one agent
        there is nothing to share: an engine learns from its own residents every night."""
        runs = list(self._runs.values())
        if len(runs) < 2:
            return 0
        lessons, leaning = [run.lesson() for run in runs], 0
        for run in runs:
            try:
                run.lean_on(lessons)
                leaning += 1
            except (LeaseLost, RunBroken, DBAPIError) as error:
                logs.logger().warning("facility not shared yet", agent=run.agent, error=type(error).__name__)
                run.give_up()
        return leaning

    def disconnect(self, run: AgentRun) -> None:
        """Make the agent durable and give its lease back; nothing happens where it is connected anew already."""
        with self._one_at_a_time(run.agent):
            if self._runs.get(run.agent) is run:
                del self._runs[run.agent]
                run.close()
                logs.logger().info("agent disconnected", agent=run.agent, durable=run.durable)

    def _one_at_a_time(self, agent: str) -> threading.RLock:
        return self._locks.setdefault(agent, threading.RLock())

    def _seat(self, hello: AgentHello) -> int:
        now = self._clock.now()
        with self._database.write() as connection:
            fence = LeaseRepository(connection).acquire(hello.agent, self._holder, LEASE_S, now)
            if fence is None:
                raise AgentTaken(
                    f"agent {hello.agent!r} is served by another replica: it is free {LEASE_S:g} s after that one was "
                    "last heard"
                )
            modes.audited(connection, hello.agent, hello.seats, now)
            RosterRepository(connection).seat(hello.agent, hello.seats, now)
            CanaryRepository(connection).promise(hello.agent, hello.canary_every_s, now)
            return fence
