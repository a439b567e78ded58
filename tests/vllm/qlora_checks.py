"""What can only be seen from inside of a training: run with the Python that has torch, prints one JSON object."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any


def main(settings_file: str, corpus_folder: str) -> None:
    import torch
    from bitsandbytes.nn import Linear4bit

    from training.corpus.store import Corpus
    from training.qlora import lora
    from training.qlora.base import load, open_base
    from training.qlora.lessons import lessons
    from training.qlora.settings import TrainingSettings
    from training.qlora.training import Trainer

    settings = TrainingSettings.read(Path(settings_file))
    settings = settings.model_copy(update={"pace": settings.pace.model_copy(update={"pack_tokens": 2048})})
    corpus, base = Corpus.open(Path(corpus_folder)), open_base(settings.model)
    taught = lessons(corpus, base, settings, lambda: None, lambda what, fields: None)
    whole = load(base, "nf4")
    quantised = [name for name, module in whole.named_modules() if isinstance(module, Linear4bit)]
    model = lora.begin(whole, settings.lora, 0, settings.base, True)
    trainer = Trainer(model, base, corpus.assets, taught, settings, Path(), lambda what, fields: None)
    with torch.no_grad():
        for name, one in lora.trained(model).items():
            one.normal_(0.0, 0.1) if "lora_B" in name else None

    def tower() -> str:
        parts = [one.detach().float().numpy().tobytes() for name, one in model.named_parameters() if "visual" in name]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def gradient() -> float:
        model.train()
        model.zero_grad()
        lora.losses(model, trainer._row([taught.train[0]])).mean().backward()
        return sum(float(one.grad.abs().sum()) for one in lora.trained(model).values())

    before, first = tower(), gradient()
    apart, mixed, pictures = in_rows(settings, base, corpus, taught)
    trainer.validation_loss()
    after_look = gradient()
    optimiser = torch.optim.AdamW(lora.trained(model).values(), lr=0.1)
    was = {name: one.detach().clone() for name, one in lora.trained(model).items()}
    optimiser.step()
    sys.stdout.write(json.dumps({
        "packed_apart": apart, "mixed_apart": mixed, "pictures": pictures,
        "quantised": len(quantised), "quantised_names": quantised,
        "learned": len(was), "learned_names": list(was),
        "moved": all(bool((one != was[name]).any()) for name, one in lora.trained(model).items()),
        "tower_before": before, "tower_after": tower(), "gradient": first, "gradient_after_look": after_look,
    }) + "\n")  # fmt: skip


def in_rows(settings: Any, base: Any, corpus: Any, taught: Any) -> tuple[float, float, int]:
    """How far, in nats, what a sequence expects in a shared row lies from what it expects alone; the same in a row
    whose positions run on; pictures in the row. In single precision, so that rounding is no part of it."""
    import torch

    from training.qlora import lora
    from training.qlora.base import load
    from training.qlora.lessons import steps
    from training.qlora.training import Trainer

    model = lora.begin(load(base, "bfloat16").float(), settings.lora, 0, settings.base, False)
    trainer = Trainer(model, base, corpus.assets, taught, settings, Path(), lambda what, fields: None)
    [only] = steps(taught, settings)[-1].rows
    sequences = [taught.train[one] for one in only]
    row = trainer._row(sequences)
    with torch.no_grad():
        together = lora.losses(model, row)
        alone = torch.cat([lora.losses(model, trainer._row([one])) for one in sequences])
        mixed = lora.losses(model, replace(row, lengths=(len(row.learned),)))  # as if it were one sequence
    pictures = sum(len(one.images) for one in sequences)
    return float((together - alone).abs().max()), float((mixed - alone).abs().max()), pictures


if __name__ == "__main__":
    main(*sys.argv[1:])
