"""Turns states made of arrays into bytes and back, versioned, equal states into equal bytes."""

import json
import struct
from typing import Any

import numpy as np

MAGIC = b"ATTUNE\x00"
VERSION = 11


class StateUnreadable(ValueError):
    """Bytes that hold no state of this version."""


def pack(facts: dict[str, Any], states: dict[str, Any]) -> bytes:
    """`facts` (plain JSON values) and named states (arrays, or nested NamedTuples of them) as bytes."""
    arrays = [(name, np.ascontiguousarray(array)) for name, array in walk(states)]
    layout = [[name, array.dtype.str, list(array.shape)] for name, array in arrays]
    head = json.dumps({"facts": facts, "arrays": layout}, sort_keys=True, separators=(",", ":")).encode()
    start = MAGIC + struct.pack("<HI", VERSION, len(head)) + head
    return b"".join((start, *(array.reshape(-1).view(np.uint8).data for _, array in arrays)))


def unpack(blob: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `pack` was given: facts, and arrays by dotted name.

    Raises:
        StateUnreadable: not written by `pack`, of another version, or cut short.
    """
    start = len(MAGIC) + 6
    if len(blob) < start or not blob.startswith(MAGIC):
        raise StateUnreadable("these bytes are no engine state: expected a snapshot written by this service")
    version, length = struct.unpack_from("<HI", blob, len(MAGIC))
    if version != VERSION:
        raise StateUnreadable(f"engine state has version {version}: expected {VERSION}; its residents are learned anew")
    head = json.loads(blob[start : start + length])
    arrays, offset = {}, start + length
    for name, dtype, shape in head["arrays"]:
        kind, count = np.dtype(dtype), int(np.prod(shape, dtype=np.int64))
        if offset + count * kind.itemsize > len(blob):
            raise StateUnreadable(f"engine state ends within {name!r}: expected {offset + count * kind.itemsize} bytes")
        arrays[name] = np.frombuffer(blob, kind, count, offset).reshape(shape).copy()
        offset += count * kind.itemsize
    return head["facts"], arrays


def filled(like: Any, arrays: dict[str, Any], name: str) -> Any:
    """A state of the shape of `like` with the arrays that `pack` wrote under `name`.

    Raises:
        StateUnreadable: an array is missing or has another shape.
    """
    if isinstance(like, tuple):
        fields = type(like)._fields  # type: ignore[attr-defined]
        return type(like)(*(filled(part, arrays, f"{name}.{field}") for field, part in zip(fields, like, strict=True)))
    if name not in arrays or arrays[name].shape != like.shape or arrays[name].dtype != like.dtype:
        raise StateUnreadable(f"engine state has no fitting {name!r}: expected shape {like.shape} of {like.dtype}")
    return arrays[name]


def walk(states: dict[str, Any]) -> list[tuple[str, Any]]:
    """All arrays of named states with their dotted names, in the order of the names."""
    found: list[tuple[str, Any]] = []
    for name in sorted(states):
        state = states[name]
        if isinstance(state, tuple):
            fields = state._fields  # type: ignore[attr-defined]
            inner = walk({f"{name}.{field}": part for field, part in zip(fields, state, strict=True)})
            found.extend(inner)
        else:
            found.append((name, state))
    return found
