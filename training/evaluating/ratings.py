"""Marks that people gave by the same rubric: a sheet to fill in, and how far the judge agrees with what came back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.evaluation.agreement import Agreement, agreement
from services.evaluation.rubric import HIGHEST, KEYS
from training.corpus.assets import write_whole
from training.corpus.errors import CorpusError
from training.evaluating.rubric_judge import Marks, Written

ALL = "all criteria"


class RatingsInvalid(CorpusError):
    """A file of human ratings that is none; the message names file and line."""


class Rating(BaseModel):
    """One line: what one person says of one answer, known by its name on the sheet."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    answer: str = Field(min_length=1)
    rater: str = ""
    marks: dict[str, int]


def read_ratings(file: Path, known: Iterable[str]) -> list[Rating]:
    """The ratings in `file`.

    Raises:
        RatingsInvalid: a line that is no rating, of an answer that nobody gave, or by another rubric.
    """
    names, found = set(known), []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise RatingsInvalid(f"{file}: no text in UTF-8 ({error}); save the sheet as such") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = Rating.model_validate_json(line, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            wrong = f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}"
            raise RatingsInvalid(
                f"{file}:{number}: {wrong}; expected answer, rater and marks as on the sheet"
            ) from error
        if set(one.marks) != set(KEYS) or not all(0 <= mark <= HIGHEST for mark in one.marks.values()):
            raise RatingsInvalid(f"{file}:{number}: marks {one.marks}; expected 0 to {HIGHEST} for {', '.join(KEYS)}")
        if one.answer not in names:
            raise RatingsInvalid(f"{file}:{number}: nobody gave answer {one.answer!r} in this run; take the names from "
                                 "the sheet that `--sheet` writes")  # fmt: skip
        found.append(one)
    return found


def agreements(ratings: Sequence[Rating], marks: Mapping[str, Marks]) -> tuple[Agreement, ...]:
    """All criteria together, then each, over answers that judge and people marked; empty where there is none."""
    pairs = [
        (key, marks[one.answer][key], one.marks[key], one.answer)
        for one in ratings if one.answer in marks for key in KEYS
    ]  # fmt: skip
    found = []
    for name in (ALL, *KEYS):
        rows = [row[1:] for row in pairs if name in (ALL, row[0])]
        if rows:
            judge, people, answer = zip(*rows, strict=True)
            found.append(agreement(name, judge, people, answer, HIGHEST))
    return tuple(found)


def write_sheet(written: Iterable[Written], file: Path) -> None:
    """One line for each answer, without who gave it, in the order of its name; people fill in rater and marks."""
    rows = {one.name: one for one in written}
    lines = []
    for name in sorted(rows):
        asked = rows[name].messages[1].content
        lines.append(json.dumps(
            {"answer": name, "rater": "", "marks": dict.fromkeys(KEYS), "shown": asked}, ensure_ascii=False
        ))  # fmt: skip
    write_whole(file, "".join(f"{line}\n" for line in lines).encode())
