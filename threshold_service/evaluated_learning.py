"""`python -m threshold_service.evaluated_learning`: teaches the learned opinion, and asks if it helps with others."""

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
from services.evaluation.figures import Judged, Observed, judge
from services.evaluation.nouns import Label
from services.evaluation.recording import DayBlock, show
from services.evaluation.simulated import SimulatedRecording
from services.evaluation.traces import Trace, binned, own_thresholds
from services.runtime.batch import Batch
from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from services.vocabulary import Policy
from threshold_service.engine import Engine
from threshold_service.evaluated_engine import CHUNK_S, EPOCH, batch
from threshold_service.judgement.learned import TIMES_S, Forest, grouped, probability, read, write

Floats = NDArray[np.float64]
TREES, LEAVES, EVERY_S = 24, 48, 5
WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0)
RATES = (0.5, 1.0, 2.0)
"""False alarms per resident-day at which recall is compared; the mean over them decides."""
_ROUNDS = 500
SHIPPED = Path(__file__).parent / "judgement" / "learned.json"


class Seen(NamedTuple):
    """Of every resident: `features` (bins, f) and the engine's `score` (bins,), every EVERY_S seconds."""

    features: list[Floats]
    score: list[Floats]
    observed: Observed


class _Features:
    """Watches the engine and keeps what the forest would look at."""

    def __init__(self, recording: SimulatedRecording) -> None:
        self._engine = Engine(recording.channels, recording.seats(), Policy(), "evaluation", EPOCH)
        residents = len(recording.seats())
        self.features: list[list[Floats]] = [[] for _ in range(residents)]
        self.score: list[list[Floats]] = [[] for _ in range(residents)]

    def watch(self, block: DayBlock) -> None:
        """One day of every resident."""
        from scipy.signal import lfilter

        parts = [self._look(batch(block, begin, begin + CHUNK_S), block.values.shape[1])
                 for begin in range(0, len(block.values), CHUNK_S)]  # fmt: skip
        inputs, score = (np.concatenate(part) for part in zip(*parts, strict=True))
        for resident in range(score.shape[1]):
            levels = [lfilter([1 / t], [1.0, 1 / t - 1.0], inputs[:, resident], axis=0)[::EVERY_S] for t in TIMES_S]
            self.features[resident].append(np.concatenate(levels, axis=1))
            self.score[resident].append(score[::EVERY_S, resident])

    def _look(self, samples: Batch, residents: int) -> tuple[Floats, Floats]:
        """(seconds, residents, inputs) and the composite (seconds, residents)."""
        judged = self._engine.judge(samples)
        distances = (samples.values - judged.usual) / judged.spread
        inputs = grouped(self._engine.channels, np.asarray(distances, np.float64))
        score = np.nan_to_num(judged.score, nan=0.0, posinf=0.0).reshape(-1, residents)
        return inputs.reshape(len(score), residents, -1), score


def watch(facility: Facility, name: str, console: Console) -> Seen:
    """What the forest would look at in a whole facility."""
    recording = SimulatedRecording(facility)
    watcher = _Features(recording)
    with Progress(console=console) as progress:
        task = progress.add_task(name, total=facility.residents * facility.days)
        tried = show(recording, [watcher], lambda done: progress.advance(task, done))
    return Seen([np.concatenate(one) for one in watcher.features], [np.concatenate(one) for one in watcher.score],
                tried.observed)  # fmt: skip


def teach(seen: Seen, persons: Sequence[int], seed: int) -> Forest:
    """A forest that tells the seconds from prodrome to peak from all others; every fourth bin of `persons`."""
    from sklearn.ensemble import RandomForestClassifier

    rows = np.concatenate([seen.features[i][::4] for i in persons])
    truth = np.concatenate([_under_way(seen.observed.labels, i, len(seen.features[i]))[::4] for i in persons])
    grown = RandomForestClassifier(TREES, max_leaf_nodes=LEAVES, min_samples_leaf=20, class_weight="balanced_subsample",
                                   random_state=seed, n_jobs=1).fit(rows, truth)  # fmt: skip
    nodes = max(tree.tree_.node_count for tree in grown.estimators_)

    def stacked(pick: str, fill: float) -> Floats:
        return np.array([np.pad(getattr(tree.tree_, pick).astype(float), (0, nodes - tree.tree_.node_count),
                                constant_values=fill) for tree in grown.estimators_])  # fmt: skip

    feature = stacked("feature", -2.0)
    values = np.zeros_like(feature)
    for i, tree in enumerate(grown.estimators_):
        shares = tree.tree_.value[:, 0, :]
        values[i, : len(shares)] = shares[:, 1] / shares.sum(axis=1)
    return Forest(np.where(feature < 0, -1, feature).astype(np.int64), stacked("threshold", 0.0),
                  stacked("children_left", 0.0).astype(np.int64), stacked("children_right", 0.0).astype(np.int64),
                  values, 0.0)  # fmt: skip


def trace(seen: Seen, opinions: Sequence[Floats], weight: float) -> Trace:
    """The engine's composite with the opinion added in this weight, each over what this resident rarely exceeds, as the
    composite measures its terms."""
    return Trace(tuple(binned(np.repeat(_scaled(score) + weight * _scaled(opinion), EVERY_S))
                       for score, opinion in zip(seen.score, opinions, strict=True)))  # fmt: skip


