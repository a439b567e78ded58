"""What the threshold service counts."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

STREAMS = Gauge("attune_threshold_streams", "Agents that are connected")
SAMPLES = Counter(
    "attune_threshold_samples",
    "Samples by what became of them: judged, crowded (judged, in place of another of that second), late, unreadable "
    "(a time that is none), repeated",
    ["fate"],
)
RESTARTS = Counter("attune_threshold_grid_restarts", "Times a resident's seconds were counted anew: a clock was set")
EVENTS = Counter("attune_threshold_events", "Events opened or raised", ["tier", "reason"])
CONFLICTS = Counter("attune_threshold_event_conflicts", "Events of one id with different contents: must stay 0")
BATCH_SECONDS = Histogram(
    "attune_threshold_batch_seconds",
    "Time from a batch's arrival to its decisions",
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2.0),
)
SNAPSHOT_SECONDS = Histogram(
    "attune_threshold_snapshot_seconds", "Time to make an agent durable", buckets=(0.005, 0.02, 0.1, 0.5, 2.0)
)
LOST = Gauge("attune_threshold_agents_lost", "Edge agents that were heard before and are not any more")
BLIND = Gauge("attune_threshold_rooms_blind", "Residents whose camera gives no picture")
EDGE_ALARMS = Counter(
    "attune_threshold_edge_alarms",
    "Alarms that edge agents raised by themselves: told, untold",
    ["fate"],
)
EVIDENCE = Counter("attune_threshold_evidence", "Answers of agents that were asked for pictures", ["fate"])
ASSESSMENTS = Counter("attune_threshold_assessments", "Second opinions asked for, by outcome", ["outcome"])
POLICIES = Counter("attune_threshold_policies", "Changed policy files by what became of them", ["outcome"])
REFUSED = Counter("attune_threshold_refused", "Streams that were refused", ["reason"])
REPORTS_REFUSED = Counter(
    "attune_threshold_reports_refused", "Reports of agents that said something impossible and were put aside", ["kind"]
)
PROPOSALS = Gauge(
    "attune_threshold_proposals", "Tier-1 thresholds that calibration wants beyond their envelope: a person decides"
)


def count_samples(before: Mapping[str, int], after: Mapping[str, int], repeated: int) -> None:
    """Count what became of a batch: an engine's counts `before` and `after` it, and how many were `repeated`."""
    for fate, count in after.items():
        (RESTARTS if fate == "restarts" else SAMPLES.labels(fate)).inc(count - before[fate])
    SAMPLES.labels("repeated").inc(repeated)
