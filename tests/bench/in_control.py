"""How well the fused detector keeps a promise of one false alarm in 10,000 samples, learned from a day of history."""

import argparse
import sys

import numpy as np

from tests.bench.detection.calibrated import HISTORY, alarms, calibrate, usual
from tests.bench.detection.noises import GAUSSIAN, KNOWN, Noise, drawn
from tests.bench.detection.peers import Peer, calibrated, run_length, two_sided
from tests.bench.table import Figure, publish
from threshold_service.statistics import fused_fit
from threshold_service.statistics.arrays import Floats

LOW, HIGH = 0.75, 1.35
"""Bounds of the geometric mean of in-control run length over promise."""
ONE_LOW, ONE_HIGH, SHARE = 0.6, 1.7, 0.8
"""Bounds for single calibrations, and the share of them that must lie within."""
TEST = 1_000_000
"""Disjoint samples on which each calibration is tried: about 95 runs."""
TOGETHER = 10
PEER = Peer("CUSUM k=.5 with the Gaussian threshold", lambda x, h: two_sided(x, 0.5, h))


def kept(noise: Noise, calibrations: int, rng: np.random.Generator) -> Floats:
    """Run length over promise of each of `calibrations` detectors, (calibrations,)."""
    ratios: list[float] = []
    for _ in range(calibrations // TOGETHER):
        detectors = calibrate(noise, TOGETHER, rng)
        values = np.stack([noise.draw(rng, TEST) for _ in range(TOGETHER)], axis=1)
        spoke, watched = alarms(usual(detectors, values), detectors.learned)
        ratios += (watched / np.maximum(spoke, 0.5) / fused_fit.PROMISE).tolist()
    return np.array(ratios)


def kept_by_peer(noise: Noise, limit: float, rng: np.random.Generator) -> float:
    """The same of `PEER`, with a baseline learned in a history as ours."""
    history = noise.draw(rng, HISTORY)
    values = (noise.draw(rng, TEST) - history.mean()) / history.std()
    return run_length(PEER.first, values, limit) / fused_fit.PROMISE


def figures(noise: Noise, ratios: Floats, peer: float) -> list[Figure]:
    centre = float(np.exp(np.log(ratios).mean()))
    near = float(np.mean((ratios > ONE_LOW) & (ratios < ONE_HIGH)))
    return [
        Figure(
            f"{noise.name}: geometric mean", centre * fused_fit.PROMISE, "samples", f"peer {min(peer, 100.0):.3g}",
            centre, f"{LOW} to {HIGH}", LOW <= centre <= HIGH,
        ),
        Figure(
            f"{noise.name}: share within {ONE_LOW} to {ONE_HIGH}", near, "", f"{len(ratios)} calibrations", None,
            f">= {SHARE}", near >= SHARE,
        ),
    ]  # fmt: skip


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--quick", action="store_true", help="20 calibrations a noise instead of 100")
    reader.add_argument("--seed", type=int, default=None, help="of the noises that are drawn and of every stream")
    asked = reader.parse_args()
    seed = np.random.SeedSequence().entropy if asked.seed is None else asked.seed
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    limit = calibrated(PEER, GAUSSIAN, fused_fit.PROMISE, rng, 2 * TEST)
    print(f"ratio: run length over promise; peer: the same of {PEER.name}")
    shown: list[Figure] = []
    for noise in (*KNOWN, *drawn(rng, 3)):
        shown += figures(noise, kept(noise, 20 if asked.quick else 100, rng), kept_by_peer(noise, limit, rng))
    return publish("in_control", shown)


if __name__ == "__main__":
    sys.exit(main())
