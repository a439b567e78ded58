"""A running threshold service follows its policy file, and says so where a broken one keeps the old in force."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.runtime.ports import free_port
from services.vocabulary import Policy
from tests.facility.test_threshold_stream import Service, converse, hello, running
from threshold_service.policy import parsed

pytestmark = pytest.mark.facility
STRICTER = 'name = "ward"\n[budget]\ntier1 = 3.0\n'


class Governed(Service):
    """A service with a policy file."""

    @property
    def policy(self) -> Path:
        return self.folder / "policy.toml"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "ATTUNE_THRESHOLD_POLICY": str(self.policy)}

    def says(self, page: str) -> str:
        return httpx.get(f"http://127.0.0.1:{self.health}/{page}", trust_env=False).text

    def in_force(self) -> str:
        return converse(self, hello())[0].welcome.policy_version


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Governed]:
    started = Governed(tmp_path, free_port(), free_port())
    started.policy.write_text("")
    with running(started):
        yield started


def wait_for(service: Governed, page: str, words: str) -> None:
    end = time.monotonic() + 240
    while words not in service.says(page):
        assert time.monotonic() < end, f"{words!r} never came: {service.says(page)[:400]}"
        time.sleep(0.1)


def test_it_follows_the_file_and_keeps_the_old_policy_behind_a_broken_one(service: Governed) -> None:
    assert service.in_force() == Policy().version
    service.policy.write_text(STRICTER)
    wait_for(service, "metrics", 'attune_threshold_policies_total{outcome="followed"} 1.0')
    assert service.in_force() == parsed(STRICTER, "x").version
    service.policy.write_text("budgett = 3")
    wait_for(service, "readyz", "unknown key 'budgett'")
    assert service.says("readyz").startswith("ready\n") and service.in_force() == parsed(STRICTER, "x").version
    service.policy.write_text("")
    wait_for(service, "readyz", "set approved_by")
    assert service.in_force() == parsed(STRICTER, "x").version
