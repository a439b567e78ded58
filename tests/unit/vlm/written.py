"""Sentences about three events, written and judged by somebody who had not seen the code that judges them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.vocabulary import (
    Deviation,
    Event,
    Evidence,
    Mode,
    Position,
    PriorEpisodes,
    Reason,
    Support,
    Term,
    Tier,
    Trend,
    Usual,
    event_id,
)
from tests.unit.vlm.specimens import AGITATED, RESTLESS
from vlm_service.dialogue.grounding import text_claims

_WHERE = Position("edge-1", "00" * 16, 77)

CALM_NIGHT = Event(
    id=event_id("room-3", _WHERE),
    revision=1,
    resident="room-3",
    position=_WHERE,
    opened_at=1_750_035_000.0,
    updated_at=1_750_035_004.0,
    ended_at=None,
    tier=Tier.MONITOR,
    reason=Reason.COMPOSITE,
    detector="composite",
    score=1.1,
    threshold=1.0,
    terms=(Term("deviation", 2.2, 0.5, 1.1),),
    deviations=(
        Deviation("motion.ratio", 0.01, 0.20, 0.061, -3.1, 0.6),
        Deviation("pose.speed", 0.02, 0.14, 0.05, -2.4, 0.4),
        Deviation("audio.loudness", -62.0, -48.0, 11.7, -1.2, 0.1),
    ),
    evidence=Evidence(
        mode=Mode.OBSERVABLES,
        window_s=60.0,
        profile=(Usual("motion.ratio", 0.20, 0.061), Usual("audio.loudness", -48.0, 11.7)),
        trends=(Trend("motion.ratio", (0.05, 0.02, 0.01)), Trend("audio.loudness", (-57.0, -60.0, -62.0))),
        volatility=0.04,
        usual_volatility=0.12,
        transition_rate=0.0,
        cues=(),
        place="bedroom",
        time_of_day="03:10",
        prior=PriorEpisodes(0, 0, 0),
        seen_share=0.9,
        conflicts=(),
    ),
    policy_version="shipped@0",
)
"""At 03:10 somebody who moves and sounds far less than usual, in observables mode."""

_EVENTS = {"AGITATED": AGITATED, "RESTLESS": RESTLESS, "CALM_NIGHT": CALM_NIGHT}
_FILE = Path(__file__).with_name("claims.jsonl")


@dataclass(frozen=True, slots=True)
class Written:
    """One sentence; `labels` are the verdicts a careful reader gives to its claims, empty where there is none."""

    text: str
    event: Event
    labels: frozenset[Support]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `sentences`: contradictions that a reader sees too, those of a reader that are found, and sentences without a
    claim in which none is found; shares 0..1."""

    sentences: int
    precision: float
    recall: float
    silent: float


def written_claims() -> list[Written]:
    """All of them."""
    rows = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
    return [
        Written(row["text"], _EVENTS[row["event"]], frozenset(map(Support, row["labels"])), row["half"] == "held out")
        for row in rows
    ]


def judged(rows: Sequence[Written]) -> Agreement:
    """How far the code and the reader agree."""
    found = [{claim.support for claim in text_claims(row.text, row.event)} for row in rows]
    wrong = Support.CONTRADICTED
    told = [wrong in row.labels for row, got in zip(rows, found, strict=True) if wrong in got]
    seen = [wrong in got for row, got in zip(rows, found, strict=True) if wrong in row.labels]
    quiet = [not got for row, got in zip(rows, found, strict=True) if not row.labels]
    return Agreement(len(rows), _share(told), _share(seen), _share(quiet))


def _share(said: Sequence[bool]) -> float:
    return sum(said) / len(said) if said else float("nan")
