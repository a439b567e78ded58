"""The curve of a training as a picture."""

from collections.abc import Sequence
from pathlib import Path

Points = Sequence[tuple[int, float]]


def draw(losses: Points, looks: Points, file: Path) -> None:
    """Nats per token over steps: every step, and the validation examples."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(*_columns(losses), color="0.6", linewidth=1, label="training")
    if looks:
        axes.plot(*_columns(looks), color="tab:blue", marker="o", label="validation")
    axes.set(xlabel="step", ylabel="nats per token learned from")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)


def _columns(points: Points) -> tuple[list[int], list[float]]:
    return [step for step, _ in points], [loss for _, loss in points]
