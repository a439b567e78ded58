"""What an edge agent counts."""

from prometheus_client import Counter, Gauge, Histogram

FRAMES = Counter("attune_edge_frames", "Video frames by what became of them", ["camera", "fate"])
STREAM = Counter("attune_edge_stream", "What befell a camera's stream", ["camera", "event"])
DRIFT_SECONDS = Gauge(
    "attune_edge_stream_drift_seconds", "How far a stream's clock moved against ours since its camera began", ["camera"]
)
DRIFT = Gauge(
    "attune_edge_stream_drift_ratio",
    "Share by which a stream's clock runs slow, negative: fast; told after an hour of hearing it",
    ["camera"],
)
INFERENCES = Counter("attune_edge_inferences", "Times a sense looked or listened", ["sense"])
SENSE_SECONDS = Histogram(
    "attune_edge_sense_seconds",
    "Time a sense takes for one second of a live camera",
    ["sense"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
)
SAMPLES = Counter("attune_edge_samples", "Samples written to the spool")
SENT = Counter("attune_edge_samples_sent", "Samples sent, repeats included")
ACKNOWLEDGED = Counter("attune_edge_samples_acknowledged", "Samples the server has made durable")
DROPPED = Gauge("attune_edge_samples_dropped", "Samples this epoch of the spool could not keep")
SPOOLED = Gauge("attune_edge_samples_spooled", "Samples that wait in the spool")
SKEW = Gauge("attune_edge_clock_skew_seconds", "How far the wall clock is from the time of samples")
CONNECTED = Gauge("attune_edge_connected", "1 while the server has welcomed this agent")
OWN_ALARMS = Counter(
    "attune_edge_own_alarms", "Alarms that the agent raised by itself, by what became of them", ["fate"]
)
LOWERED = Gauge("attune_edge_lowered", "Notches by which a sense looks less, for want of time", ["camera", "what"])
REPORTS_REFUSED = Counter(
    "attune_edge_reports_refused", "Reports that the server refused and that were put aside", ["kind"]
)
SAMPLES_ASIDE = Counter(
    "attune_edge_samples_put_aside", "Samples that cannot be sent: unreadable, or refused by the server"
)
REFUSED = Gauge("attune_edge_refused", "1 while the server will not have this agent (token, names, channels)")
FALLS_MISSED = Gauge(
    "attune_edge_falls_missed", "1 while posture is looked at too seldom for falls, for want of time", ["camera"]
)
PICTURES = Counter(
    "attune_edge_evidence_pictures",
    "What became of evidence that was asked for: picture, silhouette, nudity (made a silhouette by the check), refused",
    ["fate"],
)
POSES = Counter("attune_edge_evidence_poses", "Answers to who asked how a body moved: released, refused", ["fate"])
BLIND = Gauge("attune_edge_camera_blind", "1 while a camera gives no picture", ["camera"])
