"""`attune train qlora`, `evaluate` and `bundle`: from a composed corpus to an adapter that a server admits."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

PYTHON = "ATTUNE_TRAINING_PYTHON"
"""Names the Python that has torch, where that is another than ours."""
Settings = Annotated[Path, typer.Argument(help="TOML file: base model, adapter, pace, phases.")]
Composed = Annotated[Path, typer.Option("--corpus", help="The composed corpus (attune train compose).")]
Layers = Annotated[str, typer.Option(help="Learn from these layers alone, e.g. L1,L2. Default: as the settings say.")]


def qlora(
    settings: Settings,
    corpus: Composed,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; an unfinished one is gone on with.")] = None,
    layers: Layers = "",
    begin: Annotated[
        Path | None, typer.Option("--from", help="Begin as this finished adapter; its files are only read.")
    ] = None,
    show: Annotated[int, typer.Option(help="Train nothing: print so many sequences, each token with its mark.")] = 0,
    log: Annotated[Path | None, typer.Option(help="Append what happens here. Default: log.jsonl in the run.")] = None,
) -> None:
    """Teach an adapter: LoRA on the language model of a Qwen3-VL whose weights lie in four bits (NF4, quantised twice).

    A settings file; everything but the first two lines may be left out:

        base = "Qwen/Qwen3-VL-8B-Thinking"      # the name it is served by

        model = "models/Qwen3-VL-8B-Thinking"   # its folder; counts from this file

        layers = ["L1", "L2", "L3", "L4"]

        [lora]

        rank = 16

        alpha = 32.0

        [pace]

        rate = 2e-4

        pack_tokens = 0         # length of a row; 0: the longest example

        packs = 4               # rows in a step

        check_every = 50        # steps between two looks at the validation examples, each with a checkpoint

        patience = 3            # looks without improvement before a phase ends

        [[phase]]

        kinds = ["thinking"]    # first thinking alone ...

        [[phase]]               # ... then everything

    Learned from are the tokens that the model must write itself: thinking, answer, end of turn (--show prints them).
    Killed, the same command goes on from its last checkpoint and comes to the same adapter. The run's folder holds
    the adapter, run.json (base digest, template, prompt version, corpus, settings, versions, seeds, curve), curve.png,
    log.jsonl.

    A new client's layer on a finished adapter: `--layers L4 --from run/adapter`.

    torch, transformers, peft and bitsandbytes are needed (extra `training-qlora`); ATTUNE_TRAINING_PYTHON names a
    Python that has them, where that is another environment.

    Example: `attune train qlora qlora.toml --corpus composed --out run`
    """
    given: list[object] = [settings, "--corpus", corpus, *(["--layers", layers] if layers else [])]
    if show:
        _run("training.qlora", ["show", *given, "--count", show], heavy=True)
        return
    if out is None:
        raise typer.BadParameter("missing: name the folder of the run", param_hint="--out")
    options = [*(["--from", begin] if begin else []), *(["--log", log] if log else [])]
    _run("training.qlora", ["train", *given, "--out", out, *options], heavy=True)


def _run(module: str, options: list[object], heavy: bool = False) -> None:
    """A step, in the Python that has torch where it needs one; where it fails, its status is ours."""
    python = os.environ.get(PYTHON) if heavy else None
    try:
        done = subprocess.run([python or sys.executable, "-m", module, *map(str, options)], check=False)
    except OSError as error:
        raise typer.BadParameter(f"{PYTHON}={python}: {error.strerror}; expected a Python with torch") from error
    if done.returncode:
        raise typer.Exit(done.returncode)
