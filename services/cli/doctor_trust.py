"""The doctor's look at whose adapters are taken, and for which weights of the base model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.cli.doctor_adapters import Access, asked
from services.cli.doctor_vllm import Needs
from services.runtime.findings import Finding, Grade

_VARIABLE = "ATTUNE_VLM_ADAPTERS_TRUST"
_KEYS = f"`attune adapters keys` makes a pair; {_VARIABLE} names the public one (compose: in deploy/compose/trust)"
_DIGEST = "ATTUNE_VLM_BASE_WEIGHTS: what `cd FOLDER && sha256sum *.safetensors | sha256sum` says of the base model"


@dataclass(frozen=True, slots=True)
class _Takes:
    """The names of the keys that are trusted, the digest of the base model's weights, and who says so."""

    keys: tuple[str, ...]
    weights: str
    where: str


def look(access: Access, needs: Needs) -> Iterator[Finding]:
    """Who may have made what is pushed, as the VLM service says, or as this shell is set where it says nothing."""
    if wrong := _missing(needs.adapters_trust):
        yield Finding("adapters trusted", Grade.BAD, wrong, f"put the public key there, or correct {_VARIABLE}")
    takes = _told(access) or _set_here(needs)
    if takes.keys:
        yield Finding("adapters signed", Grade.GOOD, f"taken with the signature of {' or '.join(takes.keys)} alone")
    elif not wrong:
        found = f"no key is trusted{takes.where}: whoever holds the push token may push what nobody answers for"
        yield Finding("adapters signed", Grade.NOTE, found, _KEYS)
    if takes.weights:
        yield Finding("base weights", Grade.GOOD, f"adapters of {takes.weights[:12]} alone are taken")
    else:
        found = f"no digest is set{takes.where}: adapters trained on other weights of this model are taken too"
        yield Finding("base weights", Grade.NOTE, found, _DIGEST)


def _told(access: Access) -> _Takes | None:
    try:
        with access.client() as client:
            takes = asked(client, access, "")["takes"]
            return _Takes(tuple(map(str, takes["keys"])), str(takes["weights"]), "")
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, TypeError, ValueError):
        return None


def _set_here(needs: Needs) -> _Takes:
    named = needs.adapters_trust
    files = [] if named is None else sorted(named.glob("*.pub")) if named.is_dir() else [named]
    keys = tuple(file.name for file in files if file.is_file())
    return _Takes(keys, needs.base_weights, " (as this shell is set; the VLM service does not tell)")


def _missing(named: Path | None) -> str:
    if named is None or named.is_dir() or named.is_file():
        return ""
    return f"{_VARIABLE} = {str(named)!r}: no such file or folder; the VLM service does not start"
