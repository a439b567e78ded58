"""A message of our own schema in the form that a receiver reads: pure, one form per file."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from services.alerting.bodies.alertmanager import alertmanager
from services.alerting.bodies.fhir import communication, flag
from services.alerting.bodies.thin import thin


class Form(StrEnum):
    """What a receiver reads."""

    ATTUNE = "attune"
    ALERTMANAGER = "alertmanager"
    FHIR_COMMUNICATION = "fhir-communication"
    FHIR_FLAG = "fhir-flag"

    @property
    def content_type(self) -> str:
        """The media type of the form."""
        return "application/fhir+json" if self.value.startswith("fhir") else "application/json"


_WRITTEN: dict[Form, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    Form.ALERTMANAGER: alertmanager, Form.FHIR_COMMUNICATION: communication, Form.FHIR_FLAG: flag,
}  # fmt: skip


def in_form(body: str, form: Form, is_thin: bool, receiver: str) -> str:
    """A message of our own schema as this receiver reads it; thin: without anything about the person."""
    if form is Form.ATTUNE and not is_thin:
        return body
    message: dict[str, Any] = json.loads(body)
    told = thin(message) if is_thin else message
    written = told if form is Form.ATTUNE else _WRITTEN[form](told, receiver)
    return json.dumps(written, separators=(",", ":"), sort_keys=True, allow_nan=False)
