"""Who consented that what they live through is used to judge or to teach a model: a file of the facility."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.vocabulary import UnixSeconds

EVALUATION, TRAINING = "evaluation", "training"


class ConsentsInvalid(ValueError):
    """A file of consents that cannot be read, or an export that must not be made."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(min_length=1)
    reference: str = Field(min_length=1)
    purposes: tuple[Literal["evaluation", "training"], ...] = Field(min_length=1)
    until: date | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    resident: tuple[_Entry, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's: `reference` says where it is kept, `until` the first day on which it does not hold any more, by the
    clock of this machine."""

    reference: str
    purposes: tuple[str, ...]
    until: date | None = None

    def purposes_at(self, now: UnixSeconds) -> tuple[str, ...]:
        """What is consented to now."""
        over = self.until is not None and now >= datetime.combine(self.until, time()).timestamp()
        return () if over else self.purposes


def read_consents(file: Path) -> dict[str, Consent]:
    """By id of the resident.

    Raises:
        ConsentsInvalid: it cannot be read, says something that nobody understands, or names somebody twice.
    """
    try:
        entries = _File.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).resident
    except OSError as error:
        raise ConsentsInvalid(f"{file}: {error.strerror}; expected a TOML file with [[resident]] tables") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConsentsInvalid(f"{file}: is no TOML ({error})") from error
    except ValidationError as error:
        # Where and what alone: the value may be a name.
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConsentsInvalid(f"{file}: {faults}") from None
    found = {one.id: Consent(one.reference, tuple(dict.fromkeys(one.purposes)), one.until) for one in entries}
    if len(found) < len(entries):
        raise ConsentsInvalid(f"{file}: {len(entries) - len(found)} residents are named twice; one table each")
    return found
