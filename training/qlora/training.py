"""The training itself: rows in, an adapter out, every step the same after a kill as without one.

A row draws from a seed of its step's number and its own, and what is learned from is planned, so that adapter and
moments are all that a checkpoint needs, and any number of processes can go on from it.
"""

import itertools
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.corpus.assets import AssetStore
from training.qlora import checkpoint, lora
from training.qlora.base import Base, device
from training.qlora.chat import Tokens
from training.qlora.checkpoint import Standing
from training.qlora.errors import SettingsInvalid, WentAstray
from training.qlora.lessons import Lessons, Step
from training.qlora.packing import Packed, packed, plan
from training.qlora.parallel import ALONE, Together
from training.qlora.settings import TrainingSettings

Told = Callable[[str, dict[str, object]], None]


@dataclass(slots=True)
class Trainer:
    """One training. `model` carries the adapter; `told` hears of every step. Of several processes the first writes."""

    model: Any
    base: Base
    assets: AssetStore
    lessons: Lessons
    settings: TrainingSettings
    run: Path
    told: Told
    together: Together = ALONE

    def train(self, plan_of: tuple[Step, ...], identity: str) -> Standing:
        """From where the run stands to its end; the model carries the best adapter afterwards.

        Raises:
            CheckpointDamaged: the newest checkpoint cannot be gone on from.
            NoRoom: the disk is full.
            WentAstray: a loss that is no number.
            SettingsInvalid: another process was given something else to learn from.
        """
        optimiser = torch.optim.AdamW(lora.trained(self.model).values(), lr=self.settings.pace.rate, weight_decay=0.0)
        standing = self._stand(optimiser, identity)
        while not standing.ended:
            step = plan_of[standing.step]
            began = time.monotonic()
            loss = self._step(optimiser, step, standing)
            standing.seconds += time.monotonic() - began
            standing.step += 1
            standing.losses.append((standing.step, loss))
            self.told("step", {"step": standing.step, "phase": step.phase + 1, "loss": loss, "rate": self._rate(step),
                               "tokens": standing.tokens})  # fmt: skip
            if standing.step % self.settings.pace.check_every == 0 or _last_of_phase(plan_of, standing.step):
                self._look(optimiser, standing, plan_of)
        self._load_best(identity)
        return standing

    def _stand(self, optimiser: Any, identity: str) -> Standing:
        file = checkpoint.latest(self.run) if self.together.first else None
        kept, tensors = checkpoint.read(file, identity) if file is not None else (None, {})
        known, standing = self.together.told((identity, kept))
        if known != identity:
            raise SettingsInvalid(f"process {self.together.rank + 1} of {self.together.count}: was given other "
                                  "settings, base or corpus than the first; give all the same")  # fmt: skip
        self._take(tensors)
        self.together.agree(lora.trained(self.model).values())
        if standing is None:
            return Standing(identity)
        for name, parameter in lora.trained(self.model).items():
            moments = {of: tensors[f"{part}/{name}"].to(parameter) if tensors else torch.empty_like(parameter)
                       for of, part in (("exp_avg", "first"), ("exp_avg_sq", "second"))}  # fmt: skip
            self.together.agree(moments.values())
            # AdamW counts its steps apart from ours; a phase that ended early has skipped some.
            optimiser.state[parameter] = {"step": torch.tensor(float(len(standing.losses))), **moments}
        self.told("resumed", {"step": standing.step, "checkpoint": file.name if file else ""})
        return standing

    def _step(self, optimiser: Any, step: Step, standing: Standing) -> float:
        for group in optimiser.param_groups:
            group["lr"] = self._rate(step)
        self.model.train()
        rows = [[self.lessons.train[one] for one in row] for row in step.rows]
        learned = sum(int(one.learned.sum()) for row in rows for one in row)
        loss = 0.0
        for place, row, counts in self.together.share(rows):
            seed = np.random.SeedSequence((self.settings.seed, standing.step, place))
            torch.manual_seed(int(seed.generate_state(1)[0]))
            part = lora.losses(self.model, self._row(row)).sum() / learned * counts
            part.backward()
            loss += float(part.detach())
        [loss] = self.together.added(loss)
        standing.tokens += sum(map(len, itertools.chain(*rows)))
        if not np.isfinite(loss):
            raise WentAstray(f"step {standing.step + 1}: the loss is {loss}; lower pace.rate (is "
                             f"{self.settings.pace.rate:g}) and go on from the last checkpoint")  # fmt: skip
        parameters = list(lora.trained(self.model).values())
        self.together.add_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, self.settings.pace.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss

    def _look(self, optimiser: Any, standing: Standing, plan_of: tuple[Step, ...]) -> None:
        phase = plan_of[standing.step - 1].phase
        if self.lessons.validation:
            standing.looks.append((standing.step, self.validation_loss()))
            self.told("look", {"step": standing.step, "loss": standing.looks[-1][1]})
        best = not standing.looks or standing.looks[-1][1] == standing.best
        began = next(at for at, one in enumerate(plan_of) if one.phase == phase)
        if standing.worse_since(began) >= self.settings.pace.patience:
            after = next((at for at, one in enumerate(plan_of) if one.phase > phase), None)
            self.told("stopped early", {"phase": phase + 1, "step": standing.step})
            standing.step, standing.ended = (after, "") if after is not None else (standing.step, "early")
        if standing.step >= len(plan_of):
            standing.ended = "planned"
        if self.together.first:
            checkpoint.keep(self.run, standing, self._tensors(optimiser), best)

    def validation_loss(self) -> float:
        """Nats per token learned from, over all validation examples."""
        lora.look(self.model)
        total, learned = 0.0, 0.0
        of = self.lessons.validation
        with torch.no_grad():
            for _, row, counts in self.together.share(plan([len(one) for one in of], self.lessons.room)):
                found = lora.losses(self.model, self._row([of[one] for one in row])) * counts
                total, learned = total + float(found.sum()), learned + len(found) * counts
        total, learned = self.together.added(total, learned)
        return total / learned

    def _row(self, sequences: list[Tokens]) -> Packed:
        image = int(self.base.config.image_token_id)
        return packed(
            sequences, lambda one: lora.positions(self.model, one, image),
            lambda asset: self.base.pixels(asset, self.assets),
        )  # fmt: skip

    def _rate(self, step: Step) -> float:
        return self.settings.pace.rate * step.rate

    def _tensors(self, optimiser: Any) -> dict[str, torch.Tensor]:
        found = {}
        for name, parameter in lora.trained(self.model).items():
            found[f"adapter/{name}"] = parameter
            found[f"first/{name}"] = optimiser.state[parameter]["exp_avg"]
            found[f"second/{name}"] = optimiser.state[parameter]["exp_avg_sq"]
        return found

    def _take(self, tensors: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in lora.trained(self.model).items() if tensors else ():
                parameter.copy_(tensors[f"adapter/{name}"])

    def _load_best(self, identity: str) -> None:
        if not self.together.first:
            return
        _, tensors = checkpoint.read(self.run / checkpoint.FOLDER / checkpoint.BEST, identity)
        self._take(tensors)


def peak_bytes() -> int:
    """The most memory of the accelerator, or of this process where there is none."""
    if device() == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _last_of_phase(plan_of: tuple[Step, ...], done: int) -> bool:
    return done >= len(plan_of) or plan_of[done].phase != plan_of[done - 1].phase
