"""The agent's door: one long-lived gRPC stream that sends the spool and forgets what is durable."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import grpc
import grpc.aio
import numpy as np

from attune_wire.v1 import sensing_pb2
from edge_agent.duties import Duties
from edge_agent.identity import CameraReport, Identity
from edge_agent.metrics import ACKNOWLEDGED, CONNECTED, DROPPED, SENT, SPOOLED
from edge_agent.narrowing import Narrowing
from edge_agent.refusals import Refusals
from edge_agent.spool import Spool
from edge_agent.spool_errors import SpoolError
from edge_agent.standing import Standing
from services.runtime import logs, wire
from services.runtime.batch import Batch
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import EdgeAlarm, PictureReply, PictureRequest, describe
from services.vocabulary.time import Seconds, UnixSeconds

STREAM = f"/{sensing_pb2.DESCRIPTOR.services_by_name['Sensing'].full_name}/Stream"
FATAL = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.ALREADY_EXISTS}


class Refused(RuntimeError):
    """The server will not have this agent as it is; the message is the server's own, with the remedy.

    `of_message`: it was what the agent says that it refused (a sample, a schema, a seat), not the agent's token.
    """

    def __init__(self, text: str, of_message: bool = False) -> None:
        super().__init__(text)
        self.of_message = of_message


Cameras = Callable[[], Sequence[CameraReport]]
NONE = Duties()
MOST_ASKED = 10
"""Requests for pictures that wait at once; more are passed over."""
LINGER_S: Seconds = 3.0
"""How long a stream stays open for the last acknowledgements when the agent stops."""
HANG_UP_S: Seconds = 4.0
"""After this long a stream whose server does not end it is ended from here."""
WELCOME_S: Seconds = 30.0
"""A server that has not said welcome by then is dialled anew."""


class Uplink:
    """Connects, sends what the spool holds, and keeps trying with backoff and jitter until it is stopped.

    `rate`: samples per second that are sent at most, which only what waited longer ever reaches. Everything is sent in
    the order in which it was sensed, so that an event of an outage is found, with its age; until that is done what is
    sensed now waits behind it, and the agent's own alarm watches.
    """

    def __init__(
        self, server: str, identity: Identity, spool: Spool, clock: Clock, cameras: Cameras,
        duties: Duties = NONE, rate: float = math.inf,
    ) -> None:  # fmt: skip
        self._server = server
        self._alarms, self._modes, self._pictures, self._rate = duties.alarms, duties.modes, duties.pictures, rate
        self._canaries, self._hello_at = duties.canaries, (0.0, 0.0)
        self._on_welcome = duties.welcomed
        self._refusals, self._asked = Refusals(duties.alarms), list[PictureRequest]()
        self.identify(identity)
        self._spool, self._narrowing = spool, Narrowing(spool)
        self._clock = clock
        self._cameras = cameras
        self._log = logs.logger(room="edge")
        self._sent = 0
        self._line: object = None
        self._epoch, self._known = spool.epoch, spool.newest
        """What the server may know of this epoch: what lay in the file at the start, and what was sent since."""
        self._welcomed = self._open = False
        self._durable_upto = 0
        self._heard_at = clock.monotonic()
        self._fault: SpoolError | None = None
        self._batch = 500
        self.sent = 0
        self.acknowledged = 0

    @property
    def drained(self) -> bool:
        """Whether everything that was ever written is durable at the server."""
        return len(self._spool) == 0

    @property
    def silent_s(self) -> Seconds:
        """How long the server has said nothing."""
        return self._clock.monotonic() - self._heard_at

    def identify(self, identity: Identity) -> None:
        """From now on the agent is this one: a stream that said otherwise is ended, and what is sent later holds
        nothing that its residents' modes forbid, whenever it was sensed."""
        described = [describe(name) for name in identity.channels]
        self._allowed = np.array([[one.allowed_in(seat.mode) for one in described] for seat in identity.seats], bool)
        self._identity = identity

    def standing(self, epoch: str, sequence: int) -> Standing:
        """How far a sample has come; one of an epoch that is over never went further."""
        if epoch != self._epoch:
            return Standing.WAITING
        if sequence <= self._durable_upto:
            return Standing.DURABLE
        return Standing.SENT if self._open and sequence <= self._sent else Standing.WAITING

    async def run(self, stop: asyncio.Event) -> None:
        """A sample that the server refuses is found, put aside and said, and everything else is sent.

        Raises:
            Refused: the server says that trying again cannot help.
            SpoolError: the spool cannot be read.
        """
        attempt = 0
        while not stop.is_set():
            try:
                await self._converse(stop)
                attempt = 0 if self._welcomed else attempt + 1
            except grpc.aio.AioRpcError as error:
                if error.code() in FATAL and not self._narrowed(error):
                    of_message = error.code() is not grpc.StatusCode.UNAUTHENTICATED
                    raise Refused(f"{self._server}: {error.details()}", of_message) from error
                attempt = 0 if self._welcomed else attempt + 1
                self._log.warning("link lost", code=error.code().name, detail=error.details(), attempt=attempt)
            CONNECTED.set(0)
            await until(stop, _backoff(attempt))

    def _narrowed(self, error: grpc.aio.AioRpcError) -> bool:
        """Whether it was samples that were refused, and what is left can be sent."""
        if error.code() is not grpc.StatusCode.INVALID_ARGUMENT or not self._welcomed:
            return False
        flying = self._sent - self._durable_upto
        return self._narrowing.refused(flying, self._batch, self._durable_upto, self._epoch, error.details() or "")

    async def _converse(self, stop: asyncio.Event) -> None:
        self._sent, self._welcomed, epoch = 0, False, self._spool.epoch
        if epoch != self._epoch:
            self._epoch, self._known, self._durable_upto = epoch, 0, 0
        who = self._identity
        async with grpc.aio.insecure_channel(self._server, options=[("grpc.keepalive_time_ms", 10_000)]) as channel:
            welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            stream = channel.stream_stream(
                STREAM, request_serializer=sensing_pb2.EdgeMessage.SerializeToString,
                response_deserializer=wire.server_message,
            )  # fmt: skip
            self._line = line = object()
            call = stream(self._outgoing(stop, welcomed, epoch, line))
            closing = asyncio.create_task(self._hang_up(stop, call, welcomed, epoch, who))
            try:
                async for message in call:
                    self._receive(message, welcomed, epoch)
                    if self._spool.epoch != epoch:
                        self._log.warning("a new epoch begins", epoch=self._spool.epoch[:12])
                        call.cancel()
                        return
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                if self._fault is not None:
                    raise self._fault from None
                self._log.warning("stream ended from here", welcomed=self._welcomed)
            finally:
                self._open, self._line = False, None
                closing.cancel()

    async def _hang_up(
        self,
        stop: asyncio.Event,
        call: "grpc.aio.StreamStreamCall[Any, Any]",
        welcomed: "asyncio.Future[None]",
        epoch: str,
        who: Identity,
    ) -> None:
        """End a stream whose server does not answer, so that stopping and beginning anew are bounded; and at once one
        that began as somebody else."""
        late = self._clock.monotonic() + WELCOME_S
        while not await until(stop, 0.2) and self._spool.epoch == epoch:
            if self._identity is not who or (not welcomed.done() and self._clock.monotonic() > late):
                break
        else:
            await self._clock.sleep(HANG_UP_S)
        call.cancel()

    def _receive(self, message: sensing_pb2.ServerMessage, welcomed: "asyncio.Future[None]", epoch: str) -> None:
        self._heard_at = self._clock.monotonic()
        match message.WhichOneof("body"):
            case "welcome":
                self._welcome(message.welcome, epoch)
                if not welcomed.done():
                    welcomed.set_result(None)
            case "ack":
                self._durable(message.ack.durable_sequence, epoch)
            case "edge_alarms_kept" if self._alarms is not None:
                self._alarms.kept(message.edge_alarms_kept.ids)
            case "report_refused":
                refused = message.report_refused
                self._refusals.hear(refused.kind, refused.reason, refused.ids)
            case "mode_change" if self._modes is not None:
                self._modes.decide(wire.mode_change_from_wire(message.mode_change))
            case "evidence_request" if len(self._asked) < MOST_ASKED:
                self._asked.append(wire.picture_request_from_wire(message.evidence_request))
            case other:
                self._log.info("message passed over", kind=other)

    def _welcome(self, welcome: sensing_pb2.Welcome, epoch: str) -> None:
        durable = welcome.durable_sequence
        self._batch = welcome.max_batch or self._batch
        skew = self._clock.now() - welcome.server_time
        self._log.info("welcomed", durable=durable, policy=welcome.policy_version, skew_s=round(skew, 3))
        if self._spool.epoch == epoch and durable > self._known:
            self._log.error("the spool has lost samples that the server has", durable=durable, newest=self._known)
            self._spool.renew()
            return
        self._sent, self._welcomed, self._open = durable, True, True
        self._durable(durable, epoch)
        CONNECTED.set(1)
        self._on_welcome()

    def _durable(self, sequence: int, epoch: str) -> None:
        if self._spool.epoch == epoch and sequence > self._sent:
            self._log.error("acknowledged what was never sent", acknowledged=sequence, newest=self._sent)
        if self._spool.epoch == epoch:
            if min(sequence, self._sent) > self._durable_upto:
                self._narrowing.taken(self._batch)
            self._durable_upto = max(self._durable_upto, min(sequence, self._sent))
        gone = self._spool.forget(min(sequence, self._sent), epoch)
        self.acknowledged += gone
        ACKNOWLEDGED.inc(gone)

    async def _outgoing(
        self, stop: asyncio.Event, welcomed: "asyncio.Future[None]", epoch: str, line: object
    ) -> AsyncIterator[sensing_pb2.EdgeMessage]:
        """What is said on this `line`: gRPC asks once more for a message after a stream has broken, and what it were
        given then would count as sent."""
        who = self._identity
        yield sensing_pb2.EdgeMessage(hello=self._hello(epoch, who))
        await welcomed
        if self._modes is not None:
            yield sensing_pb2.EdgeMessage(mode_states=wire.mode_states_to_wire(self._modes.states()))
        beat, first, paced = 0.0, True, 0.0
        while not (stop.is_set() and self._sent >= self._spool.newest) and self._spool.epoch == epoch:
            alarms = await self._told(first)
            if self._identity is not who or self._line is not line:
                return
            if alarms:
                yield sensing_pb2.EdgeMessage(edge_alarms=wire.edge_alarms_to_wire(alarms))
            first = False
            while self._asked:
                yield sensing_pb2.EdgeMessage(evidence=wire.picture_reply_to_wire(await self._shown()))
            if self._canaries is not None and (identity := self._canaries.due()):
                yield sensing_pb2.EdgeMessage(canary=wire.canary_to_wire(identity, self._since_hello()))
            if self._line is not line:
                return
            now = self._clock.monotonic()
            held = alarms is None or now < paced or self._narrowing.waits(self._sent, self._durable_upto)
            batch = None if held else self._read(epoch)
            if batch is not None:
                paced = max(paced, now) + len(batch) / self._rate
                self._sent = int(batch.sequences[-1])
                self._known = max(self._known, self._sent)
                self.sent += len(batch)
                SENT.inc(len(batch))
                yield sensing_pb2.EdgeMessage(batch=wire.batch_to_wire(batch))
            if self._clock.monotonic() - beat >= 2.0:
                beat = self._clock.monotonic()
                yield sensing_pb2.EdgeMessage(heartbeat=_heartbeat(self._cameras(), self._spool, self._clock.now()))
            if batch is None:
                await self._clock.sleep(0.05)
        if stop.is_set():
            await self._linger()

    async def _shown(self) -> PictureReply:
        request = self._asked.pop(0)
        if self._pictures is None:
            return PictureReply(request.event, refusal="this agent keeps no pictures")
        return await asyncio.to_thread(self._pictures.release, request)

    async def _told(self, first: bool) -> Sequence[EdgeAlarm] | None:
        return () if self._alarms is None else await self._alarms.ready(first, self.silent_s)

    def _read(self, epoch: str) -> Batch | None:
        try:
            most = self._narrowing.most(self._batch)
            batch = self._spool.read(self._sent, most, len(self._identity.channels), epoch)
            return batch if batch is None or self._allowed.all() else self._permitted(batch)
        except SpoolError as error:
            self._fault = error  # the stream, which asks for the next message, would swallow it
            raise

    def _permitted(self, batch: Batch) -> Batch:
        return replace(batch, values=np.where(self._allowed[batch.seats], batch.values, np.float32(np.nan)))

    async def _linger(self, limit_s: Seconds = LINGER_S) -> None:
        """Keep the stream open a little, so that what was sent can still be acknowledged."""
        end = self._clock.monotonic() + limit_s
        while not self.drained and self._clock.monotonic() < end:
            await self._clock.sleep(0.05)

    def _since_hello(self) -> UnixSeconds:
        """Now, on the clock that the hello told, whatever was done to the wall clock since."""
        wall, monotonic = self._hello_at
        return wall + self._clock.monotonic() - monotonic

    def _hello(self, epoch: str, who: Identity) -> sensing_pb2.Hello:
        self._hello_at = (self._clock.now(), self._clock.monotonic())
        every_s = 0.0 if self._canaries is None else self._canaries.every_s
        return _hello(who, self._spool, epoch, self._hello_at[0], every_s)


