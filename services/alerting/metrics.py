"""What alerting counts and measures."""

from prometheus_client import Counter, Gauge, Histogram

ALERTS = Counter("attune_alerts_total", "Alerts made, by the tier they were made with.", ["tier"])
DELIVERIES = Counter("attune_deliveries_total", "Attempts to deliver a notice, by how they ended.", ["outcome"])
DELIVERY_SECONDS = Histogram(
    "attune_alert_delivery_seconds",
    "From the opening of the event to the first delivery of its alert.",
    buckets=(0.1, 0.3, 1, 3, 10, 30, 60, 300, 900, 3600),
)
ESCALATIONS = Counter(
    "attune_escalations_total", "Askings after the first one, by why the next one was asked.", ["turn"]
)
DISABLED = Counter("attune_receivers_disabled_total", "Receivers that said that they are gone for good.")
UNDELIVERED = Gauge("attune_alerts_undelivered", "Alerts that no receiver has taken yet although one was tried.")
CANARIES = Counter("attune_canaries", "Canaries that reached alerting, by what became of them.", ["fate"])
CANARY_SECONDS = Histogram(
    "attune_canary_seconds",
    "From the edge to a receiver that took the canary.",
    buckets=(0.1, 0.3, 1, 3, 10, 30, 60),
)
CANARY_SILENCE = Gauge(
    "attune_canary_silence_seconds", "Since a canary of the agent last came out at a receiver.", ["agent"]
)
OPINIONS_RAISED = Counter("attune_opinions_that_would_raise", "Opinions of more urgency.", ["raised"])
