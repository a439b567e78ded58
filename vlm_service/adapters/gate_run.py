"""Asks an adapter every gate case through the same dialogue and the same servers as real events, after all of them."""

import json
import time
from collections.abc import Sequence
from typing import Any

from services.evaluation.cases import Case, CaseAnswer, Kind, answered, failed
from services.runtime import codec
from services.vocabulary import Event
from vlm_service.adapters.judging import Gate
from vlm_service.adapters.policy import Policy, PolicyUnreadable
from vlm_service.dialogue import AnswerError, prompt_version
from vlm_service.engine import Engine
from vlm_service.failures import EngineFailure, NoServer, NotProven, Overloaded, Unreachable
from vlm_service.places import EVALUATION

HEADINGS = ("gate", "passed", "found", "limit", "means")


def read_cases(policy: Policy) -> list[Case]:
    """The cases of a policy's files, one JSON object a line: id, kind, layer, event.

    Raises:
        PolicyUnreadable: a line that is no case, or has the id of an earlier one; the message names file and line.
    """
    cases: dict[str, Case] = {}
    for name in policy.gates.cases:
        for number, line in enumerate((policy.folder / name).read_text(encoding="utf-8").splitlines(), 1):
            try:
                said = json.loads(line)
                event = codec.from_json(Event, json.dumps(said["event"]))
                case = Case(str(said["id"]), Kind(said["kind"]), str(said["layer"]), event)
            except (ValueError, KeyError, TypeError) as error:
                raise PolicyUnreadable(f"{name}:{number}: no case: {error}") from error
            if case.id in cases:
                raise PolicyUnreadable(f"{name}:{number}: id {case.id!r} is taken by an earlier case")
            cases[case.id] = case
    if not cases:
        raise PolicyUnreadable("gates.cases: there are none in these files")
    return list(cases.values())


async def run_cases(engine: Engine, served_name: str, cases: Sequence[Case], deadline_s: float) -> list[CaseAnswer]:
    """What an adapter (empty: the base model) makes of the cases, one after another: nobody waits for it.

    Raises:
        NoServer, NotProven, Overloaded, Unreachable: they cannot be asked now; nothing is said about
            the adapter.
    """
    answers = []
    for case in cases:
        started = time.monotonic()
        try:
            said = await engine.answer(case.event, deadline_s, EVALUATION, adapter=served_name)
        except (NoServer, NotProven, Overloaded, Unreachable):
            raise
        except (EngineFailure, AnswerError) as failure:
            answers.append(failed(case, failure.reason, time.monotonic() - started))
        else:
            took_s = time.monotonic() - started
            answers.append(answered(case, said.verdict, said.thinking, said.grounding, took_s))
    return answers


def gate_report(gates: Sequence[Gate], answers: Sequence[CaseAnswer], policy: Policy, beside: str) -> dict[str, Any]:
    """The report as it is kept."""
    rows = [
        [gate.name, "yes" if gate.passed else "NO", gate.found, gate.limit, "" if gate.passed else gate.words]
        for gate in gates
    ]
    return {
        "headings": HEADINGS, "rows": rows, "policy": policy.digest, "prompt": prompt_version(), "beside": beside,
        "answers": [codec.to_jsonable(answer) for answer in answers],
    }  # fmt: skip


def answers_of(report: dict[str, Any]) -> list[CaseAnswer]:
    """The answers that a report keeps."""
    return [codec.from_json(CaseAnswer, json.dumps(answer)) for answer in report["answers"]]
