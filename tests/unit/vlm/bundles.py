"""Bundles for tests: the files that training would leave in a folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from vlm_service.bundle import Bundle, seal
from vlm_service.dialogue import prompt_version

BASE = "Qwen/Qwen3-VL-8B-Thinking"
DIGEST = "ab" * 32
WEIGHTS = "adapter_model.safetensors"
PATH = "base_model.model.model.language_model.layers.{n}.self_attn.{layer}"
TARGETS = ("q_proj", "v_proj")
Tensors = dict[str, NDArray[np.float32]]


def tensors(seed: int = 0, scale: float = 0.05, rank: int = 4) -> Tensors:
    """A LoRA of two layers with random numbers in both halves."""
    rng = np.random.default_rng(seed)
    made: Tensors = {}
    for n in range(2):
        for layer, width in (("q_proj", 128), ("v_proj", 64)):
            place = PATH.format(n=n, layer=layer)
            made[f"{place}.lora_A.weight"] = (rng.standard_normal((rank, 128)) * 0.1).astype(np.float32)
            made[f"{place}.lora_B.weight"] = (rng.standard_normal((width, rank)) * scale).astype(np.float32)
    return made


def written(folder: Path, weights: Mapping[str, Any] | None = None, rank: int = 4, **card: Any) -> Path:
    """What training leaves behind; `card` replaces parts of its card."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors() if weights is None else weights), folder / WEIGHTS)
    said = {
        "name": "agitation", "base": {"model": BASE, "weights_sha256": DIGEST}, "rank": rank, "alpha": 2.0 * rank,
        "targets": list(TARGETS), "prompt_version": prompt_version(),
        "corpus": {"fingerprint": "cd" * 32, "examples": 7500, "layers": {"L1": 0.6, "L2": 0.4}},
        "evaluation": [{"metric": "tier agreement", "value": 0.9, "low": 0.85, "high": 0.94, "n": 400}],
        "made_at": "2026-11-21T22:00:00Z", "approved_by": "Dr Lang",
    } | card  # fmt: skip
    (folder / "card.json").write_text(json.dumps(said))
    peft = {
        "peft_type": "LORA", "r": said["rank"], "lora_alpha": said["alpha"], "target_modules": said["targets"],
        "task_type": "CAUSAL_LM", "base_model_name_or_path": BASE, "bias": "none", "lora_dropout": 0.0,
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(peft))
    return folder


def sealed(folder: Path, seed: int = 0, scale: float = 0.05, **card: Any) -> Bundle:
    """A sealed bundle with random weights."""
    return seal(written(folder, tensors(seed, scale), **card))
