"""A process answers whether it lives, whether it is ready and what it counts."""

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from services.runtime.health import HealthServer, PortTaken

pytestmark = pytest.mark.unit


def test_it_is_ready_only_when_every_check_is_silent() -> None:
    registry = CollectorRegistry()
    Counter("attune_things", "Things", registry=registry).inc(3)
    problem = ["the database does not answer"]
    server = HealthServer("127.0.0.1", 0, registry).start()
    server.add("ledger", lambda: problem[0])
    address = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert client.get("/healthz").status_code == 200
        refused = client.get("/readyz")
        assert (refused.status_code, refused.text) == (503, "ledger: the database does not answer\n")
        problem[0] = ""
        assert client.get("/readyz").status_code == 200
        assert "attune_things_total 3.0" in client.get("/metrics").text
        assert client.get("/secrets").status_code == 404
    server.close()


def test_it_names_the_address_and_the_setting_when_somebody_else_listens_there() -> None:
    first = HealthServer("127.0.0.1", 0, CollectorRegistry()).start()
    with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{first.port}: .*health_port"):
        HealthServer("127.0.0.1", first.port, CollectorRegistry())
    first.close()


def test_it_tells_a_note_and_stays_ready() -> None:
    server = HealthServer("127.0.0.1", 0, CollectorRegistry())
    server.note("policy", lambda: "an old one is in force")
    assert server._answer("/readyz") == (200, "text/plain", b"ready\npolicy: an old one is in force\n")
    server._server.server_close()
