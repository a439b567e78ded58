"""What cannot be taught is left out, one example at a time and with its reason; too much of it is an error."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from training.corpus.errors import AssetInvalid, ExampleInvalid
from training.corpus.example import Example
from training.qlora.errors import TooManyLeftOut

Made = TypeVar("Made")


@dataclass(slots=True)
class Untaught:
    """Reasons by id of the examples that were left out. `most` is the share of all `tried` that may be; `told` hears
    of each, for the log."""

    most: float
    told: Callable[[str, dict[str, object]], None]
    why: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def tried(self, example: Example, make: Callable[[Example], Made]) -> Made | None:
        """What is made of an example; None where it cannot be taught: a film, a picture that cannot be decoded, words
        that forge a turn."""
        self.count += 1
        try:
            return make(example)
        except (ExampleInvalid, AssetInvalid) as error:
            self.why[example.id] = str(error)
            self.told("cannot be taught", {"example": example.id, "why": str(error)})
            return None

    def insist(self, folder: Path) -> None:
        """That no more was left out than may be.

        Raises:
            TooManyLeftOut: names how many, and the first reason.
        """
        if len(self.why) > self.most * self.count:
            raise TooManyLeftOut(
                f"{folder}: {len(self.why)} of {self.count} examples cannot be taught, unteachable = {self.most:g} is "
                f"the largest share that may be left out (first: {next(iter(self.why.values()))}); build and compose "
                "the corpus again, or raise unteachable"
            )

    @property
    def said(self) -> str:
        """For people, empty where nothing was left out."""
        return f"{len(self.why)} of {self.count} examples cannot be taught and are left out" if self.why else ""
