"""What an adapter must reach before it is heard, and stay within while it is: one TOML file."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Allowed = Annotated[float, Field(gt=0.0, lt=1.0)]
SHIPPED = Path(__file__).parent / "gates.toml"


class PolicyUnreadable(ValueError):
    """The policy's file is not what it should be; the message names the field."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Live(_Part):
    """While a version is heard. Shares of its answers that may go wrong; beyond them it is taken back by a sequential
    test that is wrong with probability `alpha` at most."""

    alpha: Allowed
    failed: Allowed
    invalid: Allowed
    late: Allowed
    late_s: float = Field(gt=0.0)
    disagreed: Allowed


class Gates(_Part):
    """Before a version is heard: least shares of the cases, and most of what must not be."""

    cases: tuple[str, ...] = Field(min_length=1)
    """Files with cases, beside the policy's file."""
    deadline_s: float = Field(gt=0.0)
    valid: Share
    thinking: Share
    thinking_chars: int = Field(ge=0)
    """Median length of the thinking."""
    grounded: Share
    contradicted: Share
    """Most answers with a claim that the measurements deny."""
    escalate: Share
    stay: Share
    conflict: Share
    latency_p95_s: float = Field(gt=0.0)
    margin: Share
    """How much worse than the active one each layer may be, at the lower end of the interval."""
    same_prompt: bool
    evaluated: bool = True
    """Its card has figures of an evaluation."""
    approved: bool = True
    """Its card names who answers for it, or somebody approved it here."""


class Policy(_Part):
    """The whole file; `digest` names it in every report."""

    gates: Gates
    live: Live
    folder: Path
    digest: str


def read_policy(file: Path | None = None) -> Policy:
    """The policy in `file`, or the shipped one.

    Raises:
        PolicyUnreadable: no TOML, an unknown or missing key, a value out of range, a missing file of cases.
    """
    file = file or SHIPPED
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        policy = Policy.model_validate({**said, "folder": file.parent, "digest": ""})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyUnreadable(f"{file}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise PolicyUnreadable(f"{file.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    parts = [file.read_bytes()]
    for name in policy.gates.cases:
        path = file.parent / name
        if not path.is_file():
            raise PolicyUnreadable(f"{file.name}: gates.cases: {name}: no such file beside it")
        parts.append(path.read_bytes())
    return policy.model_copy(update={"digest": hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]})
