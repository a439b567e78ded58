"""What an answer to a test example is worth, by the dialogue that serves: the same reading, the same grounding."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from services.evaluation.opinions import Measure, Said, escalates, stays, worth
from services.simulator.staged import Moment
from services.vocabulary import Event, Grounding, Tier, Verdict
from training.corpus.errors import CorpusDamaged
from training.corpus.example import Example, Kind
from training.synthesis.stored import read_lines
from vlm_service.dialogue import AnswerError, Reply, read_reply, verdict_from_json

CLOSE = "</think>"
SLICES = ("population.", "mode.", "age.", "family.")
"""Tags by which figures are told apart."""


def moments_of(moments: Path) -> dict[str, Moment]:
    """The moments that examples were asked about, by the item of their source without its kind.

    Raises:
        CorpusDamaged: no folder of moments.
    """
    files = sorted(moments.glob("*.jsonl"))
    if not files:
        raise CorpusDamaged(
            f"{moments}: no moments; expected the folder `moments` that `attune train synthesize` wrote"
        )
    found = (moment for file in files for moment in read_lines(file, Moment))
    return {f"{one.seed}-{one.role.name}/{one.event.id}/{one.event.revision}": one for one in found}


def moment_of(example: Example) -> str:
    """The name of the moment that an example was asked about, where it was made of one."""
    return example.source.item.rpartition("/")[0]


def score(example: Example, text: str, events: Mapping[str, Event]) -> Said:
    """What `text`, thinking and answer as the model wrote them, is worth as an answer to `example`."""
    slices = tuple(tag for tag in example.domains if tag.startswith(SLICES))
    event = events.get(moment_of(example))
    counted = _report(example, text, event) if example.kind is Kind.THINKING else _short(example, text)
    return Said(example.id, example.layer.value, slices, counted, example.source.subject)


def _report(example: Example, text: str, event: Event | None) -> dict[Measure, float]:
    wanted = _wanted(example, event)
    thinking = text.partition(CLOSE)[0].strip() if CLOSE in text else text.strip()
    verdict, grounding = _read(text, event)
    if verdict is None or grounding is None:
        counted = worth(verdict is not None, len(thinking))
    else:
        counted = worth(True, len(thinking), grounding.share, bool(grounding.contradictions))
    if wanted is not None:
        tier = verdict.tier if verdict is not None else None
        counted[Measure.TIER] = float(tier is wanted)
        if wanted is Tier.IMMEDIATE:
            counted[Measure.ESCALATE] = float(escalates(tier))
        if wanted is Tier.MONITOR and tier is not None:
            counted[Measure.STAY] = float(stays(tier, wanted))
    return counted


def _short(example: Example, text: str) -> dict[Measure, float]:
    answer = text.rpartition(CLOSE)[2]
    return {Measure.RIGHT: float(_plain(answer) == _plain(example.answer))}


def _wanted(example: Example, event: Event | None) -> Tier | None:
    """The tier of the answer that the corpus holds; None where it holds no verdict."""
    try:
        return verdict_from_json(example.answer, event.tier if event else Tier.MONITOR).tier
    except AnswerError:
        return None


def _read(text: str, event: Event | None) -> tuple[Verdict | None, Grounding | None]:
    try:
        if event is not None:
            said = read_reply(Reply(text), event)
            return said.verdict, said.grounding
        return verdict_from_json(text.rpartition(CLOSE)[2].strip(), Tier.MONITOR), None
    except AnswerError:
        return None, None


def verdict_of(text: str, event: Event) -> Verdict | None:
    """What an answer about an event comes to; None where it is unusable."""
    return _read(text, event)[0]


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(" .").casefold()


def all_of(examples: Iterable[Example], said: Mapping[str, str], events: Mapping[str, Event]) -> list[Said]:
    """The worth of everything that one answerer said."""
    return [score(example, said[example.id], events) for example in examples]
