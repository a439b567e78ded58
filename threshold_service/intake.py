"""The threshold service's door: agents connect, say hello, stream samples, and are told what is durable."""

import asyncio
import hmac
import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NoReturn

import grpc
import grpc.aio
from sqlalchemy.exc import DBAPIError

from attune_wire.v1 import sensing_pb2
from services.ledger.leases import LeaseLost
from services.ledger.roster import SeatTaken
from services.runtime import logs, wire
from services.runtime.clock import Clock
from services.runtime.version import SOFTWARE
from services.vocabulary import PERIODS_S, EdgeAlarm, Seconds
from threshold_service import metrics
from threshold_service.agent_run import AgentHello, AgentRun, LinkState, RunBroken
from threshold_service.ahead import Ahead
from threshold_service.arrivals import Arrivals, patience_s
from threshold_service.evidence import Asking, Wanted
from threshold_service.roster import AgentTaken, Roster
from threshold_service.settings import ThresholdSettings
from threshold_service.zones import known_zone

Message = wire.PackedBatch | sensing_pb2.EdgeMessage
More = Callable[[], Sequence[wire.PackedBatch]]
Context = grpc.aio.ServicerContext[Any, Any]
MOST_WAITING = 16
"""Messages of one stream that wait for the batch before them to be judged."""
TURN_S: Seconds = 0.05
"""How long one stream is judged before a thread looks after another: after an outage all of them have much to tell, and
there are fewer threads than agents (source: guess)."""
MODES_S: Seconds = 1.0
"""How often a stream looks for what was decided about its residents; agents speak at least every 2 s."""
LEDGER_AWAY = "the ledger does not answer: connect again, nothing that was not acknowledged is lost"


