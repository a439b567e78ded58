"""What each role may see and press: the whole table. Whoever is not in it may not.

| | caregiver | lead | operator | ml | auditor |
|---|---|---|---|---|---|
| residents: Now, Alert, Resident, Shift, their events and history | yes | yes | | | yes |
| take alerts, say whether they were right, say that one is missing | yes | yes | | | |
| ask for silences, agree as second person, end them | yes | yes | | | |
| withdraw a consent | yes | yes | | | |
| record a consent, confirm words given by link, approve thresholds | | yes | | | |
| Operations: rooms, cameras, agents, queues, deliveries, adapters | | yes | yes | yes | yes |
| try deliveries again, enable receivers | | | yes | | |
| the audit chain: who saw whom, who did what | | | | | yes |
"""

from enum import StrEnum

from services.ledger import Role


class May(StrEnum):
    """One thing that a role may or may not do."""

    SEE_RESIDENTS = "see residents and their alerts"
    TAKE_ALERTS = "take alerts"
    JUDGE_ALERTS = "say whether alerts were right"
    SILENCE = "ask for silences"
    WITHDRAW_CONSENT = "withdraw a consent"
    RECORD_CONSENT = "record a consent"
    CONFIRM_WORDS = "confirm what was said by a link"
    APPROVE_THRESHOLDS = "approve thresholds"
    SEE_OPERATIONS = "see how the rooms and services run"
    MEND_DELIVERIES = "try deliveries again and enable receivers"
    SEE_AUDIT = "read the audit chain"


_CARE = frozenset({May.SEE_RESIDENTS, May.TAKE_ALERTS, May.JUDGE_ALERTS, May.SILENCE, May.WITHDRAW_CONSENT})
ROLES: dict[Role, frozenset[May]] = {
    Role.CAREGIVER: _CARE,
    Role.LEAD: _CARE | {May.RECORD_CONSENT, May.CONFIRM_WORDS, May.APPROVE_THRESHOLDS, May.SEE_OPERATIONS},
    Role.OPERATOR: frozenset({May.SEE_OPERATIONS, May.MEND_DELIVERIES}),
    Role.ML: frozenset({May.SEE_OPERATIONS}),
    Role.AUDITOR: frozenset({May.SEE_RESIDENTS, May.SEE_OPERATIONS, May.SEE_AUDIT}),
}
EVERYTHING = frozenset(May)
"""Of programs that hold the token of the interface, and of everybody where sign-in is off."""
