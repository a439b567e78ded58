"""Composes the threshold service: ledger, roster, intake, relay, escalation, health."""

import asyncio

import grpc.aio

from services.ledger.database import Database
from services.ledger.relay import relay
from services.ledger.topics import CANARY_SENT, EVENT_CHANGED
from services.runtime import logs
from services.runtime.clock import SystemClock
from services.runtime.health import HealthServer
from services.runtime.lifecycle import together
from services.runtime.queue import open_queue
from threshold_service.approvals import Approvals
from threshold_service.canaries import CanaryWatch
from threshold_service.edge_alarms import EdgeAlarms
from threshold_service.escalation import Escalation
from threshold_service.intake import Intake
from threshold_service.link_watch import LinkWatch
from threshold_service.modes import Modes
from threshold_service.policy import read_policy
from threshold_service.policy_watch import PolicyWatch
from threshold_service.roster import Roster
from threshold_service.settings import ThresholdSettings
from threshold_service.sharing import sharing
from threshold_service.upkeep import upkeep
from threshold_service.warming import warm


async def serve(settings: ThresholdSettings, stop: asyncio.Event) -> None:
    """Run until `stop` is set; then let every stream make itself durable and close."""
    clock = SystemClock()
    policy = read_policy(settings.policy)
    database = Database(settings.database_url)
    await asyncio.to_thread(database.migrate)
    queue = await asyncio.to_thread(open_queue, settings.redis_url, settings.database_url, settings.queue_prefix)
    health = HealthServer(settings.health_host, settings.health_port)
    missing = ["the engine is being compiled"]
    health.add("engine", lambda: "".join(missing))
    health.add("ledger", database.check)
    health.start()
    await asyncio.to_thread(warm, settings.compiled, settings.history_folder.parent / "compiled", clock)
    roster = Roster(database, clock, policy, settings.replica)
    await asyncio.to_thread(roster.follow_policy, policy)  # the ledger is told what is promised
    # Otherwise a second process could listen on the same port and take half of the agents.
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 16 * 2**20), ("grpc.so_reuseport", 0)])
    Intake(roster, clock, settings).join(server)
    port = server.add_insecure_port(f"{settings.host}:{settings.port}")
    await server.start()
    missing.clear()
    logs.logger().info("listening", host=settings.host, port=port, policy=policy.version)
    links = LinkWatch(database, clock, settings.link_lost_s)
    health.note("agents", links.problem)
    canaries = CanaryWatch(database, clock)
    health.note("canaries", canaries.problem)
    jobs = [
        upkeep(database, settings.history_folder, clock, stop),
        relay(database, queue, (EVENT_CHANGED, CANARY_SENT), stop, clock),
        sharing(roster, stop),
        Approvals(database, roster).run(stop),
        EdgeAlarms(database, clock).run(stop),
        links.run(stop),
        canaries.run(stop),
        Modes(database, clock).run(stop),
        _close(server, stop),
    ]
    if settings.policy is not None:
        watch = PolicyWatch(settings.policy, roster)
        health.note("policy", watch.problem)
        jobs.append(watch.run(stop))
    if settings.assess:
        escalation = Escalation(
            database, clock, settings.assess, settings.assess_token, settings.assess_deadline_s,
            roster.pictures if settings.evidence else None, settings.evidence_wait_s,
        )  # fmt: skip
        jobs.append(escalation.run(stop))
    try:
        await together(stop, *jobs)
    finally:
        health.close()
        queue.close()
        database.close()


async def _close(server: grpc.aio.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    await server.stop(grace=3.0)
