"""Composes the console: ledger, application, live broadcast, relay of what people pressed, health."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from services.console.app import make_app
from services.console.room import Room
from services.console.settings import ConsoleSettings
from services.console.signing_in import FIRST, first_person
from services.ledger import Database
from services.ledger.relay import relay
from services.ledger.topics import ALERT_ACKNOWLEDGED, DELIVERY_REPLAYED, FEEDBACK_GIVEN, RECEIVER_ENABLED
from services.runtime import logs
from services.runtime.clock import SystemClock
from services.runtime.health import HealthServer
from services.runtime.lifecycle import together
from services.runtime.queue import open_queue
from services.vocabulary import UnixSeconds


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: `lifecycle.run` has them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: ConsoleSettings, stop: asyncio.Event) -> None:
    """Run until `stop` is set; open pages are let go at once, requests get a moment to end."""
    clock = SystemClock()
    database = Database(settings.database_url)
    await asyncio.to_thread(database.migrate)
    if settings.sign_in:
        await asyncio.to_thread(_first_start, database, clock.now())
    queue = await asyncio.to_thread(open_queue, settings.redis_url, settings.database_url, settings.queue_prefix)
    app = make_app(Room(database, clock, settings))
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
        proxy_headers=False, lifespan="off", timeout_graceful_shutdown=3, timeout_keep_alive=30,
        ssl_certfile=settings.tls_certificate, ssl_keyfile=settings.tls_key,
    )  # fmt: skip
    server = _Server(config)
    health = HealthServer(settings.health_host, settings.health_port)
    health.add("ledger", database.check)
    health.add("page", lambda: "" if server.started else "not listening yet")
    health.start()
    logs.logger().info("listening", host=settings.host, port=settings.port, health_port=health.port)
    topics = (ALERT_ACKNOWLEDGED, FEEDBACK_GIVEN, DELIVERY_REPLAYED, RECEIVER_ENABLED)
    try:
        await together(
            stop, _page(server), _end(server, stop), app.state.broadcast.run(stop),
            relay(database, queue, topics, stop, clock),
        )  # fmt: skip
    finally:
        health.close()
        queue.close()
        database.close()


def _first_start(database: Database, now: UnixSeconds) -> None:
    """Where nobody may sign in yet, make somebody who may, and say the password this once."""
    password = first_person(database, now)
    if password:
        print(  # noqa: T201 - on standard output alone, and never again
            f"attune: nobody could sign in yet: a first operator was made. Name: {FIRST}   Password: {password}\n"
            "attune: this password is not shown again; `attune people add` lets others in, `attune people password "
            f"{FIRST}` makes another one.", flush=True,
        )  # fmt: skip


async def _page(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit as error:  # how uvicorn says that it could not bind
        raise OSError("the page's port cannot be bound: is another console running?") from error


async def _end(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
