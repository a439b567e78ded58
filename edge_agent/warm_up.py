"""`python -m edge_agent.warm_up`: runs every model once before a camera waits for it; TensorRT builds engines then."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from edge_agent.batching import MOST
from edge_agent.models import Array, Model, ProviderMissing
from edge_agent.senses import chosen
from edge_agent.sensing.audio import SILERO
from edge_agent.sensing.pose import MODEL as MOVENET
from edge_agent.sensing.roster import roster
from edge_agent.sensing.yunet import MODEL as YUNET
from edge_agent.settings import EdgeSettings
from services.runtime import logs
from services.runtime.assets import AssetError, Shelf
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load
from services.vocabulary import Mode, Seconds

USUAL: dict[str, dict[str, Array]] = {
    MOVENET: {"image": np.zeros((1, 256, 256, 3), np.int32)},
    YUNET: {"input": np.zeros((1, 3, 320, 416), np.float32)},
    SILERO: {
        "input": np.zeros((1, 576), np.float32), "state": np.zeros((2, 1, 128), np.float32),
        "sr": np.array(16_000, np.int64),
    },
}  # fmt: skip
"""Inputs of the models whose own description leaves more than the batch open."""
Warmed = Callable[[Model, Seconds], None]


class WarmUp:
    """Runs models once each, with one row and, where cameras share calls, with as many as they may share. Once all are
    warm it holds none: what a mode does not allow any more has to go from memory."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = tuple(models)
        self._done, self._total = 0, len(self._models)
        self.failed: list[str] = []

    @property
    def missing(self) -> str:
        """For readiness: empty when every model has run."""
        if self._done == self._total:
            return ""
        return f"warming up: {self._done} of {self._total} models, now {self._models[self._done].name}"

    def run(self, warmed: Warmed | None = None) -> None:
        """Warm all; each is logged, and handed to `warmed` with the seconds it took. One that fails is warned of and
        left to its sense; `failed` holds what was said of each."""
        for model in self._models:
            began_s = time.perf_counter()
            try:
                for rows in (1, MOST) if model.shared else (1,):
                    model.run(model.idle_inputs(rows, USUAL.get(model.name)))
            except Exception as error:  # noqa: BLE001 - whatever a processor may fail with; the senses say it again
                self.failed.append(f"{model.name}: {error}")
                logs.logger().warning("model could not be warmed", model=model.name, reason=str(error))
            took_s = time.perf_counter() - began_s
            self._done += 1
            logs.logger().info("model is warm", model=model.name, provider=model.provider, took_s=round(took_s, 3))
            if warmed is not None:
                warmed(model, took_s)
        self._models = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 all warm, 2 something has to change first."""
    parser = argparse.ArgumentParser(prog="attune edge warm-up", description=__doc__)
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.OBSERVABLES)
    parser.add_argument("--config", type=Path)
    asked = parser.parse_args(arguments)
    console = Console(stderr=True, soft_wrap=True)
    try:
        settings = load(EdgeSettings, asked.config)
        logs.configure("warm-up", "error", "console")
        with console.status("loading the models"):
            found = roster(Shelf.open().find, asked.mode, chosen(settings))
    except (SettingError, AssetError, ProviderMissing) as error:
        return refuse(error)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("warming up", total=len(found.models))

        def warmed(model: Model, took_s: Seconds) -> None:
            bar.update(task, advance=1)
            bar.console.print(f"{model.name} on {model.provider}: {took_s:.3f} s", highlight=False)

        warming = WarmUp(found.models)
        warming.run(warmed)
    for failed in warming.failed:
        console.print(f"[red]not warm:[/] {failed}", highlight=False)
    for sense in found.missing:
        console.print(f"[yellow]{sense.title} is off:[/] {sense.why}", highlight=False)
    return 2 if found.missing or warming.failed else 0


if __name__ == "__main__":
    sys.exit(main())