class Intake:
    """One coroutine per agent; judging happens in a thread, so that many agents can talk at once."""

    def __init__(self, roster: Roster, clock: Clock, settings: ThresholdSettings) -> None:
        self._roster = roster
        self._clock = clock
        self._settings = settings
        self._arrivals = Arrivals(patience_s(settings.snapshot_s))

    def join(self, server: grpc.aio.Server) -> None:
        """Answer at this server."""
        stream = grpc.stream_stream_rpc_method_handler(
            self.Stream, request_deserializer=wire.edge_message,
            response_serializer=sensing_pb2.ServerMessage.SerializeToString,
        )  # fmt: skip
        service = sensing_pb2.DESCRIPTOR.services_by_name["Sensing"].full_name
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Stream": stream}),))

    async def Stream(
        self, request_iterator: AsyncIterator[Message], context: Context
    ) -> AsyncIterator[sensing_pb2.ServerMessage]:
        """
        Refuses with INVALID_ARGUMENT (a hello or samples that say something impossible), UNAUTHENTICATED (wrong token),
        ALREADY_EXISTS (a resident of another agent) or UNAVAILABLE (another replica serves this agent, or the ledger
        does not answer).
        """
        first = await anext(request_iterator, None)
        hello = await self._hello(first, context)
        try:
            with self._arrivals.one():
                run = await asyncio.to_thread(self._roster.connect, hello)
        except SeatTaken as error:
            await _refuse(context, grpc.StatusCode.ALREADY_EXISTS, str(error))
        except AgentTaken as error:
            await _refuse(context, grpc.StatusCode.UNAVAILABLE, str(error))
        except DBAPIError:
            await _refuse(context, grpc.StatusCode.UNAVAILABLE, LEDGER_AWAY)
        metrics.STREAMS.inc()
        try:
            yield self._welcome(run)
            async for answer in self._serve(run, hello, request_iterator, context):
                yield answer
        finally:
            metrics.STREAMS.dec()
            await asyncio.to_thread(self._disconnect, run)

    def _disconnect(self, run: AgentRun) -> None:
        try:
            self._roster.disconnect(run)
        except DBAPIError as error:
            logs.logger().warning(
                "agent not made durable", agent=run.agent, durable=run.durable, detail=str(error.orig)
            )

    async def _hello(self, message: Message | None, context: Context) -> AgentHello:
        if not isinstance(message, sensing_pb2.EdgeMessage) or message.WhichOneof("body") != "hello":
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "the first message was no hello: send Hello first")
        hello = message.hello
        if self._settings.token and not hmac.compare_digest(hello.token.encode(), self._settings.token.encode()):
            why = "the agent's token is wrong: set ATTUNE_EDGE_TOKEN to the service's ATTUNE_THRESHOLD_TOKEN"
            await _refuse(context, grpc.StatusCode.UNAUTHENTICATED, why)
        try:
            return _checked(hello, self._clock.now())
        except wire.WireError as error:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))

    def _welcome(self, run: AgentRun) -> sensing_pb2.ServerMessage:
        return sensing_pb2.ServerMessage(
            welcome=sensing_pb2.Welcome(
                durable_sequence=run.durable,
                server_time=self._clock.now(),
                policy_version=self._roster.policy.version,
                software=SOFTWARE,
                max_batch=self._settings.max_batch,
            )
        )

    async def _serve(
        self, run: AgentRun, hello: AgentHello, messages: AsyncIterator[Message], context: Context
    ) -> AsyncIterator[sensing_pb2.ServerMessage]:
        last = began = self._clock.monotonic()
        decided, looked = self._roster.decided([seat.id for seat in hello.seats]), -math.inf
        wanted = Wanted(self._settings.evidence, self._settings.movement)
        asking = self._roster.asking(hello.agent, hello.time_zone, wanted)

        def more() -> Sequence[wire.PackedBatch]:
            now = self._clock.monotonic()
            over = now - began >= TURN_S or now - last >= self._settings.snapshot_s
            return () if over else ahead.more(wire.PackedBatch)

        async with Ahead(messages, MOST_WAITING) as ahead:
            while waiting := await ahead.take():
                began = self._clock.monotonic()
                try:
                    for answer in await self._take(run, hello, waiting, more, asking):
                        yield answer
                    if began - looked >= MODES_S:
                        looked = began
                        for one in await asyncio.to_thread(decided.news):
                            yield sensing_pb2.ServerMessage(mode_change=wire.mode_change_to_wire(one))
                        for question in await asyncio.to_thread(asking.questions, self._roster.policy):
                            asked = wire.picture_request_to_wire(question)
                            yield sensing_pb2.ServerMessage(evidence_request=asked)
                    if self._clock.monotonic() - last >= self._settings.snapshot_s:
                        last = self._clock.monotonic()
                        yield await self._acknowledge(run)
                except wire.WireError as error:
                    await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
                except (LeaseLost, RunBroken) as error:
                    await _refuse(context, grpc.StatusCode.UNAVAILABLE, str(error))
                except DBAPIError:
                    await _refuse(context, grpc.StatusCode.UNAVAILABLE, LEDGER_AWAY)
        yield await self._acknowledge(run)

    async def _take(
        self, run: AgentRun, hello: AgentHello, waiting: Sequence[Message], more: More, asking: Asking
    ) -> list[sensing_pb2.ServerMessage]:
        """What came before a message that cannot be is judged all the same; what comes after, as far as it is there
        when the rest is judged. Reports are heard before, and answered with what is returned."""
        batches: list[wire.PackedBatch] = []
        canaries: list[sensing_pb2.Canary] = []
        answers: list[sensing_pb2.ServerMessage] = []
        try:
            for message in waiting:
                if isinstance(message, wire.PackedBatch):
                    batches.append(message)
                elif message.WhichOneof("body") == "canary":
                    canaries.append(message.canary)
                elif message.WhichOneof("body") == "hello":
                    raise wire.WireError("a hello in mid-stream: expected batch, heartbeat or another report")
                else:
                    answers += await self._hear(run, hello, message, asking)
        except wire.WireError:
            await asyncio.to_thread(_judge, run, hello, batches, tuple, asking)
            raise
        if batches:
            await asyncio.to_thread(_judge, run, hello, batches, more, asking)
        return answers + [refused for canary in canaries for refused in await self._canary(hello, canary)]

    async def _canary(self, hello: AgentHello, message: sensing_pb2.Canary) -> list[sensing_pb2.ServerMessage]:
        """It comes after the samples before it were judged: where judging is broken, no canary comes out."""
        try:
            canary = wire.canary_from_wire(message, hello.agent, hello.canary_every_s, hello.skew_s)
        except wire.WireError as error:
            return [_put_aside(hello.agent, "canary", str(error))]
        await asyncio.to_thread(self._roster.sang, canary)
        return []

    async def _hear(
        self, run: AgentRun, hello: AgentHello, message: sensing_pb2.EdgeMessage, asking: Asking
    ) -> list[sensing_pb2.ServerMessage]:
        """What to answer to a report. One that says something impossible is refused by itself: the stream goes on."""
        kind = message.WhichOneof("body") or "unknown"
        try:
            match kind:
                case "heartbeat":
                    run.heard(_link(message.heartbeat))
                case "evidence":
                    reply = wire.picture_reply_from_wire(message.evidence)
                    await asyncio.to_thread(asking.arrived, reply)
                case "mode_states":
                    states = wire.mode_states_from_wire(message.mode_states)
                    await asyncio.to_thread(self._roster.reported, hello.agent, states)
                case "edge_alarms":
                    return await self._alarms(hello, message.edge_alarms)
                case _:
                    raise wire.WireError("a message without a body that is known here: expected a report of this "
                                         "version; bring both sides to one version")  # fmt: skip
        except wire.WireError as error:
            return [_put_aside(hello.agent, kind, str(error))]
        return []

    async def _alarms(self, hello: AgentHello, message: sensing_pb2.EdgeAlarms) -> list[sensing_pb2.ServerMessage]:
        """Each by itself: one that cannot be costs no other."""
        sound: list[EdgeAlarm] = []
        answers: list[sensing_pb2.ServerMessage] = []
        for one in message.alarms:
            try:
                sound += wire.edge_alarms_from_wire(sensing_pb2.EdgeAlarms(alarms=[one]), hello.agent)
            except wire.WireError as error:
                answers.append(_put_aside(hello.agent, "edge_alarms", str(error), one.id))
        if sound:
            kept = await asyncio.to_thread(self._roster.told_by_edge, sound)
            answers.append(sensing_pb2.ServerMessage(edge_alarms_kept=wire.kept_to_wire(kept)))
        return answers

    async def _acknowledge(self, run: AgentRun) -> sensing_pb2.ServerMessage:
        await self._arrivals.passed()
        durable = await asyncio.to_thread(run.snapshot)
        return sensing_pb2.ServerMessage(ack=sensing_pb2.Ack(durable_sequence=durable))


