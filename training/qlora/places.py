"""Which layers an adapter changes: what the settings ask for and what a finished adapter has, as one pattern."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from training.qlora.errors import SettingsInvalid
from training.qlora.settings import TARGETS, Lora, Part

TOWER = ("qkv", "proj", "linear_fc1", "linear_fc2")
"""Layers of a block of the vision tower; the mergers have the last two (source: transformers, `Qwen3VLVisionBlock` and
`Qwen3VLVisionPatchMerger`)."""
_VISION = rf".*visual\.blocks\.\d+\.(?:attn|mlp)\.(?:{'|'.join(TOWER)})"
_MERGER = rf".*visual\.(?:merger|deepstack_merger_list\.\d+)\.(?:{'|'.join(TOWER[2:])})"
_LAYER = re.compile(r"language_model\.layers\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Places:
    """Layers by their number in a language model of `depth` layers, and whether those of vision tower and merger."""

    depth: int
    language: frozenset[int] = frozenset()
    vision: bool = False
    merger: bool = False

    @property
    def pattern(self) -> str:
        """Of the full names of the layers; a plain list of names would match layers of some vision towers too."""
        found = []
        if self.language:
            which = "|".join(map(str, sorted(self.language)))
            inner = r"\..*" if len(self.language) == self.depth else rf"\.layers\.(?:{which})\..*"
            found.append(rf".*language_model{inner}\.({'|'.join(TARGETS)})")
        found += [pattern for wanted, pattern in ((self.vision, _VISION), (self.merger, _MERGER)) if wanted]
        return found[0] if len(found) == 1 else "|".join(f"(?:{one})" for one in found)

    @property
    def tower(self) -> bool:
        """Whether a server must be told to adapt more than the language model."""
        return self.vision or self.merger

    def take(self, name: str) -> bool:
        """Whether the layer of this name is one of them."""
        return re.fullmatch(self.pattern, name) is not None

    def __or__(self, other: "Places") -> "Places":
        return Places(
            self.depth, self.language | other.language, self.vision or other.vision, self.merger or other.merger
        )


def asked(lora: Lora, depth: int) -> Places:
    """What the settings ask for, of a language model of `depth` layers.

    Raises:
        SettingsInvalid: `from_layer` is beyond its last one.

    >>> sorted(asked(Lora(parts=("language", "merger"), from_layer=0.5), 4).language)
    [2, 3]
    """
    first = math.floor(lora.from_layer * depth + 1e-9) if isinstance(lora.from_layer, float) else lora.from_layer
    if first >= depth:
        raise SettingsInvalid(f"lora.from_layer = {lora.from_layer}: the base has the layers 0 to {depth - 1}; name "
                              "one of them, or a share below 1")  # fmt: skip
    language = range(first, depth) if Part.LANGUAGE in lora.parts else ()
    return Places(depth, frozenset(language), Part.VISION in lora.parts, Part.MERGER in lora.parts)


def found_in(names: Iterable[str], depth: int) -> Places:
    """Where the layers of these names are; a name of none is passed over."""
    named = list(names)
    numbers = {int(found[1]) for name in named if (found := _LAYER.search(name))}
    return Places(
        depth, frozenset(numbers), any(re.fullmatch(_VISION, name) for name in named),
        any(re.fullmatch(_MERGER, name) for name in named),
    )  # fmt: skip
