"""Composes alerting: ledger, consumers of its topics, couriers, dispatcher, health."""

import asyncio
from collections.abc import Callable

from services.alerting.canary import Canaries, CanaryWatch
from services.alerting.chains import Chains
from services.alerting.channel import Channel, WebhookChannel
from services.alerting.dedup import dedup
from services.alerting.dispatcher import Dispatcher
from services.alerting.group import group, grouped
from services.alerting.handover import handover
from services.alerting.in_order import in_order
from services.alerting.inhibit import inhibit
from services.alerting.intake import Intake
from services.alerting.plan import Plan
from services.alerting.quiet import quiet
from services.alerting.reached import OnCallWatch
from services.alerting.retry import Schedule
from services.alerting.route import route
from services.alerting.settings import AlertingSettings
from services.alerting.shift_watch import ShiftWatch
from services.alerting.shifts import ShiftRoster
from services.alerting.silence import silence
from services.ledger import Database
from services.ledger.consumer import Consumer
from services.ledger.outbox_watch import OutboxWatch
from services.ledger.topics import (
    ALERT_ACKNOWLEDGED,
    ASSESSMENT_MADE,
    CANARY_SENT,
    DELIVERY_REPLAYED,
    EVENT_CHANGED,
    RECEIVER_ENABLED,
)
from services.runtime import logs
from services.runtime.clock import Clock, SystemClock
from services.runtime.health import HealthServer
from services.runtime.lifecycle import together
from services.runtime.queue import open_queue
from services.runtime.webhook.courier import Courier

CONSUMER = "alerting"


async def serve(settings: AlertingSettings, stop: asyncio.Event) -> None:
    """Run until `stop` is set; attempts under way get a moment to end."""
    clock = SystemClock()
    database = Database(settings.database_url, in_turn=True)
    await asyncio.to_thread(database.migrate)
    queue = await asyncio.to_thread(open_queue, settings.redis_url, settings.database_url, settings.queue_prefix)
    shifts = ShiftWatch(lambda: settings.shift_roster)
    plan = plan_of(settings, shifts.roster)
    channels = channels_of(settings, clock)
    dispatcher = Dispatcher(database, clock, channels, plan)
    intake = Intake(clock, plan, settings.opinion_raises)
    handlers = {
        EVENT_CHANGED: intake.event_changed,
        ASSESSMENT_MADE: intake.assessment_made,
        ALERT_ACKNOWLEDGED: intake.acknowledged,
        DELIVERY_REPLAYED: intake.replayed,
        RECEIVER_ENABLED: intake.enabled,
        CANARY_SENT: Canaries(clock, plan.chains).sent,
    }
    direct = None if database.dialect == "sqlite" and not settings.redis_url else queue
    consumers = {
        topic: Consumer(database, direct, topic, CONSUMER, handle, clock) for topic, handle in handlers.items()
    }
    outbox = OutboxWatch(database, handlers)
    health = HealthServer(settings.health_host, settings.health_port)
    health.add("ledger", database.check)
    canaries = CanaryWatch(database, clock, plan.chains, settings.canary_slack_s)
    health.note("canaries", canaries.problem)
    health.note("shifts", shifts.problem)
    health.start()
    _announce(settings, health.port)
    try:
        await together(
            stop,
            dispatcher.run(stop),
            canaries.run(stop),
            shifts.run(stop),
            OnCallWatch(database, clock, plan.chains).run(stop),
            *([outbox.run(stop)] if direct is None else []),
            *(each.run(stop, bell=outbox.bells[topic], handled=dispatcher.wake) for topic, each in consumers.items()),
        )
    finally:
        health.close()
        for channel in channels.values():
            await channel.close()
        queue.close()
        database.close()


def plan_of(settings: AlertingSettings, shifts: Callable[[], ShiftRoster] | None = None) -> Plan:
    """The stages in their order, and who is asked after whom; without `shifts`, as the roster says at this moment."""
    at_start = settings.shift_roster
    chains = Chains(settings.everybody, settings.chains, settings.zone, shifts or (lambda: at_start))
    stages = (route(chains), group, quiet(chains), in_order, dedup, handover(settings.page_url, settings.link_key))
    holders = (inhibit, silence, grouped(settings.group_s))
    return Plan(settings.timing, stages, chains, Schedule(give_up_s=settings.give_up_s), holders)


def channels_of(settings: AlertingSettings, clock: Clock) -> dict[str, Channel]:
    """The way to each receiver, by its name."""
    hooks: dict[str, Channel] = {
        receiver.name: WebhookChannel(receiver, Courier(receiver, settings.guard(receiver), settings.timeout_s, clock))
        for receiver in settings.receivers
    }
    if not settings.apprise:
        return hooks
    from services.alerting.apprise_channel import AppriseChannel  # a hundred services that most facilities never name

    return hooks | {
        one.name: AppriseChannel(one, settings.guard(one), settings.timeout_s, clock) for one in settings.apprise
    }


def _announce(settings: AlertingSettings, health_port: int) -> None:
    log = logs.logger()
    log.info("alerting", receivers=[receiver.name for receiver in settings.everybody], health_port=health_port)
    untold = [tier for tier in (1, 2) if not any(tier in receiver.tiers for receiver in settings.everybody)]
    if untold:
        log.warning("no receiver takes these tiers: they stand on the page only, as undelivered", tiers=untold)
