"""Why a value is not there: missing is not zero, and a reason is an enum."""

from enum import StrEnum


class Absence(StrEnum):
    """The reason a sense has nothing to say about a sample."""

    NOT_IN_VIEW = "not_in_view"
    SEVERAL_PEOPLE = "several_people"
    NOT_CONFIRMED = "not_confirmed"
    CAMERA_BLIND = "camera_blind"
    MICROPHONE_SILENT = "microphone_silent"
    MODEL_MISSING = "model_missing"
    MODE_FORBIDS = "mode_forbids"
    TOO_UNCERTAIN = "too_uncertain"
    OVERLOADED = "overloaded"
    MODE_CHANGES = "mode_changes"
