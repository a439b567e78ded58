"""`attune train synthesize` and `review`: examples of staged lives; the rooms that make them are processes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.train_steps import start

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
    start("training.synthesis", ["plan", *given])
    start("threshold_service.staged", [out, *(["--workers", workers] if workers else [])])
    options = [*(["--yes"] if yes else []), *(["--short"] if short else []), *(["--log", log] if log else [])]
    start("training.synthesis", ["make", *given, *options])


def review(
    folder: Annotated[
        Path, typer.Argument(help="A corpus, with --out; or the folder that `attune train synthesize` wrote.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Look this corpus over: folder of the page and of review.jsonl.")
    ] = None,
    most: Annotated[int, typer.Option(help="With --out: so many examples to look at, at most.", min=1)] = 200,
    settings: Annotated[
        Path | None, typer.Option(help="With --out: settings of the model that is asked (attune train qlora).")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="With --settings: the run whose adapter is asked.")] = None,
    port: Annotated[int, typer.Option(help="On 127.0.0.1. Default: a free one.", min=0, max=65535)] = 0,
    log: Annotated[Path | None, typer.Option(help="Append what happens to this file, one JSON object a line.")] = None,
) -> None:
    """Which examples a person should look at, and what was decided about them.

    `attune train review CORPUS --out FOLDER` looks a corpus over. Something speaks against an example where it lies far
    from every cluster of similar ones (TF-IDF of its words, HDBSCAN), where its neighbours say something else
    (confident learning on their votes), where its quality score is low, where two teachers disagreed, and, with
    --settings and --run, where its answer surprises that adapter (mean log-probability of its tokens). Each is a number
    of 0 to 1; examples come in the order of their sum.

    FOLDER/review.html is one page without network: clusters as a picture, the examples, keep, drop or relabel with a
    reason and by whom; it saves review.jsonl, which may be edited by hand just as well. `attune train compose
    --reviewed FOLDER/review.jsonl` honours it. The same command again keeps what was decided; a model is asked once.

    `attune train review SYNTHETIC`, without --out, is the page of what two teachers disagree about. Shown are the
    report, what was staged, and both answers. Whom you press is learned from when the same `attune train synthesize`
    runs again, which asks nothing twice. Decisions are kept in decisions.jsonl, one a line; a later one about the same
    question counts.

    Example: `attune train review synthetic/corpus --out review`
    """
    if out is None:
        if settings is not None or run is not None or log is not None:
            raise typer.BadParameter("missing: name the folder of the page", param_hint="--out")
        if (folder / "manifest.json").is_file():
            raise typer.BadParameter(f"{folder} is a corpus: name the folder of the page", param_hint="--out")
        start("training.synthesis", ["review", folder, "--port", port])
        return
    if (settings is None) != (run is None):
        raise typer.BadParameter("--settings and --run go together: the base, and the adapter that is asked")
    options: list[object] = ["--out", out, "--most", most, *(["--log", log] if log else [])]
    if settings is not None and run is not None:
        surprise = out / f"surprise-{_adapter(run)}.jsonl"
        start("training.qlora", ["surprise", settings, "--corpus", folder, "--run", run, "--out", surprise], heavy=True)
        options += ["--surprise", surprise]
    start("training.curating", [*options, "--", folder])


def _adapter(run: Path) -> str:
    """The beginning of the digest of a run's adapter."""
    try:
        return str(json.loads((run / "run.json").read_text(encoding="utf-8"))["adapter_sha256"])[:12]
    except (OSError, ValueError, KeyError) as error:
        told = f"{run / 'run.json'}: {error}; expected the folder of a run"
        raise typer.BadParameter(told, param_hint="--run") from error
