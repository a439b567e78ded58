"""What can only be seen from inside of a second pass: run with the Python that has torch, prints one JSON object."""

import json
import sys
from pathlib import Path
from typing import Any


def main(settings_file: str, corpus_folder: str) -> None:
    import torch

    from training.corpus.store import Corpus
    from training.qlora import attention, lora, unsloth_backend
    from training.qlora.base import load, open_base
    from training.qlora.checkpoint import Standing
    from training.qlora.errors import TrainingError
    from training.qlora.lessons import Step, lessons
    from training.qlora.places import Places
    from training.qlora.settings import TrainingSettings
    from training.qlora.training import Trainer

    settings = TrainingSettings.read(Path(settings_file))
    corpus, base = Corpus.open(Path(corpus_folder)), open_base(settings.model)
    taught = lessons(corpus, base, settings, lambda: None, lambda what, fields: None)
    model = lora.begin(load(base, "nf4"), settings.lora, 0, settings.base, True)
    trainer = Trainer(model, base, corpus.assets, taught, settings, Path(), lambda what, fields: None)
    optimiser = torch.optim.AdamW(lora.trained(model).values(), lr=0.1, weight_decay=0.0)
    tower = {name: one for name, one in lora.trained(model).items() if "visual" in name}

    def refused(what: Any, *arguments: Any) -> str:
        try:
            what(*arguments)
        except TrainingError as error:
            return f"{type(error).__name__}: {error}"
        return "taken"

    def learn(pictures: bool) -> None:
        row = next(at for at, one in enumerate(taught.train) if bool(one.images) == pictures)
        trainer._step(optimiser, Step(0, ((row,),), 1.0), Standing(""))

    learn(pictures=False)
    steps = {int(optimiser.state[one]["step"]) for one in lora.trained(model).values()}
    still = not any(bool(one.any()) for name, one in tower.items() if "lora_B" in name)
    model.train()
    row = next(one for one in taught.train if one.images)
    lora.losses(model, trainer._row([row])).mean().backward()
    gradients = {name: float(one.grad.abs().sum()) for name, one in tower.items() if "lora_B" in name}
    learn(pictures=True)
    moved = all(bool(one.any()) for name, one in tower.items() if "lora_B" in name)
    apart = unsloth_backend.prove_apart(model, base)
    attention.AttentionInterface.register(attention.NAME, attention.sdpa_attention_forward)
    seen = refused(unsloth_backend.prove_apart, model, base)
    other = refused(
        lora.proven,
        model,
        Places(
            2,
            frozenset({0, 1}),
            True,
            True,
        ),
    )
    laid = refused(lora.proven, model, Places(2, frozenset({1})))
    for one in tower.values():
        one.requires_grad_(True)
    model.get_base_model().lm_head.weight.requires_grad_(True)
    sys.stdout.write(json.dumps({
        "steps_without_picture": sorted(steps), "tower_still": still, "gradients": gradients, "moved": moved,
        "apart": apart, "not_apart": seen, "another_layer": other,
        "laid": laid, "output_layer": refused(lora.proven, model, Places(2, frozenset({1}), True, True)),
        "no_gpu": refused(unsloth_backend.load, base, "nf4"),
    }) + "\n")  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
