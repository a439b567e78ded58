"""What is told of a groan or a moan: with consent what sound and face say together, without it that it is open."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edge_agent.preprocess.fusion import Opinion
from edge_agent.preprocess.vocalisation import Kind, Weighed, weighed
from edge_agent.sensing.expression import AFFECT, OWN_VARIANCE, Origin
from services.vocabulary import Cue, CueName, Mode

LEAST_PROBABILITY = 0.2
"""Cues under this are not sent (source: guess; the policy's alarm threshold is higher)."""
HEARD_AS = (CueName.GROAN, CueName.MOAN)
"""What the ear model calls such a sound. Its moan is AudioSet's "wail, moan", which may well be one of pain."""
_DISTRESS = (CueName.GROAN, CueName.WHIMPER, CueName.CRY, CueName.SCREAM)
_PLEASURE = (CueName.MOAN, CueName.LAUGHTER)
_OPEN = CueName.VOCALISATION_UNRESOLVED


def resolved(cues: Sequence[Cue], values: Mapping[str, float], mode: Mode) -> tuple[Cue, ...]:
    """A second's cues, where it may be told with the groan or moan named for what it was.

    In observables mode nothing is changed. In affect mode the vocalisation becomes a groan (of distress) or a moan (of
    pleasure), or stays unresolved, each with its uncertainty and conflict. No other cue is touched, and a groan is
    never told with a smaller probability than it was heard with: a face may add distress, never take it away.
    """
    by_name = {cue.name: cue for cue in cues}
    if mode is not Mode.AFFECT or _OPEN not in by_name:
        return tuple(cues)
    made = _named(by_name[_OPEN], by_name, weighed(_most(by_name, _DISTRESS), _most(by_name, _PLEASURE), _face(values)))
    return tuple(made.get(cue.name, cue) for cue in cues)


def leaving(cues: Sequence[Cue], mode: Mode) -> tuple[Cue, ...]:
    """The cues that leave the agent: those that are probable enough. In observables mode a groan and a moan are one,
    unresolved vocalisation, for without a valence nobody can tell them apart."""
    hidden = HEARD_AS if mode is Mode.OBSERVABLES else ()
    return tuple(cue for cue in cues if cue.probability >= LEAST_PROBABILITY and cue.name not in hidden)


def _named(heard: Cue, by_name: Mapping[CueName, Cue], what: Weighed) -> dict[CueName, Cue]:
    groan = by_name[CueName.GROAN].probability if CueName.GROAN in by_name else 0.0
    told = {CueName.GROAN: groan, CueName.MOAN: 0.0, _OPEN: 0.0}
    if what.kind is Kind.DISTRESS:
        told[CueName.GROAN] = max(groan, heard.probability * what.distress)
    elif what.kind is Kind.PLEASURE:
        told[CueName.MOAN] = heard.probability * (1.0 - what.distress)
    else:
        told[_OPEN] = heard.probability
    sure = replace(heard, uncertainty=what.uncertainty, conflict=what.conflict)
    return {name: replace(sure, name=name, probability=probability) for name, probability in told.items()}


def _most(by_name: Mapping[CueName, Cue], names: Sequence[CueName]) -> float:
    return max((by_name[name].probability for name in names if name in by_name), default=0.0)


def _face(values: Mapping[str, float]) -> tuple[Opinion, Opinion] | None:
    """Valence and arousal as the expression sense tells them; where it looked once, with the variance of the worse of
    its kinds."""
    told = [values.get(name, math.nan) for name in AFFECT]
    if not all(map(math.isfinite, told)):
        return None
    unsure = max(OWN_VARIANCE[origin] for origin in Origin)
    first, second = (Opinion(told[k], values.get(f"uncertainty.{AFFECT[k]}", unsure)) for k in (0, 1))
    return first, second
