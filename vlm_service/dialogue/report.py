"""Writes the EVENT REPORT: what a model is told about one event."""

import math
import re

from services.vocabulary import COURSES, Conflict, Cue, CueName, Deviation, Event, Evidence, Mode, Trend
from services.vocabulary.time import Seconds
from vlm_service.dialogue.context import note_text
from vlm_service.dialogue.lines import quoted
from vlm_service.dialogue.lint import emotion_words
from vlm_service.dialogue.names import channel_label, conflict_name, evidence_names, may_speak_of
from vlm_service.dialogue.numbers import NOT_SEEN, duration, level, percent, sigma
from vlm_service.dialogue.profile import profile_text

TITLE = "EVENT REPORT:"
CLOSING = "Assess the situation and recommend action."
MOST_CHANNELS = 8
"""Channels per line (source: guess; the strongest first, so that the report stays short enough to reason over)."""
SEEN_WELL = 0.8
"""Share of the window below which the report says how little was seen (source: guess)."""
_UNCERTAIN = "uncertainty."
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_SENSED = re.compile(r"[A-Za-z][A-Za-z -]{0,23}(?: -?\d+(?:\.\d+)?)?")


def event_report(event: Event, note: str = "") -> str:
    """The user's message about `event`, one line per kind of evidence, and one for a `note` that staff made.

    In observables mode it holds observable channels only, and text of outside that names an emotion is withheld.
    """
    evidence = event.evidence
    lines = [
        TITLE,
        f"Subject: {data(event.resident, evidence.mode)}, {profile_text(event)}",
        *([f"Note by staff: {note_text(note, evidence.mode)}"] if note.strip() else []),
        f"Current window: last {duration(evidence.window_s)}: {_trends(event)}{_course(evidence)}",
        f"Baseline deviation: {_deviations(event)}",
        f"Volatility index: {_beside(evidence.volatility, evidence.usual_volatility)}",
        f"Audio: {_cues(evidence)}",
        f"Motion: erratic ratio {_beside(evidence.erratic_motion, evidence.usual_erratic_motion)}",
        f"Environment: {_environment(evidence)}",
        f"Prior 24h: {prior_text(evidence)}",
    ]
    if doubts := _doubts(evidence):
        lines.append(f"Uncertainty and conflict: {doubts}")
    lines.append(f"Names of the evidence: {', '.join(evidence_names(event))}")
    return "\n".join([*lines, CLOSING])


def data(text: str, mode: Mode) -> str:
    """Text of outside (a resident's id, a place) in quotes; in observables mode withheld if it names an emotion."""
    if mode is Mode.OBSERVABLES and emotion_words(text):
        return quoted("withheld")
    return quoted(text)


def strongest(event: Event) -> list[Deviation]:
    """The deviations that may be spoken of, by contribution and then size, strongest first."""
    spoken = [d for d in event.deviations if math.isfinite(d.z) and may_speak_of(d.channel, event.evidence.mode)]
    return sorted(spoken, key=lambda d: (-_size(d.contribution), -abs(d.z), d.channel))


def prior_text(evidence: Evidence) -> str:
    """How many episodes there were in the 24 hours before."""
    prior = evidence.prior
    if not (prior.tier1 or prior.tier2 or prior.tier3):
        return "no episodes"
    return f"{prior.tier1} tier-1, {prior.tier2} tier-2, {prior.tier3} tier-3 episodes"


def time_text(evidence: Evidence) -> str:
    """The time of day, where it is one: anything else would stand in a report without quotes."""
    return evidence.time_of_day if _CLOCK.fullmatch(evidence.time_of_day) else "time of day not known"


def spoken_conflicts(evidence: Evidence) -> list[Conflict]:
    """Conflicts compare what senses make of an emotion: they exist in affect mode only."""
    return [c for c in evidence.conflicts if may_speak_of(conflict_name(c.pair), evidence.mode)]


def conflict_text(conflict: Conflict) -> str:
    """
    >>> conflict_text(Conflict("voice-face", "distressed 0.81", "neutral 0.74", 0.7))
    'voice distressed 0.81, face neutral 0.74: conflicting'
    """
    first, _, second = conflict.pair.partition("-")
    said = f"{first} {_bare(conflict.first)}, {second or 'other sense'} {_bare(conflict.second)}"
    return f"{said}: conflicting"


