"""The adapter: which layers it changes, how it begins, and what it says about a row of sequences."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bitsandbytes.nn import Linear4bit
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file

from training.corpus.assets import digest_of
from training.qlora import attention, places
from training.qlora.base import Base
from training.qlora.chat import Tokens
from training.qlora.errors import BaseChanged, BaseInvalid, SettingsInvalid
from training.qlora.packing import Packed
from training.qlora.places import Places
from training.qlora.settings import Lora

_PREFIX = "base_model.model."
"""Before the name of every layer, as PEFT wraps a model."""
_OTHERWISE = "this peft lays its layers otherwise than the recipe asks for"
WEIGHTS, CONFIG, MANIFEST = "adapter_model.safetensors", "adapter_config.json", "manifest.json"


def plain(model: Any, config: LoraConfig, seed: int, checkpointing: bool) -> PeftModel:
    """The frozen `model` with an adapter in single precision, as PEFT lays it."""
    model.requires_grad_(False)
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.train()  # transformers recomputes in training alone; there is no dropout in the base
    torch.manual_seed(seed)
    return get_peft_model(model, config, autocast_adapter_dtype=True)


Lay = Callable[[Any, LoraConfig, int, bool], PeftModel]
"""How a model gets its adapter: from the model, PEFT's configuration, a seed, and whether to recompute."""


def begin(
    model: Any, lora: Lora, seed: int, base_name: str, checkpointing: bool, lay: Lay = plain
) -> PeftModel:  # fmt: skip
    """A new adapter that changes nothing yet.

    Raises:
        SettingsInvalid: it begins at a layer that the model does not have.
        BaseInvalid: the model does not have the layers, or something else would learn.
    """
    wanted = places.asked(lora, depth(model))
    return proven(lay(_ready(model, base_name), _config(lora, wanted, base_name), seed, checkpointing), wanted)


def go_on_from(
    model: Any, adapter: Path, lora: Lora, seed: int, base_name: str, checkpointing: bool, lay: Lay = plain
) -> PeftModel:  # fmt: skip
    """A new adapter that begins as the one in `adapter`, whose files are only read. What that one changes and the
    settings do not ask for stays as it is there; what they ask for beyond it begins without effect.

    Raises:
        SettingsInvalid: it has another rank or scale than the settings want, or they begin at no layer.
        BaseInvalid: its files are no plain LoRA of this family.
    """
    config, known = _read(adapter)
    if (config.r, config.lora_alpha) != (lora.rank, lora.alpha):
        raise SettingsInvalid(
            f"{adapter}: has rank {config.r} and alpha {config.lora_alpha:g}, the settings want {lora.rank} and "
            f"{lora.alpha:g}; say lora.rank and lora.alpha as it has them"
        )
    wanted = places.asked(lora, depth(model))
    halves = Counter(name.removeprefix(_PREFIX).rsplit(".lora_", 1)[0] for name in known)
    whole = wanted | places.found_in(halves, depth(model))
    begun = lay(_ready(model, base_name), _config(lora, whole, base_name), seed, checkpointing)
    try:
        strange = list(set_peft_model_state_dict(begun, known).unexpected_keys)
    except RuntimeError as error:
        raise BaseInvalid(f"{adapter}: {error}; the adapter is damaged or of another base, copy it again") from error
    strange += [layer for layer, count in halves.items() if count != 2]
    if strange or not halves:
        raise BaseInvalid(f"{adapter}: {strange[0] if strange else 'is empty'}: expected both halves of a LoRA on "
                          "layers of this base; copy it again")  # fmt: skip
    return proven(begun, wanted, whole)


def depth(model: Any) -> int:
    """Layers of the language model."""
    return int(model.config.text_config.num_hidden_layers)


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


def proven(model: PeftModel, wanted: Places, laid: Places | None = None) -> PeftModel:
    """The model, of which both halves of a LoRA on every one of the `wanted` layers learn and nothing else does. What
    else is `laid`, of the adapter that it begins as, learns no more, and there is no LoRA anywhere else.

    Raises:
        BaseInvalid: names what would learn and must not, or the other way round.
    """
    layers = [name for name, _ in model.get_base_model().named_modules() if wanted.take(name)]
    if places.found_in(layers, wanted.depth) != wanted:
        raise BaseInvalid(f"the base has {places.found_in(layers, wanted.depth)}, the settings want {wanted}; name "
                          "parts and layers that it has")  # fmt: skip
    expected = {f"{_PREFIX}{layer}.lora_{half}.default.weight" for layer in layers for half in "AB"}
    for name, one in model.named_parameters():
        if ".lora_" in name and name not in expected:
            one.requires_grad_(False)
    learns = set(trained(model))
    for name in sorted(learns ^ expected):
        would = "would learn, expected not to" if name in learns else "would not learn, expected to"
        raise BaseInvalid(f"{name}: {would}; {_OTHERWISE}")
    for name, _ in model.named_parameters():
        layer, half, _ = name.removeprefix(_PREFIX).partition(".lora_")
        if half and not (laid or wanted).take(layer):
            raise BaseInvalid(f"{name}: is laid, expected no LoRA there; {_OTHERWISE}")
    return model


def _config(lora: Lora, where: Places, base_name: str) -> LoraConfig:
    return LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, bias="none", task_type="CAUSAL_LM",
        target_modules=where.pattern, base_model_name_or_path=base_name,
    )  # fmt: skip


def _read(adapter: Path) -> tuple[LoraConfig, dict[str, torch.Tensor]]:
    try:
        return LoraConfig.from_pretrained(str(adapter)), load_file(adapter / WEIGHTS)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise BaseInvalid(f"{adapter}: {error}; expected a finished adapter with {CONFIG} and {WEIGHTS}") from error


def _ready(model: Any, base_name: str) -> Any:
    model.name_or_path = base_name  # PEFT writes it into the adapter's configuration
    model.config.use_cache = False
    attention.use(model)
    return model
