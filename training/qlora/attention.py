"""Attention inside each sequence of a packed row, sequence by sequence, as if it stood alone.

A mask over the whole row would cost its length squared, most of it for what is masked away, and keeps scaled
dot-product attention from its causal kernels.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "attune_packed"
LENGTHS = "sequence_lengths"
"""Argument of the model's forward: tokens of each sequence of the row, in order."""


def use(model: Any) -> None:
    """Have the language model of a Qwen3-VL attend so; every call must say the `LENGTHS` of its row from now on. The
    vision tower attends as before."""
    AttentionInterface.register(NAME, _packed)
    model.model.language_model.config._attn_implementation = NAME


def _packed(
    module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any,
    *, scaling: float | None = None, dropout: float = 0.0, sequence_lengths: Sequence[int], **told: Any,
) -> tuple[torch.Tensor, None]:  # fmt: skip
    """(1, n, heads, d) of (1, heads, n, d); the mask is None, and what else transformers tells is not needed."""
    del attention_mask, told
    parts = zip(*(one.split(list(sequence_lengths), dim=2) for one in (query, key, value)), strict=True)
    seen = [sdpa_attention_forward(module, *part, None, dropout=dropout, scaling=scaling, is_causal=True)[0]
            for part in parts]  # fmt: skip
    return torch.cat(seen, dim=1), None
