"""Whether a version that is heard must be taken back: pure; one sequential test for each thing that can go wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.evaluation.sequential import e_value
from services.vocabulary import AdapterAnswer
from vlm_service.adapters.policy import Live

FAILED = frozenset({"server_error", "adapter_not_loaded", "adapter_away", "refused"})
"""Reasons for no answer that may be the adapter's."""
INVALID = frozenset({"invalid_answer", "no_verdict", "looped", "forbidden_word"})
LATE = "timeout"
OURS = FAILED | INVALID | {LATE, "verdict"}
"""Outcomes that tell anything about an adapter; others (no server, overloaded, over) do not count."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing that can go wrong: `hits` of `n` answers, against the share that is allowed. `evidence` is the
    e-value: at `limit` (1/alpha) the version is taken back."""

    what: str
    hits: int
    n: int
    allowed: float
    evidence: float
    limit: float

    @property
    def too_often(self) -> bool:
        """Whether it happened too often, with at most the policy's alpha of being wrong about that, ever."""
        return self.evidence >= self.limit

    def __str__(self) -> str:
        return (f"{self.what} {self.hits} of {self.n} times, allowed {self.allowed:.0%} (evidence {self.evidence:.3g}, "
                f"limit {self.limit:.3g})")  # fmt: skip


def watched(answers: Sequence[AdapterAnswer], live: Live) -> list[Watched]:
    """What one version's answers say, oldest first; the policy's alpha is shared by the four tests."""
    counted = [one for one in answers if one.outcome in OURS]
    both = [one for one in counted if one.tier and one.beside_tier]
    tests: tuple[tuple[str, Sequence[AdapterAnswer], float, Callable[[AdapterAnswer], bool]], ...] = (
        ("failed", counted, live.failed, lambda one: one.outcome in FAILED),
        ("answered invalidly", counted, live.invalid, lambda one: one.outcome in INVALID),
        ("was late", counted, live.late, lambda one: one.outcome == LATE or one.latency_s > live.late_s),
        ("disagreed", both, live.disagreed, lambda one: one.tier != one.beside_tier),
    )
    limit = len(tests) / live.alpha
    made = []
    for what, among, allowed, hit in tests:
        hits = sum(map(hit, among))
        made.append(Watched(what, hits, len(among), allowed, e_value(hits, len(among), allowed), limit))
    return made
