"""Reads what TensorFlow.js stores: weights in a binary file, described by a manifest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.export.recipe import NotConvertible

_KINDS = {"float32": "<f4", "int32": "<i4", "bool": "?", "uint8": "u1", "float16": "<f2", "uint16": "<u2"}


def described(file: Path) -> dict[str, Any]:
    """The JSON beside the weights; a bare manifest is put under `weightsManifest`."""
    said = json.loads(file.read_text())
    return {"weightsManifest": said} if isinstance(said, list) else dict(said)


def weights(file: Path, said: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Every tensor by name, quantised ones as the float32 they stand for; `file` is the binary file.

    Raises:
        NotConvertible: the manifest and the file do not fit one another.
    """
    buffer, offset = file.read_bytes(), 0
    found: dict[str, NDArray[Any]] = {}
    for entry in (entry for group in said["weightsManifest"] for entry in group["weights"]):
        quantised = entry.get("quantization")
        kind = np.dtype(_KINDS[quantised["dtype"] if quantised else entry["dtype"]])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if offset + count * kind.itemsize > len(buffer):
            raise NotConvertible(f"{file.name}: ends at {len(buffer)} bytes, inside {entry['name']}")
        values = np.frombuffer(buffer, kind, count, offset).reshape(entry["shape"])
        offset += count * kind.itemsize
        found[entry["name"]] = _plain(values, entry["dtype"], quantised)
    if offset != len(buffer):
        raise NotConvertible(f"{file.name}: holds {len(buffer)} bytes, {offset} of which the manifest describes")
    return found


def _plain(values: NDArray[Any], kind: str, quantised: Mapping[str, Any] | None) -> NDArray[Any]:
    if quantised is None:
        return values.copy()
    if "scale" not in quantised:
        return values.astype(np.float32)
    plain = values.astype(np.float32) * np.float32(quantised["scale"]) + np.float32(quantised["min"])
    return plain.astype(np.int32) if kind == "int32" else plain.astype(np.float32)
