"""The settings of a training: one small TOML file that opens with the command that uses it.

```toml
# attune train qlora qlora.toml --corpus composed --out run
base = "Qwen/Qwen3-VL-8B-Thinking"  # by this name it is served
model = "models/Qwen3-VL-8B-Thinking"   # where it lies; counts from this file

[[phase]]
kinds = ["thinking"]

[[phase]]                           # all kinds
```
"""

import hashlib
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from training.corpus.example import Kind, Layer
from training.qlora.errors import SettingsInvalid

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
Count = Annotated[int, Field(ge=1)]
Number = Annotated[int, Strict(), Field(ge=0)]
Share = Annotated[float, Strict(), Field(ge=0.0, lt=1.0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Phase(_Part):
    """A stretch of the training: which kinds of examples are learned from, and how often each of them."""

    kinds: tuple[Kind, ...] = tuple(Kind)
    epochs: Count = 1


class Part(StrEnum):
    """A part of the model that may learn. Vision tower and merger (what turns its output into tokens) are served only
    by a vLLM with `--enable-tower-connector-lora`."""

    LANGUAGE = "language"
    VISION = "vision"
    MERGER = "merger"


class Lora(_Part):
    """The adapter. Source of rank and alpha: QLoRA (arXiv 2305.14314) and what vLLM serves by default; dropout 0 lets
    equal settings give equal steps whatever the kernels.

    `parts` learn, of the language model its layers from `from_layer` to the last: a number, counted from 0, or a share
    of all (0.5: the later half).
    """

    rank: int = Field(16, ge=1, le=512)
    alpha: float = Field(32.0, gt=0.0)
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    parts: tuple[Part, ...] = Field((Part.LANGUAGE,), min_length=1)
    from_layer: Number | Share = 0

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(set(self.parts)) < len(self.parts):
            raise ValueError("parts: expected each once")
        if self.from_layer and Part.LANGUAGE not in self.parts:
            raise ValueError("from_layer counts layers of the language model, and parts are without language")
        return self


class Pace(_Part):
    """How fast. `rate` is AdamW's at its height, after `warm_up` of all steps, and falls along a cosine to a tenth.

    `pack_tokens`: length of a pack; 0 takes the longest example. Longer examples are refused, or with `leave_out` left
    out and counted. `packs` make a step. `check_every` steps the validation examples are looked at and a checkpoint is
    written; after `patience` looks without an improvement the training ends.
    Sources: rate, warm-up from QLoRA; the others are guesses.
    """

    rate: float = Field(2e-4, gt=0.0, lt=1.0)
    warm_up: float = Field(0.03, ge=0.0, lt=1.0)
    clip: float = Field(1.0, gt=0.0)
    pack_tokens: int = Field(0, ge=0)
    leave_out: bool = False
    packs: Count = 4
    check_every: Count = 50
    patience: Count = 3


class TrainingSettings(_Part):
    """The whole file. `precision` is that of the frozen base: NF4 with doubly quantised constants, or, only where
    somebody says so, bfloat16. `layers` are those of the corpus that are learned from. `backend` loads and computes the
    model (`training.qlora.unsloth_backend`). `shard` spreads the base over the processes, for one that fits no single
    device."""

    base: str = Field(min_length=1)
    model: Path
    seed: int = 0
    precision: Literal["nf4", "bfloat16"] = "nf4"
    backend: Literal["transformers", "unsloth"] = "transformers"
    checkpointing: bool = True
    shard: bool = False
    layers: tuple[Layer, ...] = Field(tuple(Layer), min_length=1)
    unteachable: float = Field(0.01, ge=0.0, lt=1.0)
    """The largest share of examples that may be left out because they cannot be taught. Source: guess; a damaged
    picture here and there ends no night's work, a damaged corpus does."""
    lora: Lora = Lora()
    pace: Pace = Pace()
    phase: tuple[Phase, ...] = (Phase(kinds=(Kind.THINKING,)), Phase())

    @model_validator(mode="after")
    def _spreadable(self) -> Self:
        if self.shard and self.backend == "unsloth":
            raise ValueError('shard: a base that unsloth loads is not spread; say backend = "transformers"')
        return self

    @classmethod
    def read(cls, file: Path) -> Self:
        """The settings in `file`, paths counted from where it lies.

        Raises:
            SettingsInvalid: no TOML, or a value that cannot be; the message names it.
        """
        try:
            said = cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsInvalid(f"{file}: {error.strerror}; expected a TOML file") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"{file}: is no TOML ({error})") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise SettingsInvalid(f"{file}: {place}: {first['msg']} (is {first['input']!r})") from error
        return said.model_copy(update={"model": file.parent / said.model})

    @property
    def digest(self) -> str:
        """Names everything here that the result depends on; where the base lies, on one device or several, is no part
        of it."""
        return hashlib.sha256(self.model_dump_json(exclude={"model", "shard"}).encode()).hexdigest()
