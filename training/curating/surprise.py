"""How much each answer surprised a model, as the Python that has torch wrote it (`training.qlora surprise`)."""

import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from training.corpus.errors import ReviewInvalid
from training.corpus.example import Example
from training.corpus.rows import digest


class Surprised(BaseModel):
    """One answer under a model: `nats` a token on average (the negative mean log-probability of the tokens that are
    learned from) and the model's own mean `entropy` at these places; `digest` is of the example."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    example: str
    digest: str
    nats: float
    entropy: float
    tokens: int


def surprise_lines(file: Path) -> list[Surprised]:
    """What was computed so far. A last line that was cut off is taken out, and computed again.

    Raises:
        ReviewInvalid: another line that is none.
    """
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        file.write_text(text, encoding="utf-8")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found.append(Surprised.model_validate_json(line))
        except ValidationError as error:
            raise ReviewInvalid(f"{file}, line {number}: {error.errors()[0]['msg']}; remove the file, it is made "
                                "again") from error  # fmt: skip
    return found


def read_surprise(file: Path, examples: Sequence[Example]) -> dict[str, float]:
    """Nats per token by example, of those that say what they said when the model was asked.

    Raises:
        ReviewInvalid: there is no such file, or it is of other examples.
    """
    if not file.is_file():
        raise ReviewInvalid(f"{file}: is not there; attune train review --settings --run makes it")
    known = {(one.example, one.digest): one.nats for one in surprise_lines(file) if math.isfinite(one.nats)}
    found = {one.id: known[key] for one in examples if (key := (one.id, digest(one))) in known}
    if known and not found:
        raise ReviewInvalid(f"{file}: is of none of these examples; remove it, it is made again")
    return found
