"""How many examples of which layer and kind an adapter learns from: the typed recipe file."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.corpus.errors import RecipeInvalid
from training.corpus.example import Example, Kind, Layer

NAMED = ("default", "broad", "lean", "frames")
"""Recipes of this package, by name."""


class Share(BaseModel):
    """One part of a recipe: `count` examples, or `least` to `most`, of a layer and kind (any, where not said). With
    `pictures`: those that show pictures, and no film or sound; without: those that show no recording at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    layer: Layer | None = None
    kind: Kind | None = None
    pictures: bool | None = None
    count: int | None = Field(default=None, ge=1)
    least: int | None = Field(default=None, ge=0)
    most: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        bounds = (self.least, self.most)
        if (self.count is None) == (bounds == (None, None)) or (self.count is None and None in bounds):
            raise ValueError("say either count, or both least and most")
        if self.count is None and (self.least or 0) > (self.most or 0):
            raise ValueError(f"least {self.least} is more than most {self.most}")
        return self

    @property
    def low(self) -> int:
        """No fewer than this."""
        return self.count if self.count is not None else self.least or 0

    @property
    def high(self) -> int:
        """No more than this."""
        return self.count if self.count is not None else self.most or 0

    @property
    def name(self) -> str:
        """For people."""
        shown = {None: (), True: ("with pictures",), False: ("without pictures",)}[self.pictures]
        return " ".join((self.layer.value if self.layer else "any", self.kind.value.replace("_", " ") if self.kind
                         else "all kinds", *shown))  # fmt: skip

    def fits(self, example: Example) -> bool:
        """Whether an example is of this part."""
        return (self.layer in (None, example.layer) and self.kind in (None, example.kind)
                and (self.pictures is None or (example.pictured if self.pictures else not example.assets)))  # fmt: skip


class Recipe(BaseModel):
    """What `attune train compose` reads. Parts take in their order, none takes what another took."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    seed: int = 0
    least_quality: float = Field(default=0.0, ge=0.0, le=1.0)
    part: tuple[Share, ...] = Field(min_length=1)

    @classmethod
    def read(cls, which: str) -> Self:
        """A recipe by its name (`NAMED`), or from a TOML file.

        Raises:
            RecipeInvalid: there is none, or it contradicts itself.
        """
        try:
            if which in NAMED:
                text = files("training.corpus").joinpath("recipes", f"{which}.toml").read_text(encoding="utf-8")
            else:
                text = Path(which).read_text(encoding="utf-8")
            return cls.model_validate(tomllib.loads(text))
        except OSError as error:
            raise RecipeInvalid(f"recipe {which!r}: {error.strerror}; expected {', '.join(NAMED)} or a file") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RecipeInvalid(f"recipe {which!r}: is no TOML ({error})") from error
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise RecipeInvalid(f"recipe {which!r}: {faults}") from error
