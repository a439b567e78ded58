"""What Prometheus is told of adapters. Kind: unit."""

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from services.vocabulary import AdapterState, AdapterVersion
from vlm_service.adapters.gauges import tell_unproven, tell_versions
from vlm_service.replicas import Replica

pytestmark = pytest.mark.unit
FIRST = AdapterVersion("calm", "0" * 64, AdapterState.ACTIVE, "Ana", 0.0, 0.0)
BYTES = {"calm": 100, "other": 30, "new": 7}


def told(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"attune_vlm_{name}", labels)


def of(state: AdapterState, name: str, **more: object) -> AdapterVersion:
    return replace(FIRST, state=state, name=name, **more)  # type: ignore[arg-type]


def weigh(served_name: str) -> int:
    return BYTES[served_name.partition("@")[0]]


def test_it_counts_versions_by_where_they_stand_and_weighs_what_servers_hold() -> None:
    refused = [of(AdapterState.REFUSED, "other"), of(AdapterState.REFUSED, "new")]
    tell_versions([FIRST, of(AdapterState.CANARY, "new", share=0.25), *refused], weigh)
    assert (told("adapters", state="active"), told("adapters", state="refused")) == (1.0, 2.0)
    assert (told("adapter_bytes", state="active"), told("adapter_bytes", state="canary")) == (100.0, 7.0)
    assert (told("canary_share"), told("canary_rooms")) == (0.25, 0.0)


def test_it_forgets_who_stood_there_before() -> None:
    tell_versions([of(AdapterState.CANARY, "new", rooms=("Room 1", "Room 2"))], weigh)
    assert (told("canary_share"), told("canary_rooms")) == (0.0, 2.0)
    tell_versions([of(AdapterState.RETIRED, "new")], weigh)
    assert (told("adapters", state="canary"), told("adapter_bytes", state="canary")) == (0.0, 0.0)
    assert told("canary_rooms") == 0.0


def test_it_counts_the_servers_at_which_a_proof_is_missing() -> None:
    proven, half, bare = Replica("http://a"), Replica("http://b"), Replica("http://c")
    proven.proven, half.proven = {"calm@1", "new@2", "old@0"}, {"calm@1"}
    tell_unproven([proven, half, bare], {"calm@1", "new@2"})
    assert told("servers_unproven") == 2.0
    tell_unproven([proven, half, bare], set())
    assert told("servers_unproven") == 0.0
