"""The thin form: that something is to be looked at, and where; what it is stands behind the page's own door."""

from typing import Any

KEPT = ("alert", "event", "room", "tier", "urgency", "opened_at", "ended_at", "page", "late_s", "happened", "asked",
        "note", "receiver", "links")  # fmt: skip
"""No resident, no headline, no opinion: what passes through other people's servers names nobody."""


def thin(message: dict[str, Any]) -> dict[str, Any]:
    """The message without anything about the person; a test, or trouble of Attune itself, is about nobody.

    >>> thin({"type": "alert.opened", "data": {"room": "12", "resident": "r1", "headline": "A fall was seen."}})["data"]
    {'room': '12', 'headline': 'Please look in.'}
    """
    if not message["type"].startswith("alert.") or message["data"].get("test"):
        return message  # about Attune itself
    data = {key: value for key, value in message["data"].items() if key in KEPT}
    return message | {"data": data | {"headline": "Please look in."}}
