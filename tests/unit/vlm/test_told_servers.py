"""The ledger is told how the model's servers are: when that changes, and now and then."""

from pathlib import Path

import pytest

from services.ledger import Database, ModelServer, ModelServerRepository
from services.runtime.clock import VirtualClock
from vlm_service.replicas import OPEN_AFTER, Replicas
from vlm_service.told_servers import AGAIN_S, ToldServers

pytestmark = pytest.mark.unit
NOW = 1_760_000_000.0


def test_it_tells_what_changes_and_since_when(tmp_path: Path) -> None:
    database, clock = Database(f"sqlite:///{tmp_path}/attune.db"), VirtualClock(NOW)
    database.migrate()
    servers = Replicas(["http://vllm-1:8000", "https://user:secret@vllm-2"], clock.monotonic)
    told = ToldServers(database, clock, "vlm-1", servers)

    def _kept() -> list[tuple[ModelServer, float]]:
        told.look()
        with database.read() as connection:
            return ModelServerRepository(connection).all()

    assert _kept() == [
        (ModelServer("vllm-1:8000", "", NOW), NOW), (ModelServer("vllm-2:443", "", NOW), NOW),
    ]  # fmt: skip
    clock.advance(5.0)
    for _ in range(OPEN_AFTER):
        servers.failed(servers.all[0], "unreachable")
    assert _kept()[0] == (ModelServer("vllm-1:8000", "failed 3 times in a row", NOW + 5), NOW + 5)
    clock.advance(5.0)
    servers.all[0].ill = "HTTP 503"
    first, second = _kept()
    assert first == (ModelServer("vllm-1:8000", "is ill: HTTP 503", NOW + 5), NOW + 10)
    assert second[0] == ModelServer("vllm-2:443", "", NOW)
    clock.advance(5.0)
    assert [at for _, at in _kept()] == [NOW + 10] * 2, "nothing has changed"
    clock.advance(AGAIN_S)
    assert [at for _, at in _kept()] == [NOW + 75] * 2
    database.close()


def test_of_two_replicas_the_latest_word_counts(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/attune.db")
    database.migrate()
    with database.write() as connection:
        kept = ModelServerRepository(connection)
        kept.save("vlm-1", [ModelServer("vllm:8000", "is ill: HTTP 503", NOW)], NOW)
        kept.save("vlm-2", [ModelServer("vllm:8000", "", NOW)], NOW + 1)
        assert kept.all() == [(ModelServer("vllm:8000", "", NOW), NOW + 1)]
    database.close()
