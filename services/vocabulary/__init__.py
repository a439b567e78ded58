"""The nouns of Attune: frozen dataclasses and enums, standard library only."""

from services.vocabulary.absence import Absence
from services.vocabulary.adapter import (
    AdapterAnswer,
    AdapterMove,
    AdapterReport,
    AdapterRole,
    AdapterState,
    AdapterVersion,
    MoveCause,
)
from services.vocabulary.alert import Alert, AlertStatus, Delivery, Notice, Outcome
from services.vocabulary.approval import Approval, Proposal
from services.vocabulary.assessment import RULES, Assessment, Indicator, Opinion, Verdict
from services.vocabulary.canary import Canary, CanaryNow
from services.vocabulary.channel import EMOTIONS, Channel, Sense, Worse, describe, known_channels
from services.vocabulary.cue import AMBIGUOUS, HEARD, Cue, CueName
from services.vocabulary.deviation import Deviation, Term
from services.vocabulary.edge_alarm import EdgeAlarm, alarm_id
from services.vocabulary.escalation import Asked, Escalation, EscalationState, Turn
from services.vocabulary.event import Calibration, Event, Likeness, Reading, Reason, event_id
from services.vocabulary.evidence import COURSES, Conflict, Derived, Evidence, PriorEpisodes, Trend, Usual
from services.vocabulary.explanation import Explanation, explain
from services.vocabulary.feedback import Feedback, FeedbackVerdict
from services.vocabulary.grounding import UNCHECKED, Claim, Grounding, Support
from services.vocabulary.mode import Mode, ModeDecision
from services.vocabulary.pictures import Picture, PictureReply, PictureRequest
from services.vocabulary.policy import Budget, Literal, Own, Policy, Rules, Timing, relaxed
from services.vocabulary.poses import BodyPose, Movement
from services.vocabulary.resident import Condition, Resident, ResidentNow
from services.vocabulary.sample import PERIODS_S, Gap, Position, Sample
from services.vocabulary.tier import Tier
from services.vocabulary.time import Seconds, UnixSeconds

__all__ = [
    "AMBIGUOUS",
    "COURSES",
    "EMOTIONS",
    "HEARD",
    "PERIODS_S",
    "RULES",
    "UNCHECKED",
    "Absence",
    "AdapterAnswer",
    "AdapterMove",
    "AdapterReport",
    "AdapterRole",
    "AdapterState",
    "AdapterVersion",
    "Alert",
    "AlertStatus",
    "Approval",
    "Asked",
    "Assessment",
    "BodyPose",
    "Budget",
    "Calibration",
    "Canary",
    "CanaryNow",
    "Channel",
    "Claim",
    "Condition",
    "Conflict",
    "Cue",
    "CueName",
    "Delivery",
    "Derived",
    "Deviation",
    "EdgeAlarm",
    "Escalation",
    "EscalationState",
    "Event",
    "Evidence",
    "Explanation",
    "Feedback",
    "FeedbackVerdict",
    "Gap",
    "Grounding",
    "Indicator",
    "Likeness",
    "Literal",
    "Mode",
    "ModeDecision",
    "MoveCause",
    "Movement",
    "Notice",
    "Opinion",
    "Outcome",
    "Own",
    "Picture",
    "PictureReply",
    "PictureRequest",
    "Policy",
    "Position",
    "PriorEpisodes",
    "Proposal",
    "Reading",
    "Reason",
    "Resident",
    "ResidentNow",
    "Rules",
    "Sample",
    "Seconds",
    "Sense",
    "Support",
    "Term",
    "Tier",
    "Timing",
    "Trend",
    "Turn",
    "UnixSeconds",
    "Usual",
    "Verdict",
    "Worse",
    "alarm_id",
    "describe",
    "event_id",
    "explain",
    "known_channels",
    "relaxed",
]
