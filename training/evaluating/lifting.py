"""Which events of staged lives an answerer was asked about, and what it made of them, beside what really went on."""

from collections.abc import Mapping, Sequence

from services.evaluation.lift import Noticed
from services.simulator.benign import Ordinary
from services.simulator.staged import Moment
from training.corpus.example import Example, Kind
from training.evaluating.scoring import moment_of, verdict_of


def noticed(examples: Sequence[Example], said: Mapping[str, str], moments: Mapping[str, Moment]) -> list[Noticed]:
    """Every event of the people whom the examples are about; those that were asked about with the tier of the answer,
    where there is a usable one."""
    asked = {
        moment_of(one): said[one.id] for one in examples if one.kind is Kind.THINKING and moment_of(one) in moments
    }
    people = {_person(moments[name]) for name in asked}
    found = []
    for name, one in moments.items():
        if _person(one) not in people:
            continue
        verdict = verdict_of(asked[name], one.event) if name in asked else None
        episode = "" if one.act is None or isinstance(one.act.what, Ordinary) else f"{one.act.what} {one.act.at_s}"
        found.append(Noticed(
            _person(one), episode, one.since_s if one.since_s is not None else 0.0, one.event.tier,
            verdict.tier if verdict is not None else None, name in asked,
        ))  # fmt: skip
    return found


def _person(one: Moment) -> str:
    return f"{one.seed}-{one.role.name}"
