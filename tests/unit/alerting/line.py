"""The line of alerting on virtual time: a ledger, a dispatcher, and receivers that are real HTTP servers."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from services.alerting.channel import WebhookChannel
from services.alerting.dispatcher import Dispatcher
from services.alerting.intake import Intake
from services.alerting.service import plan_of
from services.alerting.settings import AlertingSettings, Receiver
from services.ledger import (
    AcknowledgementRepository,
    AlertRepository,
    AssessmentRepository,
    Database,
    DeliveryRepository,
    EventRepository,
    OutboxMessage,
)
from services.runtime.clock import VirtualClock
from services.runtime.codec import to_json
from services.runtime.webhook.courier import Courier
from services.vocabulary import Alert, Assessment, Delivery, Event

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy1vbmx5LW5vdC1hLWZhY2lsaXR5"


@dataclass
class Endpoint:
    """A receiver that answers as it is told to, and keeps what it got."""

    answer: int = 204
    wait_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                endpoint.pause.wait(endpoint.wait_s)
                self.send_response(endpoint.answer)
                for name, value in endpoint.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.pause = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=lambda: self.server.serve_forever(0.02), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self) -> None:
        self.pause.set()
        self.server.shutdown()
        self.server.server_close()


class Line:
    """Alerting without its process: messages go in by hand, `run` lets virtual time pass."""

    def __init__(
        self, database: Database, clock: VirtualClock, *receivers: Receiver, timeout_s: float = 2.0, **facts: Any
    ) -> None:
        self.database, self.clock, self.receivers = database, clock, receivers
        self.timeout_s = timeout_s
        self.settings = AlertingSettings(receivers=receivers, **facts)
        self.plan = plan_of(self.settings)
        self.intake = Intake(clock, self.plan)

    def tell(self, event: Event) -> None:
        with self.database.write() as connection:
            EventRepository(connection).record(event)
            self.intake.event_changed(connection, self._message(event))

    def assess(self, made: Assessment) -> None:
        with self.database.write() as connection:
            AssessmentRepository(connection).record(made)
            self.intake.assessment_made(connection, self._message(made))

    def acknowledge(self, event: Event, by: str = "Ana", heard: bool = True) -> None:
        """Somebody takes it on the page; `heard`: alerting has handled the message as well."""
        with self.database.write() as connection:
            alert = AlertRepository(connection).of_event(event.id)
            assert alert is not None
            word = AcknowledgementRepository(connection).record(alert.id, by, self.clock.now(), "page")
            if heard:
                self.intake.acknowledged(connection, self._message(word))

    def run(self, seconds: float = 0.0, pace: float = 1.0) -> None:
        """Let time pass; whatever is due on the way is attempted."""
        asyncio.run(self._run(seconds, pace))

    def alert(self, event: Event) -> Alert:
        with self.database.read() as connection:
            found = AlertRepository(connection).of_event(event.id)
        assert found is not None
        return found

    def log(self, event: Event) -> list[Delivery]:
        with self.database.read() as connection:
            return DeliveryRepository(connection).of_alert(self.alert(event).id)

    async def _run(self, seconds: float, pace: float) -> None:
        couriers = {r.name: WebhookChannel(r, self._courier(r)) for r in self.receivers}
        dispatcher = Dispatcher(self.database, self.clock, couriers, self.plan)
        end = self.clock.now() + seconds
        while True:
            for _ in range(3):
                await dispatcher.step()
                await dispatcher.settle(30.0)
                await asyncio.sleep(0)
            if self.clock.now() >= end:
                break
            self.clock.advance(min(pace, end - self.clock.now()))
        for courier in couriers.values():
            await courier.close()

    def _courier(self, one: Receiver) -> Courier:
        return Courier(one, self.settings.guard(one), self.timeout_s, self.clock)

    def _message(self, noun: object) -> OutboxMessage:
        return OutboxMessage("m", "t", "k", to_json(noun), self.clock.now())


def receiver(name: str, endpoint: Endpoint | str, tiers: frozenset[int] = frozenset({1, 2}), **facts: Any) -> Receiver:
    url = endpoint if isinstance(endpoint, str) else endpoint.url
    return Receiver(name=name, url=url, secret=SECRET, tiers=tiers, **facts)  # type: ignore[arg-type]


Make = Callable[..., Line]
