"""Nouns as JSON lines on disk: plans out, moments in."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from training.corpus.assets import write_whole
from training.corpus.errors import CorpusDamaged

T = TypeVar("T")


def write_lines(file: Path, nouns: Iterable[Any]) -> None:
    """One JSON object a line, all of them or none; NaN stays NaN."""
    lines = [json.dumps(TypeAdapter(type(one)).dump_python(one, mode="json"), sort_keys=True) for one in nouns]
    write_whole(file, "".join(f"{line}\n" for line in lines).encode())


def read_lines(file: Path, noun: type[T]) -> Iterator[T]:
    """What was written.

    Raises:
        CorpusDamaged: there is none, or a line that is no such noun.
    """
    adapter = TypeAdapter(noun)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise CorpusDamaged(f"{file}: {error.strerror}; run the command again") from error
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            yield adapter.validate_python(json.loads(line))
        except (json.JSONDecodeError, ValidationError) as error:
            raise CorpusDamaged(f"{file}, line {number}: is no {noun.__name__}; remove the file and run the command "
                                "again, which makes it anew") from error  # fmt: skip
