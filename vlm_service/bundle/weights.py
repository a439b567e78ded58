"""Looks at an adapter's weights without a model: which layers they change, by which rank, and whether by anything.

vLLM passes over keys that it does not know and serves the base model under the adapter's name (its issues 39369 and
48019); what can be seen in the file is refused here, the rest by the admission probe.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from vlm_service.bundle.card import LANGUAGE, TOWER, Part
from vlm_service.bundle.errors import WeightsUnusable

_KEY = re.compile(r"base_model\.model\.(?P<path>.+)\.(?P<layer>\w+)\.lora_(?P<half>[AB])\.weight")
_LANGUAGE = re.compile(r"(?:model\.)?language_model\.(?:model\.)?layers\.(?P<number>\d+)\.(?:self_attn|mlp)")
_VISION = re.compile(r"(?:model\.)?visual\.blocks\.\d+\.(?:attn|mlp)")
_MERGER = re.compile(r"(?:model\.)?visual\.(?:merger|deepstack_merger_list\.\d+)")
_KINDS = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}
_REMEDY = "train it with the recipe of `attune train qlora` on the vision-language class of the base model"


@dataclass(frozen=True, slots=True)
class Weights:
    """`parts` of the model are changed by rank `rank` through `targets`, and `layers` of the language model, the first
    of which is `first` (counted from 0, None where there is none)."""

    rank: int
    targets: tuple[str, ...]
    parts: tuple[Part, ...]
    layers: int
    first: int | None
    parameters: int

    @property
    def tower(self) -> bool:
        """Whether more than the language model is changed: a server must be told to adapt that."""
        return self.parts != ("language",)


def read_weights(file: Path) -> Weights:
    """
    Raises:
        WeightsUnusable: damaged, no LoRA of this model, incomplete, of several ranks, not finite, or without effect.
    """
    try:
        tensors = dict(deserialize(file.read_bytes()))
    except (SafetensorError, ValueError) as error:
        raise WeightsUnusable(f"{file.name}: damaged or no safetensors ({error}); push the file again") from error
    halves: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for key, tensor in tensors.items():
        found = _KEY.fullmatch(key)
        if found is None:
            raise WeightsUnusable(f"{file.name}: {key}: no weight of a LoRA; {_REMEDY}")
        halves.setdefault((found["path"], found["layer"]), {})[found["half"]] = tensor
    if not halves:
        raise WeightsUnusable(f"{file.name}: holds no weights; {_REMEDY}")
    places = [_place(path, layer, file.name) for path, layer in halves]
    ranks = {_rank(f"{path}.{layer}", pair, file.name) for (path, layer), pair in halves.items()}
    if len(ranks) > 1:
        raise WeightsUnusable(f"{file.name}: ranks {sorted(ranks)}: expected one rank for all layers")
    if not any(_acts(pair["B"]) for pair in halves.values()):
        raise WeightsUnusable(f"{file.name}: every lora_B is zero: it would change nothing; it was never trained")
    numbers = {number for _, number in places if number is not None}
    parts = {part for part, _ in places}
    return Weights(
        rank=ranks.pop(),
        targets=tuple(sorted({layer for _, layer in halves})),
        parts=tuple(part for part in get_args(Part) if part in parts),
        layers=len(numbers),
        first=min(numbers, default=None),
        parameters=sum(int(np.prod(tensor["shape"])) for tensor in tensors.values()),
    )


def _place(path: str, layer: str, name: str) -> tuple[Part, int | None]:
    """The part of the model, and which layer of the language model."""
    if _VISION.fullmatch(path) and layer in TOWER:
        return "vision", None
    if _MERGER.fullmatch(path) and layer in TOWER[2:]:
        return "merger", None
    found = _LANGUAGE.fullmatch(path)
    if found is None or layer not in LANGUAGE:
        raise WeightsUnusable(f"{name}: {path}.{layer}: the served model has no such layer, and vLLM would pass over "
                              f"it in silence; {_REMEDY}")  # fmt: skip
    return "language", int(found["number"])


def _rank(place: str, pair: dict[str, dict[str, Any]], name: str) -> int:
    if set(pair) != {"A", "B"}:
        raise WeightsUnusable(f"{name}: {place}: half of it is missing; push the file again")
    a, b = pair["A"]["shape"], pair["B"]["shape"]
    if len(a) != 2 or len(b) != 2 or a[0] != b[1]:
        raise WeightsUnusable(f"{name}: {place}: shapes {a} and {b}: expected (rank, in) and (out, rank)")
    for half in pair.values():
        if not np.isfinite(_numbers(half, place, name)).all():
            raise WeightsUnusable(f"{name}: {place}: not a number or infinite; the training went astray")
    return int(a[0])


def _acts(tensor: dict[str, Any]) -> bool:
    return bool(np.any(_numbers(tensor, "", "")))


def _numbers(tensor: dict[str, Any], place: str, name: str) -> NDArray[Any]:
    kind = _KINDS.get(tensor["dtype"])
    if kind is None:
        raise WeightsUnusable(f"{name}: {place}: {tensor['dtype']}: expected F32, F16 or BF16")
    raw = np.frombuffer(tensor["data"], kind)
    return (raw.astype(np.uint32) << 16).view(np.float32) if tensor["dtype"] == "BF16" else raw
