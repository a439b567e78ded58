"""What a deployment has decided: budgets first, thresholds from them, each with its source."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from services.vocabulary.cue import AMBIGUOUS, CueName
from services.vocabulary.time import Seconds


class Rules(StrEnum):
    """Which rules judge. `LITERAL` is for comparison only: fixed sigmas alarm every few seconds on real scores."""

    BUDGET = "budget"
    LITERAL = "literal"


@dataclass(frozen=True, slots=True)
class Budget:
    """Alerts per resident-week each tier may raise on ordinary days (source: guess, see DETECTORS anchors)."""

    tier1: float = 1.4
    tier2: float = 4.9
    tier3: float = 50.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of judgement and telling. Source of each: guess, to be tuned by evaluation."""

    sustained_s: Seconds = 20.0
    quiet_to_end_s: Seconds = 60.0
    cooldown_s: Seconds = 300.0
    tier2_wait_s: Seconds = 20.0
    tier1_late_s: Seconds = 900.0
    tier2_late_s: Seconds = 3600.0
    blind_after_s: Seconds = 30.0
    restart_gap_s: Seconds = 300.0


@dataclass(frozen=True, slots=True)
class Literal:
    """Thresholds of the literal rules, as their text says them: the composite score (a guess: the text names none;
    twice a usual peak), and distances from the usual in spreads; how long the smaller one has to last is
    `Timing.sustained_s`."""

    composite: float = 2.0
    channel: float = 3.0
    sustained: float = 2.0


@dataclass(frozen=True, slots=True)
class Own:
    """What holds for one resident alone; of `timing` only `OWN_TIMING` may differ from the deployment's."""

    resident: str
    budget: Budget
    timing: Timing
    cue_threshold: float
    alarm_cues: tuple[str, ...]
    sleeping: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


