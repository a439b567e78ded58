"""`attune train corpus` and `compose`: what adapters learn from; the training room does it, as a process."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

Log = Annotated[Path | None, typer.Option(help="Append what happens to this file, one JSON object a line.")]


def corpus(
    settings: Annotated[Path, typer.Argument(help="TOML file that names the data sets, their folders and the use.")],
    out: Annotated[Path, typer.Option(help="Folder of the corpus; an unfinished one is gone on with.")],
    log: Log = None,
) -> None:
    """Read data sets that lie in their official folders into one corpus.

    A settings file:

        use = "research"        # or product, or evaluation

        seed = 0                # of the division into training, validation and test

        [films]                 # may be left out

        frames = 4              # pictures of each film at most, up to 8

        keep = false            # true stores the films beside their pictures

        [[source]]

        dataset = "DFEW"

        folder = "data/DFEW"    # counts from where this file lies

        use = "evaluation"      # where it differs from the rest

        fold = 1                # DFEW: which of its five official folds

        scores = "mafw.parquet" # of films: what `attune edge record-scores FOLDER --mode affect` wrote of them

    Known: MERR, EIBench, Omni-Emotion-SRE, Aff-Wild2, DFEW, FERV39k, EMOTIC, FindingEmo, MAFW, CALMED, SSBD+, DEEMO,
    egoEMOTION, facility-feedback. Each file in training/corpus/readers opens with the layout it expects, where that is
    from, and what of it is uncertain.

    A data set whose terms forbid the use is refused before anything is read (training/corpus/licences.toml; a reading
    by engineers, no legal advice). Nobody is in two of training, validation and test; where a data set does not tell
    whom it shows, the output says that nothing is proven. Labels that none of our words fit are kept as "cannot map".
    Benchmarks and a facility's own feedback are never learned from. A file that is missing, none of its kind or damaged
    is left out, counted, and named in the log. Films are cut here into a few pictures, each with its time; expression,
    audio features, movement and sounds stand in the words before them where `scores` names a table.

    Ctrl-C loses nothing: the same command goes on. The corpus is Parquet, raw files by digest, and a manifest with a
    fingerprint that is equal for equal contents, whatever their order.

    Example: `attune train corpus corpus.toml --out corpus --log corpus.jsonl`
    """
    _run(["build", settings, "--out", out, *_log(log)])


def compose(
    corpora: Annotated[list[Path], typer.Argument(help="Corpora to take from.")],
    out: Annotated[Path, typer.Option(help="Folder of the composition, a corpus of its own.")],
    recipe: Annotated[str, typer.Option(help="default, broad, lean or frames, or a TOML file.")] = "default",
    layers: Annotated[str, typer.Option(help="Layers to build, separated by commas.")] = "L1,L2,L3,L4",
    short: Annotated[bool, typer.Option("--short", help="Take what there is where a part asks for more.")] = False,
    reviewed: Annotated[
        list[Path] | None, typer.Option(help="Decisions of people (attune train review); may be given several times.")
    ] = None,
    log: Log = None,
) -> None:
    """Choose from corpora what an adapter learns, by a recipe of counts per layer and kind.

    `default` is 7,500 examples, three in four of them thinking; `broad` goes by layer within bounds; `lean` is 6,500;
    `frames` is 10,000 to 15,000 that show pictures, for a second pass.
    A recipe of your own:

        name = "mine"

        least_quality = 0.5     # of 0 to 1

        [[part]]

        layer = "L1"            # L1 general, L2 healthcare, L3 behavioural, L4 special needs; none: any

        kind = "thinking"       # or false_positive, classification, factual; none: any

        pictures = true         # with pictures, no film or sound; false: no recording at all; not said: any

        count = 2653            # or least and most

    Before anything is chosen, training loses what evaluation shows: the same raw file, the same subject, nearly the
    same words (MinHash, Jaccard index 0.8). Within a part labels take turns, so that a frequent one does not crowd
    out a rare one. A build of L1 is part of a build of L1 and L2 from the same corpora and recipe, and so on.

    The folder holds the composition as a corpus, composition.md (achieved shares, sources and terms, what was dropped
    and why) and composition.png. A recipe that asks for more than there is is refused, with every missing number.

    With --reviewed, what people decided about single examples comes first: dropped ones are neither learned from nor
    measured with, relabelled ones say the new label; the report counts both by reason. A decision about an example
    that says something else by now is an error.

    Example: `attune train compose corpus synthetic --recipe default --layers L1,L2 --out composed`
    """
    options = ["--out", out, "--recipe", recipe, "--layers", layers, *(["--short"] if short else []), *_log(log)]
    options += [part for file in reviewed or [] for part in ("--reviewed", file)]
    _run(["compose", *options, "--", *corpora])


def _log(log: Path | None) -> list[object]:
    return ["--log", log] if log else []


def _run(arguments: list[object]) -> None:
    done = subprocess.run([sys.executable, "-m", "training.corpus", *map(str, arguments)], check=False)
    raise typer.Exit(done.returncode)
