"""Our recipe of QLoRA beside a plain loop of transformers, peft and bitsandbytes on the same sequences.

`python -m tests.bench.qlora [MODEL]`: each side in a process of its own, in turns. Without a model's folder the small
random Qwen3-VL of the tests is trained, which says nothing of an 8B's speed: it is printed as what it is.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.table import Figure, publish
from tests.vllm.server import ROOT, NoVllm, interpreter, small_model

ROUNDS, STEPS = 3, 6
LEAST = 1.5


def side(name: str, python: Path, model: Path) -> dict[str, Any]:
    """What one side measured."""
    command = [str(python), "-m", "tests.bench.learning.loop", name, str(model), str(STEPS)]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**kept, "HF_HUB_OFFLINE": "1"}, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def figures(found: dict[str, list[dict[str, Any]]], what: str, real: bool) -> list[Figure]:
    """Tokens that are no padding, per second, and memory above the loaded model's; a bar only for a real geometry."""
    rates = {name: [sum(one["tokens"]) / sum(one["seconds"]) for one in rounds] for name, rounds in found.items()}
    ratios = [mine / theirs for mine, theirs in zip(rates["ours"], rates["plain"], strict=True)]
    peaks = {name: median(one["peak"] for one in rounds) / 2**20 for name, rounds in found.items()}
    ratio = median(ratios)
    return [
        Figure("tokens, ours", median(rates["ours"]), "1/s",
               f"plain loop {median(rates['plain']):,.0f}; ratios {min(ratios):.2f} to {max(ratios):.2f}", ratio,
               f"{LEAST:g}" if real else f"{LEAST:g}, of an 8B on a GPU", ratio >= LEAST if real else None),
        Figure("memory above the loaded model, ours", peaks["ours"], "MiB", f"plain loop {peaks['plain']:,.0f}",
               peaks["ours"] / max(peaks["plain"], 1e-9)),
        Figure("geometry", len(found["ours"]), "rounds", f"{what}, on {found['ours'][0]['device']}"),
    ]  # fmt: skip


def main() -> int:
    """Measure and print."""
    try:
        python = interpreter()
        model = Path(sys.argv[1]) if len(sys.argv) > 1 else small_model(python)
    except NoVllm as error:
        print(error, file=sys.stderr)
        return 2
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "plain": []}
    print(f"{ROUNDS} rounds of both, {STEPS} steps each, a process each: some minutes ...")
    for turn in range(ROUNDS):
        for name in ("ours", "plain") if turn % 2 else ("plain", "ours"):
            found[name].append(side(name, python, model))
    real = len(sys.argv) > 1
    return publish("qlora", figures(found, model.name if real else "a small random Qwen3-VL", real))


if __name__ == "__main__":
    sys.exit(main())
