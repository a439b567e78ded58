"""`attune train`: models of an operator's own; the training room makes them, as a process."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli import train_data, train_qlora, train_synthesis
from services.runtime.assets import AssetError, Shelf

app = typer.Typer(no_args_is_help=True, help="Make models of your own, and what they learn from (extra `training`).")
app.command("corpus")(train_data.corpus)
app.command("compose")(train_data.compose)
app.command("synthesize")(train_synthesis.synthesize)
app.command("review")(train_synthesis.review)
app.command("qlora")(train_qlora.qlora)
app.command("evaluate")(train_qlora.evaluate)
app.command("published")(train_qlora.published)
app.command("bundle")(train_qlora.bundle)
YAMNET = "yamnet.onnx"


@app.callback()
def train() -> None:
    """Make models of your own, and what they learn from (extra `training`)."""


@app.command("cues")
def cues(
    sounds: Annotated[Path, typer.Argument(help="A folder with a folder of sounds for each label, or a CSV file.")],
    out: Annotated[Path, typer.Option(help="Where to write the head: .onnx. Its card and plot lie beside it.")],
    embedding: Annotated[
        Path | None, typer.Option(help="Sound model whose embedding is used. Default: yamnet.onnx of the assets.")
    ] = None,
    family: Annotated[
        str, typer.Option(help="What kind of model that is: yamnet, wav2vec2, hubert, wavlm, emotion2vec or clap.")
    ] = "yamnet",
    acoustics: Annotated[
        bool, typer.Option("--acoustics", help="Learn from MFCC, energy, zero crossings, centroid and pitch too.")
    ] = False,
    folds: Annotated[int, typer.Option(help="At most so many parts, each left out once.", min=2, max=20)] = 5,
    seed: Annotated[int, typer.Option(help="Of the division into parts; equal seeds make equal heads.")] = 0,
    licence: Annotated[
        list[str] | None, typer.Option(help="Terms of the sounds, for the card; may be given several times.")
    ] = None,
) -> None:
    """Teach the ear your house: a light classifier for care cues on a sound model's embedding.

    Labels are the names of cues (scream, cry, whimper, moan, groan, sigh, shout, laughter, cough, fall_noise, glass,
    alarm) and `none`, for sounds of an ordinary day. A folder: `cry/one.wav`, or `cry/RECORDING/one.wav` where several
    files come from one recording. A CSV file: columns `file`, `label` and, where wanted, `start`, `end` (seconds),
    `recording`, `licence`. A label needs at least two recordings.

    Written are the head (ONNX: embedding in, a probability for each cue out), a card (labels, sounds, terms, figures
    with intervals) as Markdown and JSON, and a plot of the confusion tables. Every figure is of sounds whose recording
    the head did not hear, beside the model's own classes on the same sounds.

    A larger model's embedding may be taken instead of YAMNet's (`--embedding wavlm.onnx --family wavlm`, an ONNX file
    that takes samples); an agent then needs it as `cue_embedding`, and hears every window with both.

    An edge agent takes the head by `cue_head = "house.onnx"`; with `cue_head_use = "instead"` its word alone counts
    for its cues, else the larger of both.

    Example: `attune train cues recordings/ --out house.onnx --licence "recorded with consent, our own"`
    """
    try:
        model = embedding or Shelf.open().find(YAMNET)
    except AssetError as error:
        raise typer.BadParameter(str(error)) from error
    options: list[object] = ["--embedding", model, "--out", out, "--family", family, "--folds", folds, "--seed", seed]
    options += ["--acoustics"] if acoustics else []
    for one in licence or []:
        options += ["--licence", one]
    done = subprocess.run([sys.executable, "-m", "training.cues", *map(str, options), "--", str(sounds)], check=False)
    raise typer.Exit(done.returncode)
