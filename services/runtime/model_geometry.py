"""How large a Qwen3-VL and its adapters are, counted from the model's shape."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class GeometryError(ValueError):
    """A model's config.json does not describe a Qwen3-VL."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes in a Qwen3-VL's config.json (source: transformers, Qwen3VLTextConfig and Qwen3VLVisionConfig)."""

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    tied: bool
    vision_layers: int
    vision_hidden: int
    vision_inner: int
    vision_positions: int
    patch: int
    temporal_patch: int
    merge: int
    deep_features: int

    @property
    def language_parameters(self) -> int:
        """Parameters of the linear layers of the language model: what four-bit and FP8 quantisation make smaller."""
        return self.layers * sum(ins * outs for ins, outs in self._linear_layers())

    @property
    def parameters(self) -> int:
        """All parameters: embeddings, output layer, language model, vision tower and its mergers."""
        tables = (1 if self.tied else 2) * self.vocabulary * self.hidden
        norms = self.layers * (2 * self.hidden + 2 * self.head) + self.hidden
        return tables + self.language_parameters + norms + self._vision()

    def kv_bytes_per_token(self, bytes_each: int) -> int:
        """Keys and values of one token in all layers (source: vLLM, `FullAttentionSpec.page_size_bytes`)."""
        return 2 * self.layers * self.kv_heads * self.head * bytes_each

    def adapter_bytes(self, rank: int, bytes_each: int = 2, tower: bool = False) -> int:
        """One slot for an adapter: matrices of `rank` beside every linear layer of the language model, and with `tower`
        of vision tower and mergers, whether or not an adapter has them (source: vLLM,
        `BaseLinearLayerWithLoRA.create_lora_weights`)."""
        both = self.layers * sum(ins + outs for ins, outs in self._linear_layers())
        return rank * (both + (self._tower_ends() if tower else 0)) * bytes_each

    def _tower_ends(self) -> int:
        """Inputs and outputs of every linear layer of the vision tower and its mergers."""
        wide, merged = self.vision_hidden, self.vision_hidden * self.merge**2
        block = (wide + 3 * wide) + (wide + wide) + 2 * (wide + self.vision_inner)
        merger = (merged + merged) + (merged + self.hidden)
        return self.vision_layers * block + (1 + self.deep_features) * merger

    def _linear_layers(self) -> tuple[tuple[int, int], ...]:
        queries, keys = self.heads * self.head, self.kv_heads * self.head
        attention = ((self.hidden, queries), (self.hidden, keys), (self.hidden, keys), (queries, self.hidden))
        return (*attention, (self.hidden, self.inner), (self.hidden, self.inner), (self.inner, self.hidden))

    def _vision(self) -> int:
        wide, inner = self.vision_hidden, self.vision_inner
        patches = 3 * self.temporal_patch * self.patch**2 * wide + wide + self.vision_positions * wide
        attention = wide * 3 * wide + 3 * wide + wide * wide + wide
        layer = attention + wide * inner + inner + inner * wide + wide + 4 * wide
        merged = wide * self.merge**2
        merger = merged * merged + merged + merged * self.hidden + self.hidden
        # The first merger normalises before it merges, those of the deep features after.
        return patches + self.vision_layers * layer + (1 + self.deep_features) * merger + 2 * wide + (
            self.deep_features * 2 * merged
        )  # fmt: skip


QWEN3_VL_8B = Geometry(
    layers=36, hidden=4096, inner=12288, heads=32, kv_heads=8, head=128, vocabulary=151_936, tied=False,
    vision_layers=27, vision_hidden=1152, vision_inner=4304, vision_positions=2304, patch=16, temporal_patch=2, merge=2,
    deep_features=3,
)  # fmt: skip
"""Qwen/Qwen3-VL-8B-Thinking and its FP8 build (source: their config.json)."""


def geometry_of(model: str) -> Geometry | None:
    """That of a model by its name or folder; None where neither tells.

    Raises:
        GeometryError: the folder's config.json is no Qwen3-VL's.
    """
    if "qwen3-vl-8b" in model.lower():
        return QWEN3_VL_8B
    config = Path(model) / "config.json"
    return _read(config) if config.is_file() else None


def _read(file: Path) -> Geometry:
    try:
        content: dict[str, Any] = json.loads(file.read_text())
        text, vision = content["text_config"], content["vision_config"]
        return Geometry(
            layers=text["num_hidden_layers"], hidden=text["hidden_size"], inner=text["intermediate_size"],
            heads=text["num_attention_heads"], kv_heads=text["num_key_value_heads"], head=text["head_dim"],
            vocabulary=text["vocab_size"], tied=bool(content.get("tie_word_embeddings", False)),
            vision_layers=vision["depth"], vision_hidden=vision["hidden_size"],
            vision_inner=vision["intermediate_size"], vision_positions=vision["num_position_embeddings"],
            patch=vision["patch_size"], temporal_patch=vision["temporal_patch_size"],
            merge=vision["spatial_merge_size"], deep_features=len(vision["deepstack_visual_indexes"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GeometryError(f"{file}: no configuration of a Qwen3-VL ({type(error).__name__}: {error})") from error
