"""One side of the bench of training, in the Python that has torch: our recipe, or a plain loop on the same sequences.

`python -m tests.bench.learning.loop ours|plain MODEL STEPS` prints one JSON object: seconds of each step, the tokens in
it, and bytes at the peak above what the loaded model takes.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

from training.corpus.example import Kind, Layer
from training.qlora import lora
from training.qlora.base import device, load, open_base
from training.qlora.chat import Tokens, Turn
from training.qlora.packing import packed, plan
from training.qlora.settings import Lora

ROOM, AT_ONCE, PER_STEP, WARM = 2048, 4, 12, 2
"""Tokens of a row of ours, sequences of a batch of the plain loop, sequences of a step, steps that are not counted."""
TYPICAL, SPREAD, SHORTEST, LEARNED = 420.0, 0.55, 96, 0.3
"""Lengths are log-normal about this median; this share of a sequence, its end, is learned from (source: guess)."""
_LIKE = Turn("bench", Layer.GENERAL, Kind.THINKING, "", "")


def sequences(count: int, words: int) -> list[Tokens]:
    """Sequences of random words; equal calls, equal sequences."""
    rng = np.random.default_rng(11)
    lengths = np.clip(TYPICAL * np.exp(SPREAD * rng.standard_normal(count)), SHORTEST, ROOM).astype(int)
    made = []
    for length in lengths.tolist():
        learned = np.arange(length) >= length * (1.0 - LEARNED)
        made.append(Tokens(_LIKE, rng.integers(0, words, length), learned))
    return made


def ours(model: Any, batch: list[Tokens]) -> None:
    """Packed rows, the output layer asked about what is learned alone."""
    rows = [[batch[one] for one in row] for row in plan([len(one) for one in batch], ROOM)]
    learned = sum(int(one.learned.sum()) for one in batch)
    for row in rows:
        made = packed(row, lambda one: lora.positions(model, one, -1), lambda asset: {})
        (lora.losses(model, made).sum() / learned).backward()


def plain(model: Any, batch: list[Tokens]) -> None:
    """Batches padded to their longest, in the order they come; the model computes its own loss of every place."""
    where = next(model.parameters()).device
    parts = [batch[at : at + AT_ONCE] for at in range(0, len(batch), AT_ONCE)]
    for part in parts:
        longest = max(map(len, part))
        ids, labels = torch.zeros(len(part), longest, dtype=torch.long), torch.full((len(part), longest), -100)
        for place, one in enumerate(part):
            ids[place, : len(one)] = torch.from_numpy(one.ids)
            labels[place, : len(one)] = torch.from_numpy(np.where(one.learned, one.ids, -100))
        there = (torch.arange(longest) < torch.tensor([[len(one)] for one in part])).long()
        said = model(input_ids=ids.to(where), attention_mask=there.to(where), labels=labels.to(where), use_cache=False)
        (said.loss / len(parts)).backward()


def begun(side: str, folder: Path) -> Any:
    """The base in four bits with a new adapter, as each side begins it."""
    base = open_base(folder)
    model = load(base, "nf4")
    asked = Lora()
    if side == "ours":
        return lora.begin(model, asked, 0, "bench", checkpointing=True)
    checkpointing = {"use_reentrant": False}
    model = prepare_model_for_kbit_training(model, gradient_checkpointing_kwargs=checkpointing)
    config = LoraConfig(r=asked.rank, lora_alpha=asked.alpha, lora_dropout=asked.dropout, bias="none",
                        task_type="CAUSAL_LM", target_modules=lora.PLACES)  # fmt: skip
    return get_peft_model(model, config)


def main() -> None:
    """Print what was measured."""
    side, folder, steps = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    model = begun(side, folder)
    model.train()
    words = int(model.get_base_model().config.text_config.vocab_size)
    optimiser = torch.optim.AdamW((one for one in model.parameters() if one.requires_grad), lr=1e-4)
    every = sequences((steps + WARM) * PER_STEP, words)
    before, seconds, tokens = _bytes(), [], []
    for step in range(steps + WARM):
        batch = every[step * PER_STEP : (step + 1) * PER_STEP]
        began = time.perf_counter()
        (ours if side == "ours" else plain)(model, batch)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if device() == "cuda":
            torch.cuda.synchronize()
        if step >= WARM:
            seconds.append(time.perf_counter() - began)
            tokens.append(sum(map(len, batch)))
    print(json.dumps({"seconds": seconds, "tokens": tokens, "peak": _bytes() - before, "device": device()}))


def _bytes() -> int:
    """The most so far, of the accelerator or of this process."""
    if device() == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
