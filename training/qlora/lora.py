"""The adapter: which layers it changes, how it begins, and what it says about a row of sequences."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from bitsandbytes.nn import Linear4bit
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError

from training.corpus.assets import digest_of
from training.qlora import attention
from training.qlora.base import LANGUAGE, Base
from training.qlora.chat import Tokens
from training.qlora.errors import BaseChanged, BaseInvalid, SettingsInvalid
from training.qlora.packing import Packed
from training.qlora.settings import TARGETS, Lora

PLACES = rf".*language_model\..*\.({'|'.join(TARGETS)})"
"""As a pattern over the language model alone: a plain list of names would match layers of some vision towers too."""
WEIGHTS, CONFIG, MANIFEST = "adapter_model.safetensors", "adapter_config.json", "manifest.json"


def begin(model: Any, lora: Lora, seed: int, base_name: str, checkpointing: bool) -> PeftModel:
    """A new adapter that changes nothing yet, in single precision, on the frozen `model`."""
    _ready(model, checkpointing)
    torch.manual_seed(seed)
    model.name_or_path = base_name  # PEFT writes it into the adapter's configuration
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, bias="none", task_type="CAUSAL_LM",
        target_modules=PLACES, base_model_name_or_path=base_name,
    )  # fmt: skip
    return _proven(get_peft_model(model, config, autocast_adapter_dtype=True))


def go_on_from(model: Any, adapter: Path, lora: Lora, checkpointing: bool) -> PeftModel:
    """A new adapter that begins as the one in `adapter`, whose files are only read.

    Raises:
        SettingsInvalid: it has another rank or scale than the settings want.
        BaseInvalid: its files are no plain LoRA of this family.
    """
    try:
        config = LoraConfig.from_pretrained(str(adapter))
    except (OSError, ValueError, TypeError) as error:
        raise BaseInvalid(f"{adapter}: {error}; expected a finished adapter with {CONFIG} and {WEIGHTS}") from error
    if (config.r, config.lora_alpha) != (lora.rank, lora.alpha):
        raise SettingsInvalid(
            f"{adapter}: has rank {config.r} and alpha {config.lora_alpha:g}, the settings want {lora.rank} and "
            f"{lora.alpha:g}; say lora.rank and lora.alpha as it has them"
        )
    config.lora_dropout = lora.dropout
    _ready(model, checkpointing)
    try:
        begun = PeftModel.from_pretrained(model, str(adapter), is_trainable=True, config=config)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise BaseInvalid(f"{adapter}: {error}; the adapter is damaged or of another base, copy it again") from error
    return _proven(begun)


def check_base(adapter: Path, base: Base) -> str:
    """The digest of a finished adapter's weights, after it is known that it was trained on this base.

    Raises:
        BaseChanged: it was trained on another one.
        BaseInvalid: nothing beside it says on which, or a bundle is not what it was sealed as.
    """
    _as_sealed(adapter)
    try:
        with (adapter / WEIGHTS).open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise BaseInvalid(f"{adapter / WEIGHTS}: {error.strerror}; expected a finished adapter") from error
    for file in (adapter / "run.json", adapter.parent / "run.json", adapter / "card.json"):
        if file.is_file():
            told = json.loads(file.read_text(encoding="utf-8"))["base"]["weights_sha256"]
            if told != base.weights:
                raise BaseChanged(f"{adapter}: was trained on weights {told[:12]}, {base.folder} holds "
                                  f"{base.weights[:12]}; go on from it on the base it knows")  # fmt: skip
            return digest
    raise BaseInvalid(f"{adapter}: neither run.json nor card.json beside it says which base it is for; name the folder "
                      "of a run or of a bundle")  # fmt: skip


def _as_sealed(adapter: Path) -> None:
    """Of a bundle: each file has the digest that its manifest tells. Whose it is, the signature tells
    (`training.bundle.opening`)."""
    manifest = adapter / MANIFEST
    if not manifest.is_file():
        return
    try:
        files = {name: one["sha256"] for name, one in json.loads(manifest.read_text(encoding="utf-8"))["files"].items()}
        altered = [name for name in (WEIGHTS, CONFIG, *files) if digest_of(adapter / name) != files[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BaseInvalid(f"{adapter}: is no whole bundle ({error}); copy it again") from error
    if altered:
        raise BaseInvalid(f"{adapter / altered[0]}: is not what was sealed; copy the bundle again")


def positions(model: Any, tokens: Tokens, image_token: int) -> torch.Tensor:
    """(3, n): the positions of a sequence by itself, as the model itself counts them around pictures."""
    if not tokens.images:
        return torch.arange(len(tokens)).expand(3, -1)
    ids = torch.from_numpy(tokens.ids)[None]
    grid = torch.tensor([(1, height, width) for _, height, width in tokens.images])
    inner = model.get_base_model().model
    found, _ = inner.get_rope_index(ids, (ids == image_token).int(), image_grid_thw=grid)
    return found[:, 0]


def losses(model: Any, row: Packed) -> torch.Tensor:
    """(wanted,): how little each token that is learned from was expected, in nats. The output layer is asked about
    these alone, which is most of the memory of a large vocabulary saved."""
    whole = model.get_base_model()
    where = whole.lm_head.weight.device
    inputs = {name: tensor.to(where) for name, tensor in row.inputs.items()}
    hidden = whole.model(**inputs, **{attention.LENGTHS: row.lengths}, use_cache=False).last_hidden_state[0]
    before = torch.nonzero(row.learned).squeeze(1).to(where) - 1
    logits = whole.lm_head(hidden[before]).float()
    return torch.nn.functional.cross_entropy(logits, row.wanted.to(where), reduction="none")


def look(model: Any) -> None:
    """From learning to looking, without dropout. Layers in four bits stay as they are: on a CPU with AVX512-BF16
    bitsandbytes repacks one that is told to evaluate, for good, and no gradient passes through it any more, with a
    warning alone (seen with 0.50.2)."""
    model.eval()
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.train()


def trained(model: Any) -> dict[str, torch.nn.Parameter]:
    """What learns, by name."""
    return {name: one for name, one in model.named_parameters() if one.requires_grad}


def _ready(model: Any, checkpointing: bool) -> None:
    model.requires_grad_(False)
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.train()  # transformers recomputes in training alone; there is no dropout in the base
    model.config.use_cache = False
    attention.use(model)


def _proven(model: PeftModel) -> PeftModel:
    for name in trained(model):
        if LANGUAGE not in name or ".lora_" not in name:
            raise BaseInvalid(f"{name}: would learn, expected layers of the language model alone")
    return model
