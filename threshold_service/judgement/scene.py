"""Everything about one resident at one second, and the event with its reasons that is made of it."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from services.vocabulary import (
    Conflict,
    Cue,
    Derived,
    Deviation,
    Event,
    Evidence,
    Mode,
    Position,
    PriorEpisodes,
    Reason,
    Resident,
    Term,
    Tier,
    Trend,
    UnixSeconds,
    Usual,
    event_id,
)  # fmt: skip
from threshold_service.judgement.course import course_of
from threshold_service.statistics.arrays import Bools, Floats

WINDOW_S = 45
PARTS = 3
MOST_DEVIATIONS = 6
MOST_TRENDS = 8
UNCERTAINTY, CONFLICT = "uncertainty.", "conflict."
IN_CONFLICT = 0.5
"""Strength from which a contradiction is told (source: guess)."""
_GOES_BY = {"face": "affect.valence", "voice": "audio.vocal_energy", "body": "motion.erratic"}


@dataclass(frozen=True, slots=True)
class Scene:
    """One resident at one second. Arrays over c channels, except `window` (WINDOW_S, c), oldest first, NaN is absence,
    and `terms`, one Term each. `weights` (c,) turn `evidence` into contributions; `cues` offsets count from the start
    of the window."""

    resident: Resident
    time: UnixSeconds
    time_zone: str
    channels: tuple[str, ...]
    visual: Bools
    values: Floats
    context: Floats
    """Of channels that are told and not judged; NaN elsewhere and where the mode forbids them."""
    usual: Floats
    spread: Floats
    known: Bools
    """Which channels have a learned usual."""
    evidence: Floats
    weights: Floats
    window: Floats
    terms: tuple[Term, ...]
    volatility: float
    usual_volatility: float
    transition_rate: float
    cues: tuple[Cue, ...]
    prior: PriorEpisodes
    learning: bool
    derived: tuple[Derived, ...] = ()


def opened(
    scene: Scene, position: Position, tier: Tier, reason: Reason, detector: str, score: float, threshold: float,
    policy_version: str,
) -> Event:  # fmt: skip
    """The first revision of a new event."""
    return Event(
        id=event_id(scene.resident.id, position), revision=1, resident=scene.resident.id, position=position,
        opened_at=scene.time, updated_at=scene.time, ended_at=None, tier=tier, reason=reason, detector=detector,
        score=score, threshold=threshold, terms=scene.terms, deviations=deviations(scene), evidence=evidence(scene),
        policy_version=policy_version, learning=scene.learning,
    )  # fmt: skip


def raised(event: Event, fresh: Event) -> Event:
    """The next revision of `event`, with the tier, reason and evidence of `fresh`."""
    return replace(fresh, id=event.id, revision=event.revision + 1, position=event.position, opened_at=event.opened_at)


def ended(event: Event, time: UnixSeconds) -> Event:
    """The last revision of `event`."""
    return replace(event, revision=event.revision + 1, updated_at=time, ended_at=time)


def deviations(scene: Scene) -> tuple[Deviation, ...]:
    """The channels that speak, the largest contribution first; nothing is said of what is absent or not learned."""
    contributions = np.where(np.isfinite(scene.values) & scene.known, scene.evidence * scene.weights, 0.0)
    order = np.argsort(-contributions, kind="stable")[:MOST_DEVIATIONS]
    return tuple(
        Deviation(
            scene.channels[c], float(scene.values[c]), float(scene.usual[c]), float(scene.spread[c]),
            float((scene.values[c] - scene.usual[c]) / scene.spread[c]), float(contributions[c]),
        )
        for c in order.tolist() if contributions[c] > 0.0
    )  # fmt: skip


def evidence(scene: Scene) -> Evidence:
    """The context of the event."""
    shown = _shown(scene)
    return Evidence(
        mode=scene.resident.mode,
        window_s=float(WINDOW_S),
        profile=tuple(
            Usual(scene.channels[c], float(scene.usual[c]), float(scene.spread[c])) for c in shown if scene.known[c]
        ),
        trends=tuple(Trend(scene.channels[c], parts(scene.window[:, c])) for c in shown) + _doubts(scene, shown),
        volatility=scene.volatility,
        usual_volatility=scene.usual_volatility,
        transition_rate=scene.transition_rate,
        cues=scene.cues,
        erratic_motion=_of(scene, "motion.erratic", scene.values),
        usual_erratic_motion=_of(scene, "motion.erratic", np.where(scene.known, scene.usual, np.nan)),
        place=scene.resident.room,
        time_of_day=datetime.fromtimestamp(scene.time, ZoneInfo(scene.time_zone)).strftime("%H:%M"),
        prior=scene.prior,
        seen_share=_seen_share(scene),
        conflicts=_conflicts(scene),
        course=_course(scene),
        derived=tuple(one for one in scene.derived if one.channel in {scene.channels[c] for c in shown}),
    )


def parts(column: Floats) -> tuple[float, ...]:
    """Means of equal parts of a window, oldest first; NaN where nothing was seen.

    >>> parts(np.array([1.0, 3.0, np.nan, np.nan, 5.0, 5.0]))
    (2.0, nan, 5.0)
    """
    means = []
    for part in np.array_split(column, PARTS):
        seen = part[np.isfinite(part)]
        means.append(math.fsum(seen.tolist()) / len(seen) if len(seen) else math.nan)
    return tuple(means)


def _shown(scene: Scene) -> list[int]:
    """Channels worth showing: those that speak, and in affect mode the emotions that are most usual."""
    speaking = [scene.channels.index(deviation.channel) for deviation in deviations(scene)]
    emotions: list[int] = []
    if scene.resident.mode is Mode.AFFECT:
        learned = [c for c, name in enumerate(scene.channels) if name.startswith("emotion.") and scene.known[c]]
        emotions = sorted(learned, key=lambda c: -float(scene.usual[c]))[:3]
    return list(dict.fromkeys([*speaking, *emotions]))[:MOST_TRENDS]


def _course(scene: Scene) -> str:
    """Of the channels that speak, in the direction in which they do."""
    towards = np.zeros(len(scene.channels))
    for one in deviations(scene):
        towards[scene.channels.index(one.channel)] = math.copysign(1.0, one.z)
    return course_of(scene.window, scene.usual, scene.spread, towards)


def _doubts(scene: Scene, shown: list[int]) -> tuple[Trend, ...]:
    """How uncertain the channels that are shown are at the moment, where a sense says so."""
    doubts = []
    for name in (f"{UNCERTAINTY}{scene.channels[c]}" for c in shown):
        now = _of(scene, name, scene.context)
        if math.isfinite(now):
            doubts.append(Trend(name, (math.nan,) * (PARTS - 1) + (now,)))
    return tuple(doubts)


def _conflicts(scene: Scene) -> tuple[Conflict, ...]:
    """Senses that contradict one another, the strongest first, with the number each goes by."""
    found = [
        Conflict(pair, _says(scene, pair.partition("-")[0]), _says(scene, pair.partition("-")[2]), strength)
        for pair, strength in (
            (name.removeprefix(CONFLICT), float(scene.context[c]))
            for c, name in enumerate(scene.channels) if name.startswith(CONFLICT)
        )
        if strength >= IN_CONFLICT
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda conflict: -conflict.strength))


def _says(scene: Scene, part: str) -> str:
    channel = _GOES_BY.get(part, "")
    value = _of(scene, channel, scene.values)
    return f"{channel.partition('.')[2]} {value:.2f}" if math.isfinite(value) else "says nothing"


def _of(scene: Scene, channel: str, values: Floats) -> float:
    return float(values[scene.channels.index(channel)]) if channel in scene.channels else math.nan


def _seen_share(scene: Scene) -> float:
    if not scene.visual.any():
        return 1.0
    return float(np.isfinite(scene.window[:, scene.visual]).any(axis=1).mean())
