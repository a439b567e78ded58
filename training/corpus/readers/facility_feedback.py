"""A facility's own word on its alerts: reports with the verdict of caregivers, consented and without names.

Layout, ours: `feedback.jsonl`, one object a line: `event` (id), `resident` (a pseudonym made for this file, 16 or more
hexadecimal digits), `report` (the EVENT REPORT that the model was shown), `verdict` (true, false, unsure, missed), and
`consent` (the purposes, of which `evaluation` is needed). It goes to evaluation sets, all of it: what a facility says
decides first whether a model is good, and is not learned from until there is another set to decide with. `unsure` is
passed over, as is `missed`, which has no report. A line whose consent lacks the purpose stops the reading: it should
not have left the facility.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from services.vocabulary import FeedbackVerdict
from training.corpus.errors import LayoutUnknown, LicenceForbids
from training.corpus.example import Layer, Split
from training.corpus.items import Item, Reader, need

DATASET, FILE = "facility-feedback", "feedback.jsonl"
QUESTION = "Was this alert worth somebody's walk to the resident? Answer yes or no."


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    event: str
    resident: str
    report: str = ""
    verdict: FeedbackVerdict
    consent: tuple[str, ...]

    @field_validator("resident")
    @classmethod
    def _pseudonym(cls, resident: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{16,64}", resident):
            raise ValueError("resident is no pseudonym of 16 to 64 hexadecimal digits")
        return resident


def _items(root: Path) -> Iterator[Item]:
    file = need(root / FILE, DATASET)
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = _Line.model_validate_json(text)
        except ValidationError as error:
            # The faults alone: the line itself may hold what must not reach a log.
            faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'line'}: {one['msg']}" for one in error.errors())
            raise LayoutUnknown(f"{DATASET}: {file}, line {number}: {faults}") from None
        if "evaluation" not in line.consent:
            raise LicenceForbids(f"{DATASET}: {file}, line {number}: no consent for evaluation; remove the line and "
                                 "find out how it left the facility")  # fmt: skip
        if line.verdict in (FeedbackVerdict.TRUE, FeedbackVerdict.FALSE) and line.report:
            yield _item(line)


def _item(line: _Line) -> Item:
    right = line.verdict is FeedbackVerdict.TRUE
    return Item(line.event, line.resident, line.verdict.value, "true_alert" if right else "false_alert",
                split=Split.TEST, said=line.report, question=QUESTION, answer="yes" if right else "no",
                domains=("own_facility",), false_alarm=not right)  # fmt: skip


FACILITY_FEEDBACK = Reader(DATASET, Layer.HEALTHCARE, _items, asks_for="alert", evaluation_only=True, file=FILE)
