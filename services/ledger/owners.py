"""Who may write what: only a table's owner writes it, and each topic has one producer."""

THRESHOLD, VLM, ALERTING, CONSOLE = "threshold_service", "vlm_service", "services.alerting", "services.console"
EVERYBODY = "everybody"
"""The outbox and the audit chain take entries of every room; each consumer writes its own part of the inbox."""

TABLES = {
    "events": THRESHOLD, "event_revisions": THRESHOLD, "event_conflicts": THRESHOLD, "movements": THRESHOLD,
    "snapshots": THRESHOLD,
    "snapshot_parts": THRESHOLD, "leases": THRESHOLD, "roster": THRESHOLD, "statuses": THRESHOLD, "agents": THRESHOLD,
    "edge_alarms": THRESHOLD, "modes": THRESHOLD, "policies": THRESHOLD, "canaries": THRESHOLD,
    "canaries_out": ALERTING,
    "history_tail": THRESHOLD, "history_hours": THRESHOLD, "assessments": VLM, "questions": VLM,
    "model_servers": VLM, "adapters": VLM, "adapter_moves": VLM, "adapter_reports": VLM, "adapter_answers": VLM,
    "alerts": ALERTING,
    "deliveries": ALERTING, "dispatches": ALERTING, "escalations": ALERTING, "endpoints": ALERTING,
    "oncall": ALERTING,
    "feedback": CONSOLE, "silences": CONSOLE,
    "people": CONSOLE, "sessions": CONSOLE, "sign_in_attempts": CONSOLE,
    "acknowledgements": CONSOLE, "outbox": EVERYBODY, "inbox": EVERYBODY, "audit": EVERYBODY,
}  # fmt: skip

WRITES: dict[str, dict[str, tuple[str, ...]]] = {
    "EventRepository": {"record": ("events", "event_revisions"), "keep_conflict": ("event_conflicts",)},
    "MovementRepository": {"record": ("movements",)},
    "SnapshotRepository": {"save": ("snapshots", "snapshot_parts"), "forget_parts": ("snapshot_parts",)},
    "LeaseRepository": {"acquire": ("leases",), "release": ("leases",)},
    "RosterRepository": {"seat": ("roster",)},
    "StatusRepository": {"save": ("statuses",)},
    "AgentRepository": {"seen": ("agents",)},
    "HistoryRepository": {
        "append": ("history_tail",),
        "append_all": ("history_tail",),
        "append_blocks": ("history_tail",),
    },
    "HourRepository": {"save": ("history_hours",)},
    "EdgeAlarmRepository": {"record": ("edge_alarms",), "settle": ("edge_alarms",)},
    "CanaryRepository": {"promise": ("canaries",), "received": ("canaries",)},
    "CanaryOutRepository": {"came_out": ("canaries_out",), "lost": ("canaries_out",), "returned": ("canaries_out",)},
    "ModeRepository": {"decide": ("modes",)},
    "PolicyRepository": {"follow": ("policies",)},
    "AssessmentRepository": {"record": ("assessments",)},
    "QuestionRepository": {"put": ("questions",), "settle": ("questions",)},
    "ModelServerRepository": {"save": ("model_servers",)},
    "AdapterRepository": {"keep": ("adapters", "adapter_moves"), "report": ("adapter_reports",)},
    "AdapterAnswerRepository": {"record": ("adapter_answers",)},
    "AlertRepository": {"create": ("alerts",), "update": ("alerts",)},
    "DeliveryRepository": {"record": ("deliveries",), "queue": ("dispatches",), "update": ("dispatches",)},
    "EscalationRepository": {"save": ("escalations",)},
    "EndpointRepository": {"save": ("endpoints",)},
    "OnCallRepository": {"save": ("oncall",)},
    "FeedbackRepository": {"record": ("feedback",), "confirm": ("feedback",)},
    "SilenceRepository": {"record": ("silences",), "end": ("silences",)},
    "AcknowledgementRepository": {"record": ("acknowledgements",)},
    "PersonRepository": {"add": ("people",), "change": ("people",)},
    "SessionRepository": {
        "begin": ("sessions",),
        "touch": ("sessions",),
        "end": ("sessions",),
        "end_all": ("sessions",),
    },
    "AttemptRepository": {"add": ("sign_in_attempts",), "forget": ("sign_in_attempts",)},
    "OutboxRepository": {"add": ("outbox",), "mark_published": ("outbox",)},
    "InboxRepository": {"first_time": ("inbox",)},
    "AuditRepository": {"append": ("audit",), "sweep": ("audit",)},
}
"""The writing methods of every repository, and the tables they write."""

PRODUCERS = {
    "event.changed": THRESHOLD, "canary.sent": THRESHOLD,
    "assessment.made": VLM, "alert.acknowledged": CONSOLE, "feedback.given": CONSOLE,
    "threshold.approved": CONSOLE, "mode.decided": CONSOLE,
    "delivery.replayed": CONSOLE, "receiver.enabled": CONSOLE,
}  # fmt: skip
"""The room that may add to a topic."""
