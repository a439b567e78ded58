"""The same training computed by Unsloth: its loader and its layers, held to the same proofs as ours.

Unsloth refuses to be imported without a GPU, so this was never run where it was written; it keeps to what Unsloth
documents of `FastVisionModel`. Whatever comes of it must be what the recipe says: which layers lie in four bits, which
learn, and that the sequences of a row do not see one another.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel

from training.corpus.example import Kind, Layer
from training.qlora import lora
from training.qlora.base import Base, prove_four_bits
from training.qlora.chat import Tokens, Turn
from training.qlora.errors import BackendMissing, BaseInvalid
from training.qlora.packing import packed

REMEDY = 'say backend = "transformers", which takes the same file'
LEAST_APART = 0.5
"""Share of what lets sequences run together that a row may lie from its sequences alone: rounding is far below it, a
model that is not told where a sequence ends is at 1 (source: guess between the two)."""
_SHOWN = ("The chair by the window was empty at noon.", "Nobody called, and the door stayed shut all night.")


def load(base: Base, precision: str) -> Any:
    """The frozen weights, as Unsloth loads them.

    Raises:
        BackendMissing: no GPU, or no Unsloth.
        NotInFourBits: another layer than the language model's is quantised, or one of these is not.
    """
    model, _ = _unsloth().from_pretrained(
        model_name=str(base.folder), dtype=torch.bfloat16, load_in_4bit=precision == "nf4", local_files_only=True,
        use_exact_model_name=True, device_map={"": torch.cuda.current_device()},
    )  # fmt: skip
    if precision == "nf4":
        prove_four_bits(model)
    return model.requires_grad_(False)


def lay(model: Any, config: LoraConfig, seed: int, checkpointing: bool) -> PeftModel:
    """The model with an adapter as Unsloth lays it, on the layers that `config` names."""
    made = _unsloth().get_peft_model(
        model, r=config.r, lora_alpha=config.lora_alpha, lora_dropout=config.lora_dropout, bias=config.bias,
        target_modules=config.target_modules, random_state=seed,
        use_gradient_checkpointing="unsloth" if checkpointing else False,
    )  # fmt: skip
    made.peft_config["default"].base_model_name_or_path = config.base_model_name_or_path
    return made


def prove_apart(model: Any, base: Base) -> float:
    """How far a row lies from its sequences alone, as a share of how far it lies from them where they run together.

    Raises:
        BaseInvalid: so far that the model is not told where a sequence ends.
    """
    sequences = [_sequence(base, text) for text in _SHOWN]
    lora.look(model)
    with torch.no_grad():
        try:
            together, alone = _said(model, sequences), torch.cat([_said(model, [one]) for one in sequences])
            run_on = _said(model, sequences, one_sequence=True)
        except TypeError as error:
            raise BaseInvalid(f"the model is not told where a sequence of a row ends ({error}); {REMEDY}") from error
    share = float((together - alone).abs().mean() / (run_on - alone).abs().mean().clamp_min(1e-9))
    if not share <= LEAST_APART:
        raise BaseInvalid(f"a row lets its sequences see one another ({share:.2f} of what running together does, "
                          f"expected {LEAST_APART} or less); {REMEDY}")  # fmt: skip
    return share


def _sequence(base: Base, text: str) -> Tokens:
    ids = np.asarray(base.ids(text, ()), np.int64)
    return Tokens(Turn("", Layer.GENERAL, Kind.FACTUAL, "", text), ids, np.arange(len(ids)) > 0)


def _said(model: Any, sequences: Sequence[Tokens], one_sequence: bool = False) -> torch.Tensor:
    row = packed(sequences, lambda one: torch.arange(len(one)).expand(3, -1), _no_pixels)
    return lora.losses(model, replace(row, lengths=(sum(row.lengths),)) if one_sequence else row)


def _no_pixels(asset: str) -> dict[str, Any]:
    raise ValueError(f"{asset}: expected texts without pictures")


def _unsloth() -> Any:
    if not torch.cuda.is_available():
        raise BackendMissing(f'backend = "unsloth": needs a GPU, and torch sees none here; {REMEDY}')
    try:
        from unsloth import FastVisionModel
    except (ImportError, NotImplementedError) as error:
        raise BackendMissing(f'backend = "unsloth": {error}; pip install unsloth into the environment that trains, or '
                             f"{REMEDY}") from error  # fmt: skip
    return FastVisionModel
