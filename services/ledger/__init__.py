"""What happened: the nouns of the house kept in SQL, one repository per noun, and score history as Parquet."""

from services.ledger.acknowledgements import Acknowledgement, AcknowledgementRepository
from services.ledger.adapters import AdapterAnswerRepository, AdapterRepository
from services.ledger.agents import AgentNow, AgentRepository
from services.ledger.alerts import AlertRepository, AlertUnknown, Tallied
from services.ledger.assessments import AssessmentRepository
from services.ledger.audit import AuditEntry, AuditRepository
from services.ledger.canaries import CanaryOutRepository, CanaryRepository
from services.ledger.database import Database, DatabaseUrlError
from services.ledger.deliveries import DeliveryRepository, Dispatch, DispatchState, Replay
from services.ledger.edge_alarms import EdgeAlarmRepository
from services.ledger.endpoints import Enabling, EndpointNow, EndpointRepository
from services.ledger.escalations import EscalationRepository
from services.ledger.events import EventConflict, EventRepository, Recorded
from services.ledger.feedback import FeedbackRepository
from services.ledger.inbox import InboxRepository
from services.ledger.leases import LeaseLost, LeaseRepository
from services.ledger.model_servers import ModelServer, ModelServerRepository
from services.ledger.modes import ModeRepository
from services.ledger.movements import MovementRepository
from services.ledger.oncall import OnCall, OnCallRepository, Reached
from services.ledger.outbox import OutboxMessage, OutboxRepository
from services.ledger.people import Person, PersonRepository, Role
from services.ledger.policies import PolicyRepository
from services.ledger.questions import Question, QuestionRepository
from services.ledger.roster import RosterRepository, SeatTaken
from services.ledger.sessions import AttemptRepository, Session, SessionRepository
from services.ledger.silences import Silence, SilenceRefused, SilenceRepository
from services.ledger.snapshots import Snapshot, SnapshotRepository
from services.ledger.statuses import StatusRepository

__all__ = [
    "Acknowledgement",
    "AcknowledgementRepository",
    "AdapterAnswerRepository",
    "AdapterRepository",
    "AgentNow",
    "AgentRepository",
    "AlertRepository",
    "AlertUnknown",
    "AssessmentRepository",
    "AttemptRepository",
    "AuditEntry",
    "AuditRepository",
    "CanaryOutRepository",
    "CanaryRepository",
    "Database",
    "DatabaseUrlError",
    "DeliveryRepository",
    "Dispatch",
    "DispatchState",
    "EdgeAlarmRepository",
    "Enabling",
    "EndpointNow",
    "EndpointRepository",
    "EscalationRepository",
    "EventConflict",
    "EventRepository",
    "FeedbackRepository",
    "InboxRepository",
    "LeaseLost",
    "LeaseRepository",
    "ModeRepository",
    "ModelServer",
    "ModelServerRepository",
    "MovementRepository",
    "OnCall",
    "OnCallRepository",
    "OutboxMessage",
    "OutboxRepository",
    "Person",
    "PersonRepository",
    "PolicyRepository",
    "Question",
    "QuestionRepository",
    "Reached",
    "Recorded",
    "Replay",
    "Role",
    "RosterRepository",
    "SeatTaken",
    "Session",
    "SessionRepository",
    "Silence",
    "SilenceRefused",
    "SilenceRepository",
    "Snapshot",
    "SnapshotRepository",
    "StatusRepository",
    "Tallied",
]
