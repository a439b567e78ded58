"""What several processes learn beside what one does: torchrun starts it, the first prints one JSON object.

In bfloat16 with dropout, three rows a step: with two processes one of them has nothing to do in the second round.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(settings_file: str, corpus_folder: str) -> None:
    from training.corpus.store import Corpus
    from training.qlora.base import open_base
    from training.qlora.lessons import lessons, steps
    from training.qlora.parallel import ALONE, joined
    from training.qlora.settings import TrainingSettings

    settings = TrainingSettings.read(Path(settings_file))
    corpus, base = Corpus.open(Path(corpus_folder)), open_base(settings.model)
    taught = lessons(corpus, base, settings, lambda: None, lambda what, fields: None)
    plan = steps(taught, settings)
    with joined(sharded=True) as together:
        apart = type(together)(together.rank, together.count)
        found: dict[str, Any] = {"rows": [len(step.rows) for step in plan], "first": together.first,
                                 "pictures": sum(len(one.images) for one in taught.train)}  # fmt: skip
        for name, ways in (("one", ALONE), ("whole", apart), ("spread", together)):
            found[name] = learned(settings, base, corpus, taught, plan, ways)
        found["told"] = together.told(together.rank)
        if together.first:
            sys.stdout.write(json.dumps(found) + "\n")


def learned(settings: Any, base: Any, corpus: Any, taught: Any, plan: Any, ways: Any) -> dict[str, Any]:
    """Losses of every step and look, the adapter, and how much of a frozen layer lies in this process."""
    import torch
    from torch.distributed.tensor import DTensor

    from training.qlora import lora
    from training.qlora.base import load
    from training.qlora.checkpoint import Standing
    from training.qlora.sharding import spread
    from training.qlora.training import Trainer

    model = lora.begin(load(base, settings.precision, ways.sharded), settings.lora, 0, settings.base, True)
    if ways.sharded:
        spread(model, ways)
    trainer = Trainer(model, base, corpus.assets, taught, settings, Path(), lambda what, fields: None, ways)
    optimiser = torch.optim.AdamW(lora.trained(model).values(), weight_decay=0.0)
    standing, losses, looks = Standing("check"), [], []
    for step in plan:
        losses.append(trainer._step(optimiser, step, standing))
        looks.append(trainer.validation_loss())
        standing.step += 1
    layer = model.get_base_model().model.language_model.layers[0]
    frozen = [one for one in layer.parameters() if not one.requires_grad]
    held = sum((one.to_local() if isinstance(one, DTensor) else one).numel() for one in frozen)
    adapter = torch.cat([one.detach().flatten() for one in lora.trained(model).values()])
    return {"losses": losses, "looks": looks, "tokens": standing.tokens, "adapter": adapter.tolist(),
            "held": held / sum(one.numel() for one in frozen)}  # fmt: skip


def refused() -> None:
    """What is said where processes are asked for, or started, as they cannot be: one JSON list."""
    from training.qlora.arguments import parser
    from training.qlora.errors import SettingsInvalid
    from training.qlora.launching import wanted
    from training.qlora.parallel import joined

    told: list[str] = []
    started = {"RANK": "0", "WORLD_SIZE": "2"}
    cases = ({}, "0", False), (started, "3", False), (started, "2", False), ({}, "1", True)
    for environment, processes, shard in cases:
        os.environ.update(environment)
        asked = parser().parse_args(["train", "x", "--corpus", "y", "--out", "z", "--processes", processes])
        try:
            wanted(asked)
            with joined(shard):
                told.append("joined")
        except SettingsInvalid as error:
            told.append(str(error))
        for name in environment:
            del os.environ[name]
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[1:] else refused()
