"""What a deployment has decided: budgets first, thresholds from them, each with its source."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from services.vocabulary.time import Seconds


@dataclass(frozen=True, slots=True)
class Budget:
    """Alerts per resident-week each tier may raise on ordinary days (source: guess, see DETECTORS anchors)."""

    tier1: float = 1.4
    tier2: float = 5.6
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
class Policy:
    """One deployment's decisions. `weights` are those of the composite score's terms; `name` is for people."""

    name: str = "shipped"
    budget: Budget = field(default_factory=Budget)
    timing: Timing = field(default_factory=Timing)
    weights: tuple[tuple[str, float], ...] = (
        ("deviation", 0.40), ("volatility", 0.10), ("transition", 0.05), ("audio", 0.20), ("motion", 0.25),
    )  # fmt: skip
    cue_threshold: float = 0.5
    envelope: float = 1.5
    """Most that calibration raises a tier-1 threshold over the one a person approved, in distances from the resident's
    typical peak; beyond it is a proposal (source: guess)."""
    alarm_cues: tuple[str, ...] = ("scream", "cry", "fall_noise", "glass")

    @property
    def version(self) -> str:
        """Name and digest of the contents: two policies with one version are equal.

        >>> Policy().version == Policy().version
        True
        """
        text = json.dumps(asdict(self), sort_keys=True)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"
