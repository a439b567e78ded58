"""`python -m threshold_service.evaluated_learning`: teaches the learned opinion, and asks if it helps with others."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
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
from services.evaluation.recording import DAY_S, show
from services.evaluation.simulated import SimulatedRecording
from services.evaluation.traces import Trace, binned, own_thresholds
from services.runtime.batch import Batch
from services.simulator.facility import Facility
from services.simulator.parameters import Excitement, Parameters
from services.vocabulary import Policy
from threshold_service.evaluated_engine import EngineWatcher
from threshold_service.judgement.learned import GROUPS, TIMES_S, Forest, grouped, probability, read, write
from threshold_service.wave import Judged as Told

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


class Looking:
    """Hears what the engine judged and keeps, every EVERY_S seconds, what `keep` makes of the rows (m, features) that
    the forest would look at, and the engine's score. Seconds come in order, a whole number of EVERY_S at once."""

    def __init__(self, channels: Sequence[str], residents: int, keep: Callable[[Floats], Floats]) -> None:
        self._channels, self._residents, self._keep = tuple(channels), residents, keep
        self._levels = np.zeros((len(TIMES_S), 1, residents, len(GROUPS)))
        self._kept: list[Floats] = []
        self._score: list[Floats] = []

    def hear(self, samples: Batch, judged: Told) -> None:
        """All residents, second after second."""
        from scipy.signal import lfilter

        distances = (samples.values - judged.usual) / judged.spread
        inputs = grouped(self._channels, np.asarray(distances, np.float64)).reshape(-1, self._residents, len(GROUPS))
        levels = []
        for place, t in enumerate(TIMES_S):
            level, self._levels[place] = lfilter([1 / t], [1.0, 1 / t - 1.0], inputs, axis=0, zi=self._levels[place])
            levels.append(level[::EVERY_S])
        rows = np.concatenate(levels, axis=2)
        made = self._keep(rows.reshape(-1, rows.shape[2]))
        self._kept.append(made.reshape(*rows.shape[:2], -1))
        score = np.nan_to_num(judged.score, nan=0.0, posinf=0.0).reshape(-1, self._residents)
        self._score.append(score[::EVERY_S])

    def kept(self) -> list[Floats]:
        """What was made of everything heard so far, (bins, k) by resident."""
        whole = np.concatenate(self._kept)
        return [whole[:, resident] for resident in range(self._residents)]

    def score(self) -> list[Floats]:
        """The composite, (bins,) by resident."""
        whole = np.concatenate(self._score)
        return [whole[:, resident] for resident in range(self._residents)]


def watch(facility: Facility, name: str, console: Console) -> Seen:
    """What the forest would look at in a whole facility."""
    recording = SimulatedRecording(facility)
    looking = Looking(recording.channels, facility.residents, lambda rows: rows)
    watcher = EngineWatcher(recording.channels, recording.seats(), Policy(), looking.hear)
    with Progress(console=console) as progress:
        task = progress.add_task(name, total=facility.residents * facility.days)
        tried = show(recording, [watcher], lambda done: progress.advance(task, done))
    return Seen(looking.kept(), looking.score(), tried.observed)


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


def opinion() -> Callable[[Floats], Floats]:
    """What the shipped forest says of rows (m, features): (m,)."""
    forest = read(SHIPPED.read_text())
    return lambda rows: probability(forest, rows)


def told(looking: Looking, observed: Observed) -> str:
    """How much the shipped opinion helps on the recording that `looking` heard, with the `opinion` of every row, and
    how much it did where it was shipped from. An opinion that is off is tried with the weight it was tried with. The
    first day is left out: until its end the composite's own scale moves from block to block."""
    text = SHIPPED.read_text()
    about, weight = json.loads(text)["about"], read(text).weight
    tried = weight or float(about["tried_weight"])
    shipped = (
        f"The learned opinion is {f'on with weight {weight:g}' if weight else 'off'}; as it was shipped, judged on "
        f"{about['judged_on']}: lift {about['lift']:+.2f} ({about['lift_low']:+.2f} to {about['lift_high']:+.2f})"
    )
    later, bins = _after_first_day(observed), DAY_S // EVERY_S
    if not any(label.observable for label in later.labels):
        return f"{shipped}. Here no episode after the first day could be observed: nothing to measure it on"
    seen = Seen([], [one[bins:] for one in looking.score()], later)
    opinions = [one[bins:, 0] for one in looking.kept()]
    alone, helped = (found(trace(seen, opinions, one), later) for one in (0.0, tried))
    recalls = [float(one[:, 0].sum() / one[:, 1].sum()) for one in (alone, helped)]
    gain = lift(alone, helped)
    interval = f" ({gain.low:+.2f} to {gain.high:+.2f})" if len(alone) > 1 else ", of one person without an interval"
    return (
        f"{shipped}. Measured here after the first day with weight {tried:g}: recall of the composite alone "
        f"{recalls[0]:.2f}, with it {recalls[1]:.2f}, lift {gain.value:+.2f}{interval} at equal false alarms"
    )


def _after_first_day(observed: Observed) -> Observed:
    """The days after the first, and the episodes that began in them, in seconds from there on."""
    labels = tuple(
        replace(label, prodrome_s=label.prodrome_s - DAY_S, onset_s=label.onset_s - DAY_S,
                peak_s=label.peak_s - DAY_S, end_s=label.end_s - DAY_S)
        for label in observed.labels if label.prodrome_s >= DAY_S
    )  # fmt: skip
    return Observed(np.maximum(observed.days - 1.0, 0.0), labels)


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
