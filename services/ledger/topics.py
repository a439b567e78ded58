"""The topics that pass from room to room, each with the room that may add to it."""

EVENT_CHANGED = "event.changed"
"""Body: Event. From threshold_service, to alerting and threshold_service's own escalation."""

ASSESSMENT_MADE = "assessment.made"
"""Body: Assessment. From vlm_service, to alerting."""

ALERT_ACKNOWLEDGED = "alert.acknowledged"
"""Body: Acknowledgement. From the console, to alerting."""

THRESHOLD_APPROVED = "threshold.approved"
"""Body: Approval. From a person, by the console or `attune threshold approve`, to threshold_service."""

MODE_DECIDED = "mode.decided"
"""Body: ModeDecision. From the console, to threshold_service, which tells the agent."""

DELIVERY_REPLAYED = "delivery.replayed"
"""Body: Replay. From the console, to alerting: a person wants a dispatch that was given up to be tried again."""

RECEIVER_ENABLED = "receiver.enabled"
"""Body: Enabling. From the console, to alerting: a person says that a disabled receiver is there again."""

CANARY_SENT = "canary.sent"
"""Body: Canary. From threshold_service, to alerting: a test that has to come out as a delivered test notification."""

FEEDBACK_GIVEN = "feedback.given"
"""Body: Feedback. From the console."""
