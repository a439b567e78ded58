"""Renders templates: autoescaped, with the words and times of the house."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.console import words
from services.console.language import ADDRESS, LANGUAGE, LANGUAGES, say
from services.console.visitor import CURRENT
from services.runtime.clock import zone
from services.runtime.version import SOFTWARE
from services.vocabulary import UnixSeconds

FOLDER = Path(__file__).parents[1]
PLACES = (
    ("now", "/", "Now", "SEE_RESIDENTS"), ("shift", "/shift", "Shift", "SEE_RESIDENTS"),
    ("quiet", "/quiet", "Quiet", "SILENCE"), ("thresholds", "/thresholds", "Thresholds", "APPROVE_THRESHOLDS"),
    ("operations", "/operations", "Operations", "SEE_OPERATIONS"), ("audit", "/audit", "Audit", "SEE_AUDIT"),
)  # fmt: skip
"""The pages that lead everywhere: name, address, word, and what one must be allowed to."""


class Pages:
    """Every template of the console."""

    def __init__(self, facility: str, time_zone: str) -> None:
        self._zone = zone(time_zone)
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters |= {"moment": self._moment, "clock": self._clock, "in_rooms": _room_of}
        self._environment.globals |= {
            "t": say, "visitor": CURRENT.get, "language": LANGUAGE.get, "languages": LANGUAGES, "address": ADDRESS.get,
            "places": PLACES, "words": words, "facility": facility, "software": SOFTWARE, "asset": _asset_addresses(),
        }  # fmt: skip

    def render(self, template: str, **facts: Any) -> str:
        """A whole page or a fragment."""
        return self._environment.get_template(template).render(**facts)

    def _moment(self, at: UnixSeconds, form: str = "age") -> Markup:
        """A time that the browser turns into local time and age; without JavaScript it is the facility's time."""
        utc = datetime.fromtimestamp(at, UTC)
        shown = utc.astimezone(self._zone).strftime("%H:%M" if form != "full" else "%d %b %H:%M:%S")
        return Markup('<time datetime="{}" data-show="{}">{}</time>').format(utc.isoformat(), form, shown)

    def _clock(self, at: UnixSeconds) -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone).strftime("%Y-%m-%d %H:%M")


def _room_of(resident: str, rooms: Mapping[str, str]) -> str:
    return rooms.get(resident, resident)


def _asset_addresses() -> dict[str, str]:
    """Addresses of the static files; the digest in them lets browsers keep a file until it changes."""
    files = sorted((FOLDER / "static").iterdir())
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in files if file.is_file()}
    return {name: f"/static/{name}?v={digest}" for name, digest in digests.items()}
