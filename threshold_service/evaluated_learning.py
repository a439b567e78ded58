"""`python -m threshold_service.evaluated_learning`: teaches the log-odds of an episode on simulated facilities."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from services.evaluation.bootstrap import Interval
from services.evaluation.figures import Judged, Observed, false_per_day, judge
from services.evaluation.nouns import Label
from services.evaluation.recording import show
from services.evaluation.report import Detector
from services.evaluation.simulated import SimulatedRecording
from services.runtime.batch import Batch
from services.simulator.episodes import Kind
from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from services.vocabulary import Policy
from threshold_service import learned
from threshold_service.evaluated_engine import EngineWatcher
from threshold_service.statistics import episode_odds
from threshold_service.statistics.episode_odds import BIN_S
from threshold_service.wave import Judged as Told

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KINDS = tuple(kind.value for kind in Kind)
WITHOUT = "without the learned opinion"
SKIPPED = 6 * 3600 // BIN_S
"""Bins at the beginning that teach nothing: what is usual is still being learned."""
LIVELY = 0.97
"""Share of ordinary bins that are calmer than the liveliest, of which as many are drawn as of all others twice."""
DRAWN, PER_EPISODE = 1500, 60
_EARLY = 0.3
"""From this share of the prodrome on an episode may be recognised (source: measured, 0.15 to 0.5 differ little)."""
_AFTER = 60 // BIN_S
_REGULAR = 0.003
"""Inverse strength of the ridge (source: measured on persons that were not taught: 0.003 to 0.03 differ by 0.01)."""
_TELLING = 1e-3
_ROUNDS = 500


class Seen(NamedTuple):
    """Of every resident the inputs (bins, episode_odds.INPUTS) of every BIN_S seconds, and what was true."""

    inputs: list[Floats]
    observed: Observed


class Listening:
    """Hears what the engine judged and keeps what the log-odds are made of. Seconds come in order, everybody's at
    once, whole bins at a time."""

    def __init__(self, channels: tuple[str, ...], residents: int) -> None:
        self._state = episode_odds.fresh(residents, len(channels))
        self._of = episode_odds.untaught(len(channels))._replace(signs=episode_odds.signs(channels))
        self._rows = np.arange(residents)
        self._kept: list[Floats] = []

    def hear(self, samples: Batch, judged: Told) -> None:
        """All residents, second after second."""
        n, c = len(self._rows), samples.values.shape[1]
        z = np.asarray((samples.values - judged.usual) / judged.spread, np.float64).reshape(-1, BIN_S, n, c)
        there = np.isfinite(z)
        near = np.minimum(np.maximum(np.where(there, z, 0.0), -episode_odds.FARTHEST), episode_odds.FARTHEST)
        loud = np.zeros(len(samples))
        for place, cue in samples.cues:
            if Policy().alarms(cue.name) and cue.probability >= Policy().cue_threshold:
                loud[place] = max(loud[place], cue.probability)
        sums, seen = near.sum(axis=1), there.sum(axis=1)
        company = (samples.persons.reshape(-1, BIN_S, n) > 1).sum(axis=1)
        heard = loud.reshape(-1, BIN_S, n).sum(axis=1)
        none, state = np.zeros(n, np.int64), self._state
        for place in range(len(sums)):
            state.sums[:, 0], state.sums[:, 1] = sums[place], seen[place]
            state.about[:] = np.stack([np.full(n, float(BIN_S)), company[place], heard[place]], axis=1)
            episode_odds.close(state, self._of, self._rows, none)
            self._kept.append(episode_odds.inputs(state.levels, state.company, state.cue))

    def kept(self) -> list[Floats]:
        """The inputs of everything heard so far, by resident."""
        whole = np.stack(self._kept)
        return [whole[:, resident] for resident in range(whole.shape[1])]


def watch(facility: Facility, progress: Progress) -> Seen:
    """What the log-odds would be made of in a whole facility."""
    recording = SimulatedRecording(facility)
    listening = Listening(recording.channels, facility.residents)
    watcher = EngineWatcher(recording.channels, recording.seats(), Policy(), listening.hear)
    task = progress.add_task(f"seed {facility.seed}", total=facility.residents * facility.days)
    tried = show(recording, [watcher], lambda done: progress.advance(task, done))
    return Seen(listening.kept(), tried.observed)


def truth(labels: Sequence[Label], resident: int, bins: int) -> tuple[Ints, Ints]:
    """What was going on in each bin, (bins,): 0 ordinary life, k the k-th of KINDS, -1 neither; and which label's bin
    it is, -1 for none. Only episodes that could be observed teach."""
    kinds, whose = np.zeros(bins, np.int64), np.full(bins, -1)
    for place, label in enumerate(labels):
        if label.resident != resident:
            continue
        kinds[max(int(label.prodrome_s) // BIN_S - 2, 0) : int(label.end_s) // BIN_S + _AFTER] = -1
        begin = label.prodrome_s + _EARLY * (label.onset_s - label.prodrome_s)
        if label.observable:
            there = slice(int(begin) // BIN_S, int(2 * label.peak_s - label.onset_s) // BIN_S + 1)
            kinds[there], whose[there] = 1 + KINDS.index(label.kind), place
    kinds[:SKIPPED] = -1
    return kinds, whose


def lesson(seen: Sequence[Seen], rng: np.random.Generator) -> tuple[Floats, Ints, Floats]:
    """Rows, kinds and weights of bins that teach: of everybody's ordinary life as many lively bins as calm ones twice,
    weighted back to their share, and of every episode the same weight."""
    rows: list[Floats] = []
    kinds: list[Ints] = []
    weights: list[Floats] = []

    def add(inputs: Floats, chosen: Ints, kind: Ints, weight: float) -> None:
        rows.append(inputs[chosen])
        kinds.append(kind[chosen])
        weights.append(np.full(len(chosen), weight))

    for one in seen:
        for resident, inputs in enumerate(one.inputs):
            kind, whose = truth(one.observed.labels, resident, len(inputs))
            ordinary = np.flatnonzero(kind == 0)
            lively = np.square(inputs[ordinary, : episode_odds.LEVELS]).sum(axis=1)
            often = lively > np.quantile(lively, LIVELY)
            for part, many in ((ordinary[~often], DRAWN), (ordinary[often], 2 * DRAWN)):
                drawn = rng.choice(part, min(many, len(part)), replace=False)
                add(inputs, drawn, kind, len(part) / len(drawn))
            for label in np.unique(whose[kind > 0]):
                mine = np.flatnonzero((whose == label) & (kind > 0))
                mine = mine[:: max(1, len(mine) // PER_EPISODE)]
                add(inputs, mine, kind, 1.0 / len(mine))
    made, of, weight = np.concatenate(rows), np.concatenate(kinds), np.concatenate(weights)
    episodes = of > 0
    weight[episodes] /= weight[episodes].mean()
    weight[~episodes] /= weight[~episodes].mean()
    return made, of, weight


def teach(seen: Sequence[Seen], seed: int) -> dict[str, object]:
    """Weights and bias of a multinomial logistic regression (ridge), shifted so that ordinary life lies above 0 in all
    but a hundredth of its bins."""
    from sklearn.linear_model import LogisticRegression

    rows, kinds, weight = lesson(seen, np.random.default_rng(seed))
    spread = rows.std(axis=0) + _TELLING
    fitted = LogisticRegression(C=_REGULAR, max_iter=300).fit(rows / spread, kinds, sample_weight=weight)
    table = np.zeros((len(KINDS), rows.shape[1]))
    bias = np.full(len(KINDS), -np.inf)
    for place, kind in enumerate(fitted.classes_.tolist()):
        if kind > 0:
            table[kind - 1] = (fitted.coef_[place] - fitted.coef_[0]) / spread
            bias[kind - 1] = fitted.intercept_[place] - fitted.intercept_[0]
    there = np.isfinite(bias)
    table, bias = table[there], bias[there]
    odds = [
        (inputs[truth(one.observed.labels, resident, len(inputs))[0] == 0] @ table.T + bias).max(axis=1)
        for one in seen for resident, inputs in enumerate(one.inputs)
    ]  # fmt: skip
    bias -= np.quantile(np.concatenate(odds), 0.01)
    return {
        "kinds": [kind for kind, known in zip(KINDS, there.tolist(), strict=True) if known],
        "weights": np.round(table, 5).tolist(), "bias": np.round(bias, 5).tolist(),
    }  # fmt: skip


def deaf(policy: Policy) -> Policy:
    """The same deployment without the learned opinion."""
    weights = tuple((term, 0.0 if term == "escalation" else weight) for term, weight in policy.weights)
    return replace(policy, weights=weights)


def told(engine: Detector, without: Detector, observed: Observed) -> str:
    """How much the learned opinion helps on the recording at hand: the engine with and without it, both at thresholds
    of their own for the same budget."""
    tried = [judge(one.alarms, observed) for one in (engine, without)]
    there = tried[0].episodes(lambda label, _: label.observable)
    if not there.sum():
        return "The learned opinion: no episode could be observed here, there is nothing to measure it on"
    found = [np.stack([_found(one), there], axis=1) for one in tried]
    recalls = [float(one[:, 0].sum() / there.sum()) for one in found]
    rates = [false_per_day(one).value for one in tried]
    gain = lift(found[1], found[0])
    interval = f" ({gain.low:+.2f} to {gain.high:+.2f})" if len(there) > 1 else ", of one person without an interval"
    return (
        f"The learned opinion, measured here: recall with it {recalls[0]:.2f} at {rates[0]:.2f} false alarms per "
        f"resident-day, without it {recalls[1]:.2f} at {rates[1]:.2f}; lift {gain.value:+.2f}{interval}"
    )


def lift(without: Floats, with_it: Floats) -> Interval:
    """Difference of recall with its interval over persons; (residents, 2) each: episodes found, and observable ones."""
    rng, n = np.random.default_rng(5), len(without)
    drawn = rng.integers(0, n, (_ROUNDS, n))
    there = np.maximum(without[drawn, 1].sum(axis=1), 1.0)
    differences = (with_it[drawn, 0] - without[drawn, 0]).sum(axis=1) / there
    low, high = np.quantile(differences, [0.025, 0.975])
    whole = (with_it[:, 0] - without[:, 0]).sum() / max(without[:, 1].sum(), 1.0)
    return Interval(float(whole), float(low), float(high))


def _found(judged: Judged) -> Floats:
    return judged.episodes(lambda label, alarm: label.observable and alarm >= 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the process."""
    parser = argparse.ArgumentParser("python -m threshold_service.evaluated_learning", description=__doc__)
    parser.add_argument("--residents", type=int, default=10)
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(20, 30)), help="0 to 99 are for tuning")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / learned.SHIPPED)
    asked = parser.parse_args(arguments)
    if max(asked.seeds) > 99:
        parser.error(f"seed {max(asked.seeds)} is for judging: expected seeds from 0 to 99")
    busy = Parameters(excitement=replace(Excitement(), per_day=2.0))
    with Progress(console=Console(stderr=True)) as progress:
        seen = [watch(Facility(seed, asked.residents, asked.days, busy), progress) for seed in asked.seeds]
    episodes = sum(label.observable for one in seen for label in one.observed.labels)
    about = (
        f"{asked.residents} simulated residents, {asked.days} days, seeds {min(asked.seeds)} to {max(asked.seeds)}, "
        f"{Excitement.__name__.lower()} of {busy.excitement.per_day:g} a day, {episodes} observable episodes"
    )
    asked.out.write_text(json.dumps({"learned_from": about, **teach(seen, asked.seeds[0])}) + "\n")
    Console().print(f"learned from {about}: written to {asked.out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
