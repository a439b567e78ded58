"""`attune train synthesize` and `review`: examples of staged lives; the rooms that make them are processes."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

Settings = Annotated[
    Path, typer.Argument(help="TOML file: how many lives and examples, who teaches, what it may cost.")
]
Out = Annotated[Path, typer.Option(help="Folder of the work; an unfinished one is gone on with.")]


def synthesize(
    settings: Settings,
    out: Out,
    yes: Annotated[bool, typer.Option("--yes", help="Spend more than `ask_above` without asking.")] = False,
    short: Annotated[bool, typer.Option("--short", help="Take what there is where moments are too few.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes that play lives. Default: half of the cores.", min=1)
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Append what happens to this file, one JSON object a line.")] = None,
) -> None:
    """Make examples of L2 to L4, false alarms, classification and facts from staged lives.

    Three steps, each of which goes on where it was interrupted: lives are drawn; the real threshold engine watches
    them, second by second; a teacher answers what the live service would ask about what the engine noticed, in the live
    service's own words, and every answer passes filters before it is an example.

    A settings file:

        seed = 1

        people = 24             # a multiple of 6; they live `days` days, the first of them to be learned

        recipe = "default"      # what to make, times `scale`; its L1 comes from data sets (attune train corpus)

        scale = 0.02

        [[teacher]]

        name = "rules"          # the house's own fallback reasoner: no server, no price

        protocol = "rules"

    Or a model behind an address, by the protocol openai (any compatible server, vLLM too) or anthropic:

        budget = 25.0           # in the currency of the prices; reached, nothing more is asked

        ask_above = 5.0         # an estimate above this wants --yes

        [[teacher]]

        name = "big"

        protocol = "openai"

        model = "MODEL"

        url = "http://127.0.0.1:8000/v1"

        key_variable = "TEACHER_KEY"    # environment variable with the key

        terms = "TERMS UNDER WHICH ITS ANSWERS MAY BE LEARNED FROM"

        price_in = 0.5          # per million tokens

        price_out = 1.5

    A second [[teacher]] answers `second_share` of the questions too; what the two disagree about waits for a person
    (attune train review). Every answer is on disk before it is used: nothing paid for is asked twice. The corpus lies
    in FOLDER/corpus, the report with every refusal in FOLDER/synthesis.md.

    Example: `attune train synthesize synthesis.toml --out synthetic --log synthetic.jsonl`
    """
    given: list[object] = [settings, "--out", out]
    _run("training.synthesis", ["plan", *given])
    _run("threshold_service.staged", [out, *(["--workers", workers] if workers else [])])
    options = [*(["--yes"] if yes else []), *(["--short"] if short else []), *(["--log", log] if log else [])]
    _run("training.synthesis", ["make", *given, *options])


def review(
    folder: Annotated[Path, typer.Argument(help="The folder that `attune train synthesize` wrote.")],
    port: Annotated[int, typer.Option(help="On 127.0.0.1. Default: a free one.", min=0, max=65535)] = 0,
) -> None:
    """Decide what two teachers disagree about, on a page in the browser.

    Shown are the report, what was staged, and both answers. Whom you press is learned from when the same `attune train
    synthesize` runs again, which asks nothing twice. Decisions are kept in decisions.jsonl, one a line; a later one
    about the same question counts.

    Example: `attune train review synthetic`
    """
    _run("training.synthesis", ["review", folder, "--port", port])


def _run(module: str, options: list[object]) -> None:
    """A step; where it fails, its status is ours."""
    done = subprocess.run([sys.executable, "-m", module, *map(str, options)], check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)
