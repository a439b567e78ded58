"""Writes the shipped gate cases: events of the real engine over scripted and staged lives; takes some minutes.

`python -m tests.gate_cases`. The scripted lives give cases of each mode, the staged ones of the layers L2 to L4 of the
corpus; L1 is made of texts and pictures without events, so `attune train evaluate` alone measures it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from services.runtime.codec import to_jsonable
from services.simulator.benign import Ordinary
from services.simulator.staged import Moment
from services.vocabulary import Conflict, Cue, CueName, Event, Mode, Tier
from tests.stories.life import Life, lifted, serious
from threshold_service.staged import moments
from training.synthesis.scenes import plan
from training.synthesis.settings import SynthesisSettings
from vlm_service.adapters.policy import SHIPPED

FILE = SHIPPED.parent / "gate_cases.jsonl"
SEEDS = range(6, 10)
LEARNED_S = 17_000
AGITATED = {"motion_erratic": 9.0, "pose_wrist_speed": 10.0, "motion_ratio": 8.0, "pose_speed": 6.0}
STAGED, MOST = 1005, 4
"""Seed of the staged lives, and cases of a kind and layer that are kept."""
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
    yield from _of_layers()


def _of_layers() -> Iterator[dict[str, Any]]:
    """Cases of lives as the school stages them: other lives than any that it learns from by default."""
    drawn = cast(SynthesisSettings, SimpleNamespace(people=12, days=4, seed=STAGED, acts_per_day=6))
    told = [one for stage in plan(drawn) for one in moments(stage)]
    for layer in sorted({one.role.tags[0] for one in told}):
        mine = [one for one in told if one.role.tags[0] == layer]
        urgent = _unlike([one for one in mine if _staged(one) and one.event.tier is Tier.IMMEDIATE])
        quiet = _unlike([one for one in mine if _everyday(one) and one.event.tier is Tier.MONITOR])
        found = [
            *(("escalate", one.event) for one in urgent), *(("stay", one.event) for one in quiet),
            *(("conflict", _disagreeing(one.event, number)) for number, one in enumerate(urgent[:2])),
        ]  # fmt: skip
        for number, (kind, event) in enumerate(found, 1):
            identity = f"{kind}-{layer}-{number:02d}"
            yield {"id": identity, "kind": kind, "layer": layer, "event": to_jsonable(event)}


def _staged(one: Moment) -> bool:
    return one.act is not None and not isinstance(one.act.what, Ordinary)


def _everyday(one: Moment) -> bool:
    return not _staged(one) and (one.act is not None or bool(one.ordinary))


def _unlike(told: Sequence[Moment]) -> list[Moment]:
    """Few of them, as different as can be in what happens and to whom."""
    kept: list[Moment] = []
    while len(kept) < MOST and (left := [one for one in told if one not in kept]):
        kept.append(min(left, key=lambda one: sum(_alike(one, other) for other in kept)))
    return kept


def _alike(one: Moment, other: Moment) -> int:
    what = one.act and one.act.what, other.act and other.act.what
    return 2 * (what[0] == what[1]) + (one.role == other.role) + (one.role.mode is other.role.mode)


def _disagreeing(event: Event, number: int) -> Event:
    conflict = CONFLICTS[number % 2]
    if event.evidence.mode is Mode.OBSERVABLES:
        conflict = replace(CONFLICTS[1], first="quiet 0.80")
    evidence = replace(event.evidence, conflicts=(conflict,))
    return replace(event, id=f"{event.id[:-4]}c0f1", evidence=evidence)


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
    yield "conflict", _disagreeing(event, seed)


def _ordinary(mode: Mode, seed: int) -> Iterator[tuple[str, Event]]:
    """The first moment of an ordinary hour that the engine notes at all, of tier 3."""
    life = _known(mode, seed)
    told = [event for _ in range(12) for event in life.live(life.ordinary(600))]
    quiet = [event for event in told if event.tier is Tier.MONITOR]
    if quiet:
        yield "stay", quiet[0]


if __name__ == "__main__":
    print(f"{FILE.name}: {write()} cases")
