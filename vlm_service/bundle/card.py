"""The card of an adapter: what it was made from, for which base model, and how well it did."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vlm_service.bundle.errors import CardUnreadable

LANGUAGE = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Layers of the language model that an adapter may change."""
TOWER = ("qkv", "proj", "linear_fc1", "linear_fc2")
"""Layers of a block of the vision tower that an adapter may change; the merger has the last two."""
Use = Literal["", "evaluation", "research", "product"]
Part = Literal["language", "vision", "merger"]
"""A part of the model: the merger turns what the vision tower sees into tokens."""
PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
"""Stands for a picture in the text of a prompt."""
OPENING = re.compile(r"\A<\|im_start\|>(?:system\n(.*?)<\|im_end\|>\n<\|im_start\|>)?user\n", re.DOTALL)
"""How a conversation begins by the template of this family of models."""
Png = Annotated[str, Field(pattern=r"^iVBORw0KGgo[A-Za-z0-9+/]+={0,2}$", max_length=65_536)]
TokenId = Annotated[str, Field(pattern=r"^token_id:[0-9]+$")]
Logprob = Annotated[float, Field(le=0.0, allow_inf_nan=False)]
T = TypeVar("T", bound=BaseModel)
_DIGEST = re.compile(r"[0-9a-f]{64}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        raise ValueError("expected a SHA-256 digest of 64 hexadecimal digits")
    return text


class Base(_Part):
    """The base model: its canonical name, and the digest of the weights that the adapter was trained on."""

    model: str = Field(min_length=1)
    weights_sha256: str

    _is_digest = field_validator("weights_sha256")(_digest)


class Corpus(_Part):
    """What it was trained on: the corpus' fingerprint, how many examples, and the share of each layer."""

    fingerprint: str
    examples: int = Field(ge=1)
    layers: dict[str, float]

    _is_digest = field_validator("fingerprint")(_digest)

    @field_validator("layers")
    @classmethod
    def _shares(cls, layers: dict[str, float]) -> dict[str, float]:
        if (
            not layers
            or any(not 0.0 <= share <= 1.0 for share in layers.values())
            or abs(sum(layers.values()) - 1) > 0.01
        ):
            raise ValueError("expected the share of each layer, together 1")
        return layers


class Source(_Part):
    """A data set that was learned from: its terms, and what it was taken for, empty where nobody said."""

    dataset: str = Field(min_length=1)
    use: Use = ""
    terms: str


class Figure(_Part):
    """One figure of its evaluation, with a 95 % interval; `layer` is empty for all together."""

    metric: str = Field(min_length=1)
    layer: str = ""
    value: float = Field(allow_inf_nan=False)
    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    n: int = Field(ge=1)


class Probe(_Part):
    """One golden prompt, as text after the chat template, and the log-probabilities (nats, by `token_id:NUMBER`) of
    the likeliest tokens that follow it: with this adapter and by the base model alone, both as training computed them
    in the precision in which they are served.

    `pictures` are PNG files in base64, one for each place holder in the prompt; drawn, so that they show nobody. Where
    the adapter has layers in vision tower or merger, `without_tower` is what follows without these.
    """

    prompt: str = Field(min_length=1)
    adapted: dict[TokenId, Logprob] = Field(min_length=1)
    base: dict[TokenId, Logprob] = Field(min_length=1)
    pictures: tuple[Png, ...] = Field((), max_length=4)
    without_tower: dict[TokenId, Logprob] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_each(self) -> "Probe":
        if (there := self.prompt.count(PICTURE)) != len(self.pictures):
            raise ValueError(f"{len(self.pictures)} pictures for {there} place holders {PICTURE}")
        if self.pictures and not OPENING.match(self.prompt):
            raise ValueError(f"a prompt with pictures that begins {self.prompt[:24]!r}: expected a conversation by the "
                             "template, which alone carries pictures to a server")  # fmt: skip
        return self


class Card(_Part):
    """`card.json`. `parts` of the model are changed. `sees`: whether it was trained on text alone or with frames;
    `approved_by`: who answers for it. `use`: what it may be run for by the terms of its `sources`, empty where they do
    not tell."""

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")
    base: Base
    rank: int = Field(ge=1, le=512)
    alpha: float = Field(gt=0)
    targets: tuple[str, ...] = Field(min_length=1)
    parts: tuple[Part, ...] = Field(("language",), min_length=1)
    sees: Literal["text", "frames"] = "text"
    prompt_version: str = Field(min_length=1)
    corpus: Corpus
    evaluation: tuple[Figure, ...] = ()
    probes: tuple[Probe, ...] = ()
    software: dict[str, str] = Field(default_factory=dict)
    seeds: dict[str, int] = Field(default_factory=dict)
    made_at: str = Field(min_length=1)
    approved_by: str = ""
    use: Use = ""
    sources: tuple[Source, ...] = ()


class Peft(BaseModel):
    """The part of `adapter_config.json` that matters here; PEFT writes much more."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    peft_type: str
    r: int
    lora_alpha: float
    use_dora: bool = False
    modules_to_save: list[str] | None = None
    bias: str = "none"


def read_card(file: Path) -> Card:
    """
    Raises:
        CardUnreadable: no card of this format; the message names the field.
    """
    return _read(file, Card)


def read_peft(file: Path) -> Peft:
    """
    Raises:
        CardUnreadable: not PEFT's configuration of a plain LoRA, which is all that vLLM serves.
    """
    peft = _read(file, Peft)
    extra = [
        said
        for wrong, said in (
            (peft.peft_type != "LORA", f"peft_type {peft.peft_type!r}"),
            (peft.use_dora, "use_dora"),
            (bool(peft.modules_to_save), f"modules_to_save {peft.modules_to_save}"),
            (peft.bias != "none", f"bias {peft.bias!r}"),
        )
        if wrong
    ]
    if extra:
        raise CardUnreadable(f"{file.name}: {', '.join(extra)}: expected a plain LoRA, which is what vLLM serves")
    return peft


def _read(file: Path, kind: type[T]) -> T:
    try:
        return kind.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CardUnreadable(f"{file.name}: not JSON: expected the file as training wrote it") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "card"
        raise CardUnreadable(f"{file.name}: {place}: {first['msg']}") from error