OWN_TIMING = ("quiet_to_end_s", "cooldown_s", "blind_after_s")
"""Durations a resident may have of their own; the others belong to the stream or to telling."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One deployment's decisions. `weights` are those of the composite score's terms; `name` is for people."""

    name: str = "shipped"
    budget: Budget = field(default_factory=Budget)
    timing: Timing = field(default_factory=Timing)
    weights: tuple[tuple[str, float], ...] = (
        ("deviation", 0.40), ("volatility", 0.10), ("transition", 0.05), ("audio", 0.20), ("motion", 0.25),
        ("escalation", 0.05),
    )  # fmt: skip
    cue_threshold: float = 0.5
    envelope: float = 1.5
    """Most that calibration raises a tier-1 threshold over the one a person approved, in distances from the resident's
    typical peak; beyond it is a proposal (source: guess)."""
    alarm_cues: tuple[str, ...] = ("scream", "cry", "fall_noise", "glass", "fall")
    quality_floor: float = 0.2
    """A sense that says of itself that it could see or hear less than this share of a second counts as absent in it
    (source: guess)."""
    sleeping: tuple[str, ...] = ()
    """Local hours such as 21:30-06:30 in which being stiller and quieter than usual opens no event; whatever is more
    than usual does, and every cue."""
    private: tuple[str, ...] = ()
    """Local hours, such as those of personal care, in which nothing that is seen is judged, learned or kept (posture
    for falls excepted) and a camera without a picture is no news; sound is heard as ever."""
    rules: Rules = Rules.BUDGET
    literal: Literal = field(default_factory=Literal)
    residents: tuple[Own, ...] = ()
    approved_by: str = ""
    """Who answers for a policy that makes tier 1 speak less often than the one before; needed only then."""

    def of(self, resident: str) -> "Policy":
        """The policy of one resident, with what holds for them alone.

        >>> own = Own("r1", Budget(tier1=0.7), Timing(), 0.9, ("scream",))
        >>> Policy(residents=(own,)).of("r1").budget.tier1, Policy(residents=(own,)).of("r2").budget.tier1
        (0.7, 1.4)
        """
        for own in self.residents:
            if own.resident == resident:
                return replace(
                    self, budget=own.budget, timing=own.timing, cue_threshold=own.cue_threshold,
                    alarm_cues=own.alarm_cues, sleeping=own.sleeping, private=own.private,
                )  # fmt: skip
        return self

    def weekly(self, residents: Collection[str]) -> Budget:
        """Alerts a resident and week, the mean over these residents.

        >>> own = Own("r1", Budget(tier1=0.4), Timing(), 0.9, ())
        >>> round(Policy(residents=(own,)).weekly(["r1", "r2"]).tier1, 2)
        0.9
        """
        of = [self.of(one).budget for one in residents] or [self.budget]
        return Budget(*(sum(getattr(one, tier) for one in of) / len(of) for tier in Budget.__slots__))

    def alarms(self, cue: CueName) -> bool:
        """Whether a cue alone alarms. Where a policy names a groan or a moan, one that was left unresolved alarms too,
        and so does a groan: what a face or a missing consent makes of such a sound silences no policy.

        >>> Policy(alarm_cues=("moan",)).alarms(CueName.VOCALISATION_UNRESOLVED), Policy().alarms(CueName.GROAN)
        (True, False)
        """
        if cue.value in self.alarm_cues:
            return True
        return cue in AMBIGUOUS and cue is not CueName.MOAN and any(one.value in self.alarm_cues for one in AMBIGUOUS)

    @property
    def version(self) -> str:
        """Name and digest of the contents: two policies with one version judge alike.

        >>> Policy().version == Policy(approved_by="Dr Lang").version
        True
        """
        said = asdict(self)
        del said["approved_by"]
        text = json.dumps(said, sort_keys=True)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def relaxed(before: Policy, after: Policy) -> tuple[str, ...]:
    """In which ways `after` makes tier 1 speak less often than `before` did, for anybody; empty: in none.

    >>> relaxed(Policy(), Policy(alarm_cues=("scream",)))
    ('alarm_cues without cry, fall_noise, glass, fall',)
    """
    ways = _relaxed_for(before, after)
    own = {one.resident for one in (*before.residents, *after.residents)}
    for resident in sorted(own):
        ways += [f"{way} of resident {resident}" for way in _relaxed_for(before.of(resident), after.of(resident))
                 if way not in ways]  # fmt: skip
    return tuple(ways)


def _relaxed_for(before: Policy, after: Policy) -> list[str]:
    ways = []
    smaller = {
        "budget.tier1": (before.budget.tier1, after.budget.tier1),
        **{f"weights.{name}": (weight, dict(after.weights).get(name, 0.0)) for name, weight in before.weights},
    }
    larger = {
        "cue_threshold": (before.cue_threshold, after.cue_threshold),
        "envelope": (before.envelope, after.envelope),
        "quality_floor": (before.quality_floor, after.quality_floor),
        "timing.cooldown_s": (before.timing.cooldown_s, after.timing.cooldown_s),
        "timing.quiet_to_end_s": (before.timing.quiet_to_end_s, after.timing.quiet_to_end_s),
    }
    if before.rules is after.rules is Rules.LITERAL:
        larger["literal.composite"] = (before.literal.composite, after.literal.composite)
        larger["literal.channel"] = (before.literal.channel, after.literal.channel)
    ways += [f"{name} from {old:g} to {new:g}" for name, (old, new) in smaller.items() if new < old]
    ways += [f"{name} from {old:g} to {new:g}" for name, (old, new) in larger.items() if new > old]
    if gone := [cue for cue in before.alarm_cues if cue not in after.alarm_cues]:
        ways.append(f"alarm_cues without {', '.join(gone)}")
    for name, then, now in (("sleeping", before.sleeping, after.sleeping), ("private", before.private, after.private)):
        if added := [span for span in now if span not in then]:
            ways.append(f"{name} hours {', '.join(added)}")
    if before.rules is not after.rules:
        ways.append(f"rules from {before.rules} to {after.rules}")
    return ways
