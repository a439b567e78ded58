"""The licence ledger: what the terms of each source allow, and a refusal of everything else."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from training.corpus.errors import CorpusError, LicenceForbids


class Use(StrEnum):
    """What somebody wants to do with a source."""

    RESEARCH = "research"
    """Train within a non-commercial study; the adapter is not run for a customer and not given away."""
    PRODUCT = "product"
    """Train an adapter that runs in a facility."""
    EVALUATION = "evaluation"
    """Measure only; nothing is learned from it."""


class Licence(BaseModel):
    """One source's terms. `read_in` says where they were read; `certain` is false where nobody has read the agreement
    itself, and then only what every likely reading allows is allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    terms: str
    allows: tuple[Use, ...]
    read_in: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """Licences by name of the data set."""

    licences: dict[str, Licence]

    @classmethod
    def open(cls) -> Self:
        """The ledger of this package.

        Raises:
            CorpusError: it cannot be read.
        """
        try:
            table = tomllib.loads(files("training.corpus").joinpath("licences.toml").read_text())
            return cls({name: Licence.model_validate(one) for name, one in table.items()})
        except (ValidationError, tomllib.TOMLDecodeError) as error:
            raise CorpusError(f"licences.toml: {error}") from error

    def permit(self, dataset: str, use: Use) -> Licence:
        """The terms under which `dataset` may be used so.

        Raises:
            LicenceForbids: they do not allow it, or nobody wrote them down.
        """
        licence = self.licences.get(dataset)
        if licence is None:
            raise LicenceForbids(f"{dataset}: its terms are not in the ledger, so nothing is allowed; "
                                 "write them into licences.toml first")  # fmt: skip
        if use not in licence.allows:
            allowed = ", ".join(licence.allows) or "nothing"
            raise LicenceForbids(f"{dataset}: its terms ({licence.terms}) do not allow {use.value}, only {allowed}; "
                                 "leave it out, or state another use")  # fmt: skip
        return licence
