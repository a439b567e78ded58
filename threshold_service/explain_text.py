"""An explanation as text for a terminal: what fired, over which threshold, made of what, against which usual."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from services.vocabulary import Cue, Event, Explanation, Policy, Rules, Seconds, Tier, UnixSeconds

TIERS = {Tier.IMMEDIATE: "1, at once", Tier.URGENT: "2, soon", Tier.MONITOR: "3, keep an eye"}


def show(console: Console, of: Explanation) -> None:
    """Print everything."""
    console.print(f"event {of.event}, revision {of.revision}", highlight=False, markup=False)
    for name, text in _facts(of):
        console.print(f"  {name:<11} {text}", highlight=False, markup=False)
    for table in (_terms(of), _rules(of), _resembles(of), _channels(of), _usual(of)):
        if table is not None:
            console.print()
            console.print(table)
    if of.not_recorded:
        console.print("\nnot recorded", highlight=False)
    for gap in of.not_recorded:
        console.print(f"  - {gap}", highlight=False, markup=False)


def listing(console: Console, found: Sequence[Event]) -> None:
    """Print events, newest first, with the ids to ask for."""
    if not found:
        console.print("no event is in this ledger yet", highlight=False)
        return
    table = _table(f"{len(found)} events, newest first", "id", "opened (UTC)", "resident", "tier", "reason", "times")
    for event in found:
        times = event.score / event.threshold if event.threshold else math.nan
        table.add_row(
            event.id, moment(event.opened_at), event.resident, str(event.tier.value), event.reason.value, number(times)
        )
    console.print(table)
    console.print("next: attune threshold explain ID --plot event.png", highlight=False)


def _facts(of: Explanation) -> list[tuple[str, str]]:
    until = f"over after {span(of.ended_at - of.opened_at)}" if of.ended_at is not None else "still open"
    opened = f"{moment(of.opened_at)} UTC, {until}"
    sample = f"{of.position.agent}, epoch {of.position.epoch[:8]}, sample {of.position.sequence}"
    if of.calibration is not None and of.calibration.at > of.opened_at:
        opened += f", raised to this tier after {span(of.calibration.at - of.opened_at)}"
    facts = [
        ("resident", f"{of.resident} ({of.mode.value})"), ("tier", TIERS[of.tier]), ("opened", opened),
        ("at", sample), ("because", f"{of.reason.value} rule ({of.detector})"),
        ("score", f"{number(of.score)} over a threshold of {number(of.threshold)} ({number(of.times)} times)"),
        ("threshold", _threshold(of)), ("policy", of.policy_version),
    ]  # fmt: skip
    facts += [("", line) for line in _policy(of.policy)]
    volatility = f"{number(of.volatility)}, usually {number(of.usual_volatility)}"
    facts += [("volatility", volatility), ("transitions", f"{number(of.transition_rate)} a minute")]
    facts += [("in view", f"{of.seen_share:.0%} of the {span(of.window_s)} before")]
    facts += [("course", of.course or "not known")]
    heard = [
        f"{cue.name.value} {cue.probability:.2f} at {cue.offset_s - of.window_s:+.0f} s{_sounded(cue)}"
        for cue in of.cues
    ]
    return [*facts, ("heard", ", ".join(heard[-6:]) or "no cue")]


def _sounded(cue: Cue) -> str:
    known = (
        ("loudness {:.0f} dBFS", cue.loudness_dbfs), ("lasting {:.1f} s", cue.duration_s),
        ("uncertainty {:.2f}", cue.uncertainty), ("conflict {:.2f}", cue.conflict),
    )  # fmt: skip
    said = [text.format(number) for text, number in known if number is not None]
    return f" ({', '.join(said)})" if said else ""


def _threshold(of: Explanation) -> str:
    shown = {None: "whether it was provisional is not recorded", True: "provisional", False: "not provisional"}
    said = shown[of.provisional]
    if of.calibration is None:
        return said
    known = of.calibration
    return (
        f"{said}; calibration {known.version} of this person ({known.standing}), from {span(known.watched_s)} in view"
    )


def _policy(policy: Policy | None) -> list[str]:
    if policy is None:
        return ["(what it said is not known here)"]
    budget, timing, fixed = policy.budget, policy.timing, policy.literal
    literal = (
        f"literal rules: composite over {fixed.composite:g}, a channel beyond {fixed.channel:g} spreads or beyond "
    )
    return [
        *([f"{literal}{fixed.sustained:g}"] if policy.rules is Rules.LITERAL else []),
        f"budget {budget.tier1:g}, {budget.tier2:g}, {budget.tier3:g} alerts per resident-week in tiers 1, 2, 3",
        f"sustained {timing.sustained_s:g} s, ends after {timing.quiet_to_end_s:g} s of quiet, cooldown "
        f"{timing.cooldown_s:g} s, blind after {timing.blind_after_s:g} s",
        f"alarm cues {', '.join(policy.alarm_cues)} from {policy.cue_threshold:g}; envelope of tier 1 "
        f"{policy.envelope:g}",
    ]


def _terms(of: Explanation) -> Table | None:
    if not of.terms:
        return None
    table = _table("the composite score", "term", "value", "weight", "contribution", "share")
    whole = of.composite
    for term in of.terms:
        share = f"{term.contribution / whole:.0%}" if whole > 0 else ""
        table.add_row(term.name, number(term.value), f"{term.weight:g}", number(term.contribution), share)
    table.add_row("sum", "", "", number(whole), "")
    return table


def _rules(of: Explanation) -> Table | None:
    if of.calibration is None:
        return None
    headings = ("rule", "tier", "score", "threshold", "rests below", "budget a week", "provisional")
    table = _table("every rule in that second", *headings)
    for one in of.calibration.readings:
        spoke = one.score > one.threshold or one.reason is of.reason
        told = ("yes" if one.provisional else "no") if math.isfinite(one.threshold) else "not in force"
        table.add_row(
            one.reason.value, str(one.tier.value), number(one.score), number(one.threshold), number(one.release),
            f"{one.weekly:g}", told, style="bold" if spoke else "",
        )  # fmt: skip
    return table


def _resembles(of: Explanation) -> Table | None:
    if of.calibration is None or not of.calibration.resembles:
        return None
    table = _table("what the last minutes were like, of simulated episodes", "kind", "log-odds")
    for one in of.calibration.resembles:
        table.add_row(one.kind.replace("_", " "), number(one.log_odds))
    return table


def _channels(of: Explanation) -> Table | None:
    if not of.deviations:
        return None
    table = _table("the channels that spoke", "channel", "value", "usual", "spread", "distance", "contribution")
    for one in of.deviations:
        numbers = (one.value, one.usual, one.spread, one.z, one.contribution)
        table.add_row(one.channel, *map(number, numbers))
    return table


def _usual(of: Explanation) -> Table | None:
    if not of.usual:
        return None
    table = _table(f"what was usual then (from {of.usual_source})", "channel", "usual", "spread")
    for one in of.usual:
        table.add_row(one.channel, number(one.level), number(one.spread))
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", highlight=False)
    words = ("id", "opened (UTC)", "resident", "reason", "term", "rule", "kind", "channel", "provisional")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in words else "right", no_wrap=heading == "id")
    return table


def number(value: float) -> str:
    """Three digits that count; a dash where there is no number.

    >>> number(0.12345), number(float("nan"))
    ('0.123', '-')
    """
    return f"{value:.3g}" if math.isfinite(value) else "-"


def moment(at: UnixSeconds) -> str:
    """
    >>> moment(0.0)
    '1970-01-01 00:00:00'
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def span(seconds: Seconds) -> str:
    """
    >>> span(90.0), span(7200.0), span(400_000.0)
    ('90 s', '2 h', '4.6 days')
    """
    if seconds < 600:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.3g} h" if seconds < 172_800 else f"{seconds / 86_400:.2g} days"
