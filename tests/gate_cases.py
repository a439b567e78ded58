"""Writes the shipped gate cases: events of the real engine over scripted lives. `python -m tests.gate_cases`"""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from services.runtime.codec import to_jsonable
from services.vocabulary import Conflict, Cue, CueName, Event, Mode, Tier
from tests.stories.life import Life, lifted, serious
from vlm_service.adapters.policy import SHIPPED

FILE = SHIPPED.parent / "gate_cases.jsonl"
SEEDS = range(6, 10)
LEARNED_S = 17_000
AGITATED = {"motion_erratic": 9.0, "pose_wrist_speed": 10.0, "motion_ratio": 8.0, "pose_speed": 6.0}
ALARMS = (CueName.SCREAM, CueName.CRY)
CONFLICTS = (
    Conflict("face-voice", "happiness 0.74", "distressed 0.81", 0.7),
    Conflict("voice-body", "calm 0.80", "restless 0.77", 0.6),
)


def write(file: Path = FILE) -> int:
    """How many cases were written."""
    lines = [json.dumps(case, sort_keys=True, separators=(",", ":")) for case in cases()]
    file.write_text("\n".join(lines) + "\n")
    return len(lines)


def cases() -> Iterator[dict[str, Any]]:
    """Every case as JSON."""
    for mode in Mode:
        number = count(1)
        for seed in SEEDS:
            for kind, event in (*_needs_somebody(mode, seed), *_ordinary(mode, seed)):
                identity = f"{kind}-{mode.value}-{next(number):02d}"
                yield {"id": identity, "kind": kind, "layer": mode.value, "event": to_jsonable(event)}


def _known(mode: Mode, seed: int) -> Life:
    life = Life(mode, seed)
    life.learn(LEARNED_S)
    life.live(life.ordinary(60))
    life.events = []
    return life


def _needs_somebody(mode: Mode, seed: int) -> Iterator[tuple[str, Event]]:
    """Agitation with a scream or a cry, of tier 1; the same where senses disagree about it."""
    life = _known(mode, seed)
    cue = Cue(ALARMS[seed % 2], 0.93, -0.5)
    told = serious(life.live(lifted(life.ordinary(8), **AGITATED), cues=[cue]))
    event = next(event for event in reversed(told) if event.tier is Tier.IMMEDIATE)
    yield "escalate", event
    conflict = CONFLICTS[seed % 2]
    if mode is Mode.OBSERVABLES:
        conflict = replace(CONFLICTS[1], first="quiet 0.80")
    evidence = replace(event.evidence, conflicts=(conflict,))
    yield "conflict", replace(event, id=f"{event.id[:-4]}c0f1", evidence=evidence)


def _ordinary(mode: Mode, seed: int) -> Iterator[tuple[str, Event]]:
    """The first moment of an ordinary hour that the engine notes at all, of tier 3."""
    life = _known(mode, seed)
    told = [event for _ in range(12) for event in life.live(life.ordinary(600))]
    quiet = [event for event in told if event.tier is Tier.MONITOR]
    if quiet:
        yield "stay", quiet[0]


if __name__ == "__main__":
    print(f"{FILE.name}: {write()} cases")
