"""A learned opinion: how likely an episode is under way, by a small forest over smoothed distances from the usual."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threshold_service.statistics.arrays import Floats

GROUPS = {
    "motion": ("motion.ratio", "motion.erratic"),
    "limbs": ("pose.wrist_speed", "pose.speed"),
    "posture": ("pose.torso_angle", "pose.hip_height"),
    "loudness": ("audio.loudness",),
    "voice": ("audio.vocal_energy",),
    "brow": ("face.browDown",),
    "mouth": ("face.jawOpen", "face.mouthSmile"),
    "pleasure": ("affect.valence", "emotion.happiness"),
    "distress": ("emotion.fear", "emotion.anger", "emotion.sadness", "emotion.disgust"),
    "arousal": ("affect.arousal",),
}
"""Channels whose distances are averaged, so that a room without some of them still gives an opinion."""
TIMES_S = (5.0, 45.0, 300.0)
"""Time constants of smoothing: a cry, an escalation, a slow build-up (guess)."""
FARTHEST = 6.0
_GAINS = 1.0 / np.array(TIMES_S)
_DOWN = ("pose.hip_height",)
"""Channels of a group that count the other way round: a fall lowers the hips and tilts the torso."""


class Forest(NamedTuple):
    """Trees as arrays (trees, nodes): the `feature` a node looks at (-1: a leaf), its `threshold`, the nodes `left`
    (value <= threshold) and `right`, and the `value` of a leaf, 0..1. `weight` is what the opinion adds to the
    composite; 0 where its lift could not be told from chance."""

    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats
    weight: float


def grouped(channels: Sequence[str], distances: Floats) -> Floats:
    """Mean distance of each group: (n, channels) in spreads, NaN where absent, to (n, inputs); absent groups are 0.

    >>> grouped(("motion.ratio", "motion.erratic"), np.array([[2.0, np.nan], [1.0, 3.0]]))[:, 0].tolist()
    [2.0, 2.0]
    """
    near = np.clip(distances, -FARTHEST, FARTHEST)
    means = np.zeros((len(distances), len(GROUPS)))
    for column, names in enumerate(GROUPS.values()):
        own = [i for i, name in enumerate(channels) if name in names]
        if own:
            signs = np.array([-1.0 if channels[i] in _DOWN else 1.0 for i in own])
            there = np.isfinite(near[:, own])
            sums = np.where(there, near[:, own] * signs, 0.0).sum(axis=1)
            means[:, column] = sums / np.maximum(there.sum(axis=1), 1)
    return means


def step(levels: Floats, inputs: Floats) -> Floats:
    """One second: `levels` (..., times, inputs) move towards `inputs` (..., inputs); flattened they are the features.

    >>> step(np.zeros((3, 1)), np.array([5.0]))[0].tolist()
    [1.0]
    """
    moved: Floats = levels + _GAINS[:, None] * (inputs[..., None, :] - levels)
    return moved


def probability(forest: Forest, features: Floats) -> Floats:
    """(n,): mean over trees of the share of episodes in the leaf that each row of `features` (n, f) falls into."""
    rows, trees = np.arange(len(features))[:, None], np.arange(len(forest.feature))[None, :]
    node = np.zeros((len(features), len(forest.feature)), np.int64)
    for _ in range(forest.feature.shape[1]):
        feature = forest.feature[trees, node]
        inner = feature >= 0
        if not inner.any():
            break
        low = features[rows, np.maximum(feature, 0)] <= forest.threshold[trees, node]
        node = np.where(inner, np.where(low, forest.left[trees, node], forest.right[trees, node]), node)
    likely: Floats = forest.value[trees, node].mean(axis=1)
    return likely


def read(text: str) -> Forest:
    """A forest from JSON as `write` makes it.

    Raises:
        ValueError: a node looks at no feature there is, or points to no node.
    """
    made = json.loads(text)
    whole = {name: np.array(made[name]) for name in ("feature", "threshold", "left", "right", "value")}
    forest = Forest(
        whole["feature"].astype(np.int64), whole["threshold"].astype(np.float64), whole["left"].astype(np.int64),
        whole["right"].astype(np.int64), whole["value"].astype(np.float64), float(made["weight"]),
    )  # fmt: skip
    nodes, inputs = forest.feature.shape[1], len(TIMES_S) * len(GROUPS)
    pointed = np.stack([forest.left, forest.right])[:, forest.feature >= 0]
    if forest.feature.max() >= inputs or (pointed.size and not (pointed.min() > 0 and pointed.max() < nodes)):
        raise ValueError(f"the forest does not fit: expected features below {inputs} and nodes below {nodes}")
    return forest


def write(forest: Forest, about: dict[str, str | float]) -> str:
    """A forest as JSON; `about` says what it was learned from and how much it helped."""
    arrays = {
        "feature": forest.feature.tolist(), "threshold": np.round(forest.threshold, 4).tolist(),
        "left": forest.left.tolist(), "right": forest.right.tolist(), "value": np.round(forest.value, 4).tolist(),
    }  # fmt: skip
    return json.dumps({"about": about, "weight": forest.weight, **arrays}, separators=(",", ":")) + "\n"
