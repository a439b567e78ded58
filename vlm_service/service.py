"""The VLM service's door: answers Assess over gRPC, and composes the process."""

import asyncio
import hmac
import math

import grpc
import grpc.aio
from sqlalchemy.exc import DBAPIError

from attune_wire.v1 import judgement_pb2, judgement_pb2_grpc
from services.ledger.database import Database
from services.ledger.relay import relay
from services.ledger.topics import ASSESSMENT_MADE
from services.runtime import logs, wire
from services.runtime.clock import SystemClock
from services.runtime.health import HealthServer
from services.runtime.lifecycle import together
from services.runtime.queue import open_queue
from services.vocabulary import Event
from vlm_service.adapters.room import Adapters
from vlm_service.dialogue import prompt_version
from vlm_service.engine import Engine
from vlm_service.kept import Kept
from vlm_service.metrics import REFUSED
from vlm_service.opinion import SecondOpinion, Superseded
from vlm_service.places import Places
from vlm_service.settings import VlmSettings
from vlm_service.shown import usable
from vlm_service.told_servers import ToldServers


async def serve(settings: VlmSettings, stop: asyncio.Event) -> None:
    """Run until `stop` is set; then finish what is being reasoned about and close."""
    clock = SystemClock()
    database = Database(settings.database_url)
    await asyncio.to_thread(database.migrate)
    queue = await asyncio.to_thread(open_queue, settings.redis_url, settings.database_url, settings.queue_prefix)
    engine = Engine(settings) if settings.server_url else None
    places = Places(settings.at_once, settings.most_waiting)
    opinion = SecondOpinion(Kept(database, clock, settings.replica), clock, engine, places, settings.patience)
    adapters = await asyncio.to_thread(Adapters, settings, database, clock, engine)
    await adapters.start()
    await opinion.resume()
    health = HealthServer(settings.health_host, settings.health_port)
    health.add("ledger", database.check)
    health.add("adapters", adapters.check)
    # Otherwise a second process could listen on the same port and take half of the calls.
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    judgement_pb2_grpc.add_SecondOpinionServicer_to_server(Door(opinion, settings), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port(f"{settings.host}:{settings.port}")
    await server.start()
    health.start()  # readiness means that callers are answered
    logs.logger().info(
        "listening", host=settings.host, port=port, health_port=health.port,
        model=settings.model if engine else "", adapter=settings.adapter, prompt_version=prompt_version(),
    )  # fmt: skip
    try:
        jobs = [
            relay(database, queue, (ASSESSMENT_MADE,), stop, clock),
            opinion.watch(stop),
            adapters.run(stop),
            _close(server, opinion, stop),
        ]
        if engine is not None:
            health.note("servers", lambda: "; ".join(engine.replicas.problems()))
            jobs.append(engine.watch(stop))
            jobs.append(ToldServers(database, clock, settings.replica, engine.replicas).run(stop))
        await together(stop, *jobs)
    finally:
        health.close()
        if engine is not None:
            await engine.close()
        queue.close()
        database.close()


async def _close(server: grpc.aio.Server, opinion: SecondOpinion, stop: asyncio.Event) -> None:
    await stop.wait()
    await server.stop(grace=3.0)
    await opinion.drain(patience_s=2.0)


class Door(judgement_pb2_grpc.SecondOpinionServicer):
    """Checks what comes in, asks for the opinion, and names every refusal with its remedy."""

    def __init__(self, opinion: SecondOpinion, settings: VlmSettings) -> None:
        self._opinion = opinion
        self._settings = settings

    async def Assess(
        self,
        request: judgement_pb2.AssessRequest,
        context: "grpc.aio.ServicerContext[judgement_pb2.AssessRequest, judgement_pb2.AssessReply]",
    ) -> judgement_pb2.AssessReply:
        """
        Refuses with UNAUTHENTICATED (no or a wrong token), INVALID_ARGUMENT (an impossible request),
        FAILED_PRECONDITION (the event has a later revision) and UNAVAILABLE (the ledger does not answer: ask again).
        """
        await self._check_token(context)
        try:
            event = _read(request)
        except wire.WireError as error:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        try:
            frames = usable(map(wire.picture_from_wire, request.frames), event, self._settings.pictures)
            assessment = await self._opinion.assess(event, request.deadline_s, frames)
        except Superseded as error:
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except DBAPIError:
            await _refuse(context, grpc.StatusCode.UNAVAILABLE, "the ledger does not answer: ask again later")
        return judgement_pb2.AssessReply(assessment=wire.assessment_to_wire(assessment))

    async def _check_token(
        self, context: "grpc.aio.ServicerContext[judgement_pb2.AssessRequest, judgement_pb2.AssessReply]"
    ) -> None:
        token = self._settings.token
        shown = dict(context.invocation_metadata() or ()).get("authorization", "")
        if token and not hmac.compare_digest(str(shown).encode(), f"Bearer {token}".encode()):
            why = "metadata authorization: expected 'Bearer' and the service's ATTUNE_VLM_TOKEN; callers set it as "
            await _refuse(context, grpc.StatusCode.UNAUTHENTICATED, why + "ATTUNE_THRESHOLD_ASSESS_TOKEN")


async def _refuse(
    context: "grpc.aio.ServicerContext[judgement_pb2.AssessRequest, judgement_pb2.AssessReply]",
    code: grpc.StatusCode,
    why: str,
) -> None:
    REFUSED.labels(code.name.lower()).inc()
    logs.logger(room="vlm").warning("request refused", code=code.name)
    await context.abort(code, why)


def _read(request: judgement_pb2.AssessRequest) -> Event:
    """
    Raises:
        WireError: the request says something impossible; the text names the field and what is expected.
    """
    if not request.HasField("event"):
        raise wire.WireError("event: missing; expected the event to reason about")
    asked = request.deadline_s
    if not (math.isfinite(asked) and asked >= 0):
        raise wire.WireError(f"deadline_s = {asked}: expected seconds, 0 or more (0: the service's own deadline)")
    event = wire.event_from_wire(request.event)
    _check(event)
    return event


def _check(event: Event) -> None:
    if len(event.id) > 255 or not event.id.isprintable():
        raise wire.WireError("event.id: expected at most 255 printable characters, as `event_id` makes them")
    evidence = event.evidence
    if evidence.window_s < 0:
        raise wire.WireError(f"event.evidence.window_s = {evidence.window_s}: expected 0 or more (NaN: not known)")
    if not (math.isnan(evidence.seen_share) or 0 <= evidence.seen_share <= 1):
        raise wire.WireError(f"event.evidence.seen_share = {evidence.seen_share}: expected 0..1 (NaN: not known)")