def _backoff(attempt: int, longest_s: Seconds = 15.0) -> Seconds:
    return min(longest_s, 0.25 * 2.0 ** min(attempt, 8)) * random.uniform(0.5, 1.0)


def _hello(who: Identity, spool: Spool, epoch: str, now: UnixSeconds, canary_every_s: Seconds) -> sensing_pb2.Hello:
    """The first message of a stream."""
    return sensing_pb2.Hello(
        agent=who.agent, epoch=epoch, software=who.software, channels=who.channels, sent_at=now,
        sample_period_s=float(who.period_s),
        models=[sensing_pb2.ModelDigest(name=n, sha256=d, provider=p) for n, d, p in who.models],
        seats=[wire.seat_to_wire(seat) for seat in who.seats],
        oldest_sequence=spool.oldest, newest_sequence=spool.newest, token=who.token, time_zone=who.time_zone,
        canary_every_s=canary_every_s, derived=[wire.derived_to_wire(one) for one in who.derived],
    )  # fmt: skip


def _heartbeat(cameras: Sequence[CameraReport], spool: Spool, now: UnixSeconds) -> sensing_pb2.Heartbeat:
    """How cameras and spool are now; sets their gauges."""
    DROPPED.set(spool.dropped)
    SPOOLED.set(len(spool))
    states = [sensing_pb2.CameraState(**asdict(one)) for one in cameras]
    return sensing_pb2.Heartbeat(sent_at=now, cameras=states, dropped=spool.dropped, spooled=len(spool))
