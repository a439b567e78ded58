"""An example as a Parquet row and back: the columns people filter by are columns, the messages are nested."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from training.corpus.errors import CorpusDamaged
from training.corpus.example import ClinicalState, Example, Kind, Layer, Message, Role, Source, Split, Usual
from training.corpus.parts import Measured, Modality, Part, Recorded, Text

VERSION = 2
"""Of the columns below; a reader refuses a newer one."""
_STRINGS = pa.list_(pa.string())
_PART = pa.struct({
    "modality": pa.string(), "text": pa.string(), "asset": pa.string(), "start_s": pa.float64(), "end_s": pa.float64(),
    "names": _STRINGS, "step_s": pa.float64(), "values": pa.list_(pa.list_(pa.float64())),
})  # fmt: skip
SCHEMA = pa.schema({
    "id": pa.string(), "layer": pa.string(), "kind": pa.string(), "split": pa.string(), "thinks": pa.bool_(),
    "modalities": _STRINGS, "quality": pa.float64(), "domains": _STRINGS, "label": pa.string(), "state": pa.string(),
    "source": pa.struct({name: pa.string() for name in ("dataset", "item", "licence", "subject", "made_by")}),
    "usual": pa.list_(pa.struct({"channel": pa.string(), "value": pa.float64(), "spread": pa.float64()})),
    "messages": pa.list_(pa.struct({"role": pa.string(), "thinking": pa.string(), "parts": pa.list_(_PART)})),
    "films": _STRINGS,
})  # fmt: skip
READABLE = (SCHEMA, SCHEMA.remove(SCHEMA.get_field_index("films")))
"""Columns by version, newest first: version 1 knows of no films."""


def to_row(example: Example) -> dict[str, Any]:
    """The row of `SCHEMA`."""
    source = example.source
    return {
        "id": example.id,
        "layer": example.layer.value,
        "kind": example.kind.value,
        "split": example.split.value,
        "thinks": example.kind is Kind.THINKING,
        "modalities": sorted(example.modalities),
        "quality": example.quality,
        "domains": list(example.domains),
        "label": example.label,
        "state": example.state.value if example.state else None,
        "source": {name: getattr(source, name) for name in ("dataset", "item", "licence", "subject", "made_by")},
        "usual": [{"channel": one.channel, "value": one.value, "spread": one.spread} for one in example.usual],
        "messages": [
            {"role": one.role.value, "thinking": one.thinking, "parts": [_part_row(part) for part in one.parts]}
            for one in example.messages
        ],
        "films": list(example.films),
    }


def from_row(row: Mapping[str, Any]) -> Example:
    """The example of a row, checked anew.

    Raises:
        ExampleInvalid: it contradicts itself.
        CorpusDamaged: a value that is none of the schema's, or columns for filtering that contradict the messages.
    """
    try:
        example = Example(
            id=row["id"],
            layer=Layer(row["layer"]),
            kind=Kind(row["kind"]),
            split=Split(row["split"]),
            source=Source(**row["source"]),
            messages=tuple(
                Message(Role(one["role"]), tuple(map(_part, one["parts"])), one["thinking"]) for one in row["messages"]
            ),
            quality=row["quality"],
            domains=tuple(row["domains"]),
            label=row["label"],
            state=None if row["state"] is None else ClinicalState(row["state"]),
            usual=tuple(Usual(**one) for one in row["usual"]),
            films=tuple(row.get("films") or ()),
        )
    except (KeyError, TypeError) as error:
        raise CorpusDamaged(f"row {row.get('id')!r}: {error}; the corpus was not written by this version") from error
    if sorted(row["modalities"]) != sorted(example.modalities) or row["thinks"] != (example.kind is Kind.THINKING):
        raise CorpusDamaged(f"row {example.id!r}: its modalities or `thinks` contradict its messages; build it again")
    return example


def digest(example: Example) -> str:
    """SHA-256 of everything that the example says: equal examples, equal digests, on every machine."""
    row = to_row(example)
    if not row["films"]:
        del row["films"]  # as version 1 counted
    return hashlib.sha256(json.dumps(_plain(row), sort_keys=True, allow_nan=False).encode()).hexdigest()


def fingerprint(digests: Sequence[str]) -> str:
    """Of a set of examples, in whatever order and parts they lie: SHA-256 of their sorted digests."""
    return "sha256:" + hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _part_row(part: Part) -> dict[str, Any]:
    row: dict[str, Any] = {"modality": part.modality.value}
    if isinstance(part, Text):
        return row | {"text": part.text}
    if isinstance(part, Recorded):
        return row | {"asset": part.asset, "start_s": part.start_s, "end_s": part.end_s}
    # Parquet keeps NaN, but null says "not seen" to every tool that reads the file.
    values = [[None if math.isnan(value) else value for value in line] for line in part.values]
    return row | {"names": list(part.names), "start_s": part.start_s, "step_s": part.step_s, "values": values}


def _part(row: Mapping[str, Any]) -> Part:
    try:
        modality = Modality(row["modality"])
    except ValueError as error:
        raise CorpusDamaged(f"modality {row['modality']!r}; expected one of {', '.join(Modality)}") from error
    if modality is Modality.TEXT:
        return Text(row["text"])
    if modality in (Modality.SERIES, Modality.POSE):
        values = tuple(tuple(math.nan if value is None else value for value in line) for line in row["values"])
        return Measured(modality, tuple(row["names"]), row["start_s"], row["step_s"], values)
    return Recorded(modality, row["asset"], row["start_s"], row["end_s"])
