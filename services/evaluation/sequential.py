"""Notices that something happens too often, while it is watched: may be looked at after every answer."""

import math

import numpy as np

POINTS = 64
"""Alternatives that are mixed, evenly between what is allowed and 1."""


def e_value(hits: int, n: int, allowed: float) -> float:
    """Evidence that more than a share `allowed` (0..1) of answers are hits, after `hits` of `n`.

    The mean likelihood ratio of `POINTS` larger shares against `allowed`. Where the true share is at most `allowed`,
    the probability that it ever reaches 1/alpha, however often and whenever one looks, is at most alpha (Ville 1939;
    mixtures: Robbins 1970). The hits must not depend on one another given the past.

    Raises:
        ValueError: an impossible count or share.

    >>> e_value(0, 50, 0.05) < 1 < e_value(8, 40, 0.05)
    True
    >>> round(e_value(5, 5, 0.1))
    18514
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits of {n}: expected 0 to {n}")
    if not 0.0 < allowed < 1.0:
        raise ValueError(f"allowed = {allowed}: expected a share between 0 and 1, neither of them")
    shares = allowed + (1.0 - allowed) * (np.arange(POINTS) + 0.5) / POINTS
    logs = hits * np.log(shares / allowed) + (n - hits) * np.log((1.0 - shares) / (1.0 - allowed))
    largest = float(logs.max())
    return math.exp(min(700.0, largest + math.log(float(np.mean(np.exp(logs - largest))))))