def _judge(run: AgentRun, hello: AgentHello, messages: Sequence[wire.PackedBatch], more: More, asking: Asking) -> None:
    while messages:
        for batch in wire.batches(messages, len(hello.channels), len(hello.seats)):
            if run.accept(batch):
                asking.stir()
        messages = more()


def _checked(hello: sensing_pb2.Hello, now: float) -> AgentHello:
    if not hello.agent:
        raise wire.WireError("hello.agent is empty: expected the agent's name")
    for text in (hello.agent, hello.software, *hello.channels):
        if len(text) > 255 or not text.isprintable():
            raise wire.WireError(f"hello says {text[:40]!r}: expected at most 255 printable characters")
    if len(hello.epoch) != 32 or any(c not in "0123456789abcdef" for c in hello.epoch):
        raise wire.WireError(f"hello.epoch = {hello.epoch!r}: expected 32 lower-case hex digits")
    for what, names in (("channels", list(hello.channels)), ("seats", [seat.resident for seat in hello.seats])):
        if not names or len(set(names)) != len(names):
            raise wire.WireError(f"hello.{what} = {names}: expected at least one, each once")
    if hello.sample_period_s not in PERIODS_S:
        raise wire.WireError(
            f"hello.sample_period_s = {hello.sample_period_s:g}: expected whole seconds from {PERIODS_S[0]} to "
            f"{PERIODS_S[-1]}, as the agent's sample_period_s is set"
        )
    if not math.isfinite(hello.sent_at):
        raise wire.WireError(f"hello.sent_at = {hello.sent_at}: expected Unix seconds")
    return AgentHello(
        agent=hello.agent,
        epoch=hello.epoch,
        software=hello.software,
        channels=tuple(hello.channels),
        seats=tuple(wire.seat_from_wire(seat) for seat in hello.seats),
        time_zone=_zone(hello.time_zone or "UTC"),
        skew_s=hello.sent_at - now,
        canary_every_s=wire.canary_interval(hello.canary_every_s),
        period_s=int(hello.sample_period_s),
        derived=tuple(wire.derived_from_wire(one, hello.channels) for one in hello.derived),
    )


def _zone(name: str) -> str:
    try:
        return known_zone(name)
    except ValueError as error:
        raise wire.WireError(f"hello.time_zone: {error}") from error


def _link(beat: sensing_pb2.Heartbeat) -> LinkState:
    for what in ("dropped", "spooled"):
        if getattr(beat, what) > wire.MOST:
            raise wire.WireError(f"heartbeat.{what} = {getattr(beat, what)}: expected at most {wire.MOST}")
    return LinkState(dropped=beat.dropped, spooled=beat.spooled, cameras=tuple(map(_camera, beat.cameras)))


_RATES = ("given_per_s", "looked_at_per_s", "skipped_per_s")


def _camera(told: sensing_pb2.CameraState) -> dict[str, object]:
    """What a heartbeat tells of one camera."""
    called = f"heartbeat camera {told.camera[:40]!r}"
    if not math.isfinite(told.since):
        raise wire.WireError(f"{called} has since {told.since}: expected Unix seconds")
    rates = {name: getattr(told, name) for name in _RATES}
    for name, rate in rates.items():
        if not 0.0 <= rate < 1e4:
            raise wire.WireError(f"{called} has {name} {rate}: expected pictures a second, 0 or more")
    known = {"camera": told.camera, "residents": list(told.residents), "blind": told.blind, "since": told.since}
    return {**known, "detail": told.detail, "falls_missed": told.falls_missed, **rates}


def _put_aside(agent: str, kind: str, why: str, *ids: str) -> sensing_pb2.ServerMessage:
    """Count and log a report that is refused, and say so to its agent."""
    metrics.REPORTS_REFUSED.labels(kind).inc()
    logs.logger(agent=agent).warning("report refused", kind=kind, detail=why)
    refused = sensing_pb2.ReportRefused(kind=kind, reason=why, ids=[one for one in ids if one])
    return sensing_pb2.ServerMessage(report_refused=refused)


async def _refuse(context: Context, code: grpc.StatusCode, why: str) -> NoReturn:
    metrics.REFUSED.labels(code.name.lower()).inc()
    logs.logger().warning("stream refused", code=code.name, detail=why)
    await context.abort(code, why)
    raise AssertionError("an aborted stream went on")