def _bare(text: str) -> str:
    """What a sense says, "neutral 0.74"; anything else in quotes."""
    return text if _SENSED.fullmatch(text) else quoted(text, 40)


def _size(value: float) -> float:
    return abs(value) if math.isfinite(value) else 0.0


def _course(evidence: Evidence) -> str:
    return f"; course: {evidence.course}" if evidence.course in COURSES else ""


def _trends(event: Event) -> str:
    mode = event.evidence.mode
    rank = {d.channel: place for place, d in enumerate(strongest(event))}
    seen = [
        trend
        for trend in event.evidence.trends
        if may_speak_of(trend.channel, mode)
        and not trend.channel.startswith(_UNCERTAIN)
        and any(math.isfinite(value) for value in trend.values)
    ]
    ordered = sorted(seen, key=lambda t: rank.get(t.channel, len(rank)))[:MOST_CHANNELS]
    return ", ".join(_trend(trend) for trend in ordered) or NOT_SEEN


def _trend(trend: Trend) -> str:
    return f"{channel_label(trend.channel)} {' -> '.join(level(v, trend.channel) for v in trend.values)}"


def _deviations(event: Event) -> str:
    shown = strongest(event)[:MOST_CHANNELS]
    return ", ".join(f"{channel_label(d.channel)} {sigma(d.z)}" for d in shown) or "not known"


def _beside(value: float, usual: float) -> str:
    known = level(usual) if math.isfinite(usual) else "not known"
    return f"{level(value)} (baseline {known})"


def _cues(evidence: Evidence) -> str:
    ordered = sorted(evidence.cues, key=lambda cue: (cue.offset_s, cue.name.value))
    heard = [f"{_sensed(cue.name)} {level(cue.probability)}{_at(cue.offset_s)}{_sounded(cue)}" for cue in ordered]
    return ", ".join(heard[: 2 * MOST_CHANNELS]) or "no events"


def _sensed(name: CueName) -> str:
    return "fall seen" if name is CueName.FALL else name.value.replace("_", " ")


def _sounded(cue: Cue) -> str:
    """How loud a vocalisation was and how long it lasted, as far as it was measured."""
    loud, lasted = cue.loudness_dbfs, cue.duration_s
    said = [level(loud, "audio.loudness")] if loud is not None and math.isfinite(loud) else []
    said += [f"lasting {lasted:.1f}s"] if lasted is not None and math.isfinite(lasted) else []
    said += ["not clear whose: several residents share the picture"] if cue.unattributed else []
    return f" ({', '.join(said)})" if said else ""


def _at(offset: Seconds) -> str:
    return f" at +{max(0.0, offset):.0f}s" if math.isfinite(offset) else ""


def _environment(evidence: Evidence) -> str:
    place = data(evidence.place, evidence.mode) if evidence.place else "place not known"
    return f"{place}, {time_text(evidence)}"


def _doubts(evidence: Evidence) -> str:
    doubts = [conflict_text(conflict) for conflict in spoken_conflicts(evidence)]
    doubts += [text for trend in evidence.trends if (text := _uncertainty(trend, evidence.mode))]
    doubts += _derived(evidence)
    if not math.isfinite(evidence.seen_share):
        doubts.append("how much of the window was seen is not known")
    elif evidence.seen_share < SEEN_WELL:
        doubts.append(f"face or body seen {percent(evidence.seen_share)} of the window")
    return "; ".join(doubts)


def _derived(evidence: Evidence) -> list[str]:
    """Which numbers nobody measured."""
    said = [one for one in evidence.derived if may_speak_of(one.channel, evidence.mode)]
    return [f"{channel_label(one.channel)} derived, not measured (variance from {level(one.variance)})" for one in said]


def _uncertainty(trend: Trend, mode: Mode) -> str:
    measured = [value for value in trend.values if math.isfinite(value)]
    if not (trend.channel.startswith(_UNCERTAIN) and measured and may_speak_of(trend.channel, mode)):
        return ""
    return f"variance of {channel_label(trend.channel.removeprefix(_UNCERTAIN))} {level(measured[-1])}"
