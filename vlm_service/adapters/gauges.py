"""Tells Prometheus which adapters stand where, for what a canary is heard, and what the servers hold for them."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from services.vocabulary import AdapterState, AdapterVersion
from vlm_service import metrics
from vlm_service.adapters.states import SERVED
from vlm_service.replicas import Replica


def tell_versions(versions: Sequence[AdapterVersion], weigh: Callable[[str], int]) -> None:
    """Where all of them stand; `weigh` gives the bytes of a version's weights."""
    counted = Counter(version.state for version in versions)
    for state in AdapterState:
        metrics.ADAPTERS.labels(state.value).set(counted[state])
    for state in SERVED:
        held = [version for version in versions if version.state is state]
        metrics.ADAPTER_BYTES.labels(state.value).set(sum(weigh(version.served_name) for version in held))
    canary = next((version for version in versions if version.state is AdapterState.CANARY), None)
    metrics.CANARY_SHARE.set(canary.share if canary else 0.0)
    metrics.CANARY_ROOMS.set(len(canary.rooms) if canary else 0)


def tell_unproven(replicas: Sequence[Replica], wanted: Collection[str]) -> None:
    """At how many servers some adapter that they should hold is not proven."""
    metrics.UNPROVEN.set(sum(not replica.proven.issuperset(wanted) for replica in replicas))