def _scaled(values: Floats) -> Floats:
    """Values over their own 99.5 % quantile, at most 4 of it."""
    scaled: Floats = np.minimum(values / max(float(np.quantile(values, 0.995)), 0.01), 4.0)
    return scaled


def found(made: Trace, observed: Observed) -> Floats:
    """(residents, 2): episodes found, averaged over RATES, and observable episodes."""
    judged = [judge(own_thresholds(made, observed, rate, 0.0), observed) for rate in RATES]
    return np.stack([np.mean([_found(one) for one in judged], axis=0),
                     judged[0].episodes(lambda label, _: label.observable)], axis=1)  # fmt: skip


def lift(without: Floats, with_it: Floats) -> Interval:
    """Difference of recall with its interval over persons."""
    rng, n = np.random.default_rng(5), len(without)
    drawn = rng.integers(0, n, (_ROUNDS, n))
    there = np.maximum(without[drawn, 1].sum(axis=1), 1.0)
    differences = (with_it[drawn, 0] - without[drawn, 0]).sum(axis=1) / there
    low, high = np.quantile(differences, [0.025, 0.975])
    whole = (with_it[:, 0] - without[:, 0]).sum() / max(without[:, 1].sum(), 1.0)
    return Interval(float(whole), float(low), float(high))


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the process."""
    parser = argparse.ArgumentParser("python -m threshold_service.evaluated_learning", description=__doc__)
    parser.add_argument("--residents", type=int, default=12)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, default=20, help="0 to 99: tuning; persons to judge on come from 1000 more")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    asked = parser.parse_args(arguments)
    busy, errors = Parameters(excitement=replace(Excitement(), per_day=3.0)), Console(stderr=True)
    taught = watch(Facility(asked.seed, asked.residents, asked.days, busy), "learning", errors)
    half = asked.residents // 2
    early = teach(taught, range(half), asked.seed)
    weight = _best(taught, [probability(early, one) for one in taught.features], range(half, asked.residents))
    forest = teach(taught, range(asked.residents), asked.seed)
    fresh = watch(Facility(asked.seed + 1000, asked.residents, asked.days, busy), "judging", errors)
    opinions = [probability(forest, one) for one in fresh.features]
    alone, helped = (found(trace(fresh, opinions, one), fresh.observed) for one in (0.0, weight or WEIGHTS[2]))
    gain = lift(alone, helped)
    on = weight > 0.0 and gain.low > 0.0
    recalls = [float(one[:, 0].sum() / max(one[:, 1].sum(), 1.0)) for one in (alone, helped)]
    Console(width=120).print(
        f"recall without {recalls[0]:.3f}, with weight {weight or WEIGHTS[2]:g} {recalls[1]:.3f}; "
        f"lift {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}): {'on' if on else 'off'}"
    )
    about: dict[str, str | float] = {
        "learned_from": f"{asked.residents} simulated residents, {asked.days} days, seed {asked.seed}",
        "judged_on": f"as many, seed {asked.seed + 1000}", "tried_weight": weight or WEIGHTS[2],
        "recall_without": round(recalls[0], 4), "recall_with": round(recalls[1], 4), "lift": round(gain.value, 4),
        "lift_low": round(gain.low, 4), "lift_high": round(gain.high, 4),
    }  # fmt: skip
    asked.out.write_text(write(forest._replace(weight=weight if on else 0.0), about))
    return 0


def told() -> str:
    """What the shipped opinion was learned from, and how much it helped persons it never saw."""
    text = SHIPPED.read_text()
    about, weight = json.loads(text)["about"], read(text).weight
    return (
        f"The learned opinion is {f'on with weight {weight:g}' if weight else 'off'}: recall of the composite alone "
        f"{about['recall_without']:.2f}, with it {about['recall_with']:.2f}, lift {about['lift']:+.2f} "
        f"({about['lift_low']:+.2f} to {about['lift_high']:+.2f}) at equal false alarms; judged on {about['judged_on']}"
    )


def _best(seen: Seen, opinions: Sequence[Floats], persons: Sequence[int]) -> float:
    """The weight with the highest recall of persons the forest was not taught on."""
    part = Seen([seen.features[i] for i in persons], [seen.score[i] for i in persons], _only(seen.observed, persons))
    recalls = [found(trace(part, [opinions[i] for i in persons], one), part.observed)[:, 0].sum() for one in WEIGHTS]
    return WEIGHTS[int(np.argmax(recalls))]


def _only(observed: Observed, persons: Sequence[int]) -> Observed:
    place = {person: i for i, person in enumerate(persons)}
    labels = tuple(replace(label, resident=place[label.resident]) for label in observed.labels
                   if label.resident in place)  # fmt: skip
    return Observed(observed.days[list(persons)], labels)


def _found(judged: Judged) -> Floats:
    return judged.episodes(lambda label, alarm: label.observable and alarm >= 0)


def _under_way(labels: Sequence[Label], resident: int, bins: int) -> NDArray[np.bool_]:
    truth = np.zeros(bins, bool)
    for label in labels:
        if label.resident == resident:
            truth[int(label.prodrome_s // EVERY_S) : int(label.peak_s // EVERY_S) + 1] = True
    return truth


if __name__ == "__main__":
    sys.exit(main())
