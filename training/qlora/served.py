"""The model as it is served, whole weights and adapters that can be put aside: what it expects, and what it answers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError

from training.corpus.assets import AssetStore
from training.qlora.base import Base, device, load
from training.qlora.chat import CLOSE, Tokens, Turn
from training.qlora.errors import BaseChanged, BaseInvalid, TemplateChanged
from training.qlora.lora import CONFIG, positions
from training.qlora.packing import packed
from training.qlora.record import Run

ADAPTER, BESIDE, WITHOUT_TOWER = "adapter", "beside", "adapter without its layers in vision tower and merger"


class _Given(NamedTuple):
    """The tokens that something is written behind, and what the vision tower is shown of its pictures."""

    ids: list[int]
    pictures: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Served:
    """A base model in bfloat16 with an adapter, and with another one beside it or none. On a CPU it computes in single
    precision, so that what a server's rounding adds is added once."""

    model: Any
    base: Base

    @classmethod
    def of(cls, base: Base, adapter: Path, beside: Path | None = None) -> "Served":
        """
        Raises:
            BaseInvalid: no adapter, or a damaged one.
        """
        for folder in (adapter, beside):
            if folder is not None and not (folder / CONFIG).is_file():
                raise BaseInvalid(f"{folder}: no {CONFIG}; expected the folder of an adapter")
        whole = load(base, "bfloat16")
        try:
            model = PeftModel.from_pretrained(whole if device() == "cuda" else whole.float(), str(adapter))
            if beside is not None:
                model.load_adapter(str(beside), BESIDE)
        except (SafetensorError, RuntimeError, OSError, ValueError) as error:
            raise BaseInvalid(f"{adapter}: {error}; the adapter is damaged or of another base") from error
        return cls(model.eval(), base)

    @contextmanager
    def speaking(self, who: str) -> Iterator[None]:
        """Within it `ADAPTER` speaks, `BESIDE`: the other adapter, or the base where there is none, or
        `WITHOUT_TOWER`."""
        if who == BESIDE and BESIDE not in self.model.peft_config:
            with self.model.disable_adapter():
                yield
            return
        self.model.set_adapter(BESIDE if who == BESIDE else "default")
        silent = self.tower if who == WITHOUT_TOWER else []
        for layer in silent:
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in silent:
                layer.enable_adapters(True)

    @property
    def tower(self) -> list[LoraLayer]:
        """The layers of vision tower and merger that the adapter changes."""
        return [layer for name, layer in self._changed() if ".visual." in name]

    @property
    def language(self) -> list[LoraLayer]:
        """The layers of the language model that it changes."""
        return [layer for name, layer in self._changed() if ".language_model." in name]

    def _changed(self) -> Iterator[tuple[str, LoraLayer]]:
        for name, module in self.model.named_modules():
            if isinstance(module, LoraLayer) and "default" in module.lora_A:
                yield name, module

    def following(self, tokens: Tokens, pixels: Mapping[str, dict[str, Any]] = MappingProxyType({})) -> torch.Tensor:
        """(n, vocabulary): what is expected after each token, as log-probabilities (nats). `pixels` are what the vision
        tower is shown of the pictures, by their names."""
        image = int(self.base.config.image_token_id)
        row = packed([tokens], lambda one: positions(self.model, one, image), pixels.__getitem__)
        with torch.inference_mode():
            logits = self.model(**{name: one.to(device()) for name, one in row.inputs.items()}).logits[0]
        return torch.log_softmax(logits.double(), -1).cpu()

    def answers(self, turns: Sequence[Turn], assets: AssetStore, thinking: int, answer: int) -> list[str]:
        """What the model writes behind what is given, greedily, to all of them at a time: at most so many tokens of
        `thinking`, then its end is written for it, as a server's thinking budget does, and at most so many of
        `answer`."""
        given = [self._given(turn, assets) for turn in turns]
        close = self.base.tokenizer.convert_tokens_to_ids(CLOSE)
        closing = self.base.tokenizer(f"\n{CLOSE}\n\n", add_special_tokens=False)["input_ids"]
        written: list[list[int]] = [[] for _ in turns]
        thinks = [place for place, turn in enumerate(turns) if not turn.given.rstrip().endswith(CLOSE)]
        for place, ids in zip(thinks, self._write([given[one] for one in thinks], thinking, [close]), strict=True):
            cut = ids[-1] != close and len(ids) == thinking
            written[place] = [*ids, *closing] if cut else ids
        goes_on = [place for place, ids in enumerate(written) if not ids or close in ids]
        rows = [given[one]._replace(ids=[*given[one].ids, *written[one]]) for one in goes_on]
        for place, ids in zip(goes_on, self._write(rows, answer, []), strict=True):
            written[place] = [*written[place], *ids]
        return [str(self.base.tokenizer.decode(ids, skip_special_tokens=True)) for ids in written]

    def _given(self, turn: Turn, assets: AssetStore) -> _Given:
        tokens = self.base.tokens(turn, assets)
        ids = [int(one) for one, learned in zip(tokens.ids, tokens.learned, strict=True) if not learned]
        return _Given(ids, [self.base.pixels(asset, assets) for asset, _, _ in tokens.images])

    def _write(self, rows: Sequence[_Given], most: int, stop: list[int]) -> list[list[int]]:
        """What follows each row, up to and with the token that ends it."""
        if not rows:
            return []
        width, pad = max(len(row.ids) for row in rows), self.base.tokenizer.pad_token_id
        ends = [self.base.tokenizer.eos_token_id, *stop]
        ids = torch.tensor([[pad] * (width - len(row.ids)) + row.ids for row in rows])
        there = torch.tensor([[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in rows])
        seen = [one for row in rows for one in row.pictures]
        inputs = {name: torch.cat([one[name] for one in seen]) for name in ("pixel_values", "image_grid_thw") if seen}
        holders = {"mm_token_type_ids": (ids == self.base.config.image_token_id).int()} if inputs else {}
        tensors = {"input_ids": ids, "attention_mask": there, **holders, **inputs}
        with torch.inference_mode():
            said = self.model.generate(
                **{name: one.to(device()) for name, one in tensors.items()}, max_new_tokens=most, do_sample=False,
                eos_token_id=ends, pad_token_id=pad, temperature=None, top_p=None, top_k=None,
            )  # fmt: skip
        return [_ended([int(one) for one in row[width:]], ends) for row in said]


def _ended(ids: list[int], ends: list[int]) -> list[int]:
    """Without what only fills a row up that ended before the others."""
    last = next((place for place, one in enumerate(ids) if one in ends), len(ids) - 1)
    return ids[: last + 1]


def check_run(run: Run, base: Base) -> None:
    """That the base is the one that the run knows.

    Raises:
        BaseChanged, TemplateChanged: it is not.
    """
    if run.base.weights_sha256 != base.weights:
        raise BaseChanged(f"{base.folder}: weights {base.weights[:12]}, the run was trained on "
                          f"{run.base.weights_sha256[:12]}; name its settings")  # fmt: skip
    if run.template != base.template:
        raise TemplateChanged(f"{base.folder}: its chat template renders otherwise than the one that the run was "
                              "trained with; use that one")  # fmt: skip
