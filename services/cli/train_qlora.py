"""`attune train qlora`, `evaluate` and `bundle`: from a composed corpus to an adapter that a server admits."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.train_steps import start

Settings = Annotated[Path, typer.Argument(help="TOML file: base model, adapter, pace, phases.")]
Composed = Annotated[Path, typer.Option("--corpus", help="The composed corpus (attune train compose).")]
Run = Annotated[Path, typer.Option("--run", help="The folder that `attune train qlora` wrote.")]
Layers = Annotated[str, typer.Option(help="Learn from these layers alone, e.g. L1,L2. Default: as the settings say.")]


def qlora(
    settings: Settings,
    corpus: Composed,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; an unfinished one is gone on with.")] = None,
    layers: Layers = "",
    begin: Annotated[
        Path | None,
        typer.Option("--from", help="Begin as this finished adapter or bundle; its files are only read."),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="Public key: begin on a bundle only if that key signed it (attune adapters keys)."),
    ] = None,
    show: Annotated[int, typer.Option(help="Train nothing: print so many sequences, each token with its mark.")] = 0,
    log: Annotated[Path | None, typer.Option(help="Append what happens here. Default: log.jsonl in the run.")] = None,
    processes: Annotated[
        int | None,
        typer.Option(help="Processes that train together. Default: one for each visible GPU; 1 without.", min=1),
    ] = None,
) -> None:
    """Teach an adapter: LoRA on the language model of a Qwen3-VL whose weights lie in four bits (NF4, quantised twice).

    A settings file; everything but the first two lines may be left out:

        base = "Qwen/Qwen3-VL-8B-Thinking"      # the name it is served by

        model = "models/Qwen3-VL-8B-Thinking"   # its folder; counts from this file

        layers = ["L1", "L2", "L3", "L4"]

        unteachable = 0.01      # share of examples that may be left out because they cannot be taught

        [lora]

        rank = 16

        alpha = 32.0

        parts = ["language"]    # what learns; "vision" (the tower) and "merger" too need a server with a flag

        from_layer = 0          # of the language model; 0.5: its later half

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

    A second pass with pictures: `--recipe frames` composes its examples, `--from run/adapter` goes on from the first,
    and lora.parts says what learns. `backend = "unsloth"` computes it with Unsloth, which needs a GPU.

    A new client's layer on a finished adapter: `--layers L4 --from run/adapter`, or `--from house --trust adapters.pub`
    for a bundle: every file must be as it was sealed, the key the one that signed it, and the base the same.

    On several GPUs one process for each shares the rows of every step, or as many as --processes says, or those that
    torchrun started; any number goes on from a checkpoint. A base that fits no single GPU is spread over them with
    `shard = true` in the settings, above the first table.

    torch, transformers, peft and bitsandbytes are needed (extra `training-qlora`); ATTUNE_TRAINING_PYTHON names a
    Python that has them, where that is another environment.

    Example: `attune train qlora qlora.toml --corpus composed --out run`
    """
    given: list[object] = [settings, "--corpus", corpus, *(["--layers", layers] if layers else [])]
    if show:
        start("training.qlora", ["show", *given, "--count", show], heavy=True)
        return
    if out is None:
        raise typer.BadParameter("missing: name the folder of the run", param_hint="--out")
    if begin is not None and (trust is not None or (begin / "manifest.json").is_file()):
        start("training.bundle.opening", [begin, *(["--trust", trust] if trust else [])])
    elif trust is not None:
        raise typer.BadParameter("a key without --from: name the bundle that it signed", param_hint="--trust")
    options = [*(["--from", begin] if begin else []), *(["--log", log] if log else [])]
    options += ["--processes", processes] if processes else []
    start("training.qlora", ["train", *given, "--out", out, *options], heavy=True)


def evaluate(
    settings: Settings,
    corpus: Composed,
    run: Run,
    moments: Annotated[
        Path | None, typer.Option(help="Folder `moments` of the synthesis: with it claims are checked against events.")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="Compare with this adapter. Default: with the base alone.")
    ] = None,
    layers: Layers = "",
    most: Annotated[int, typer.Option(help="Ask at most so many test examples, in turns. 0: all.", min=0)] = 0,
    thinking: Annotated[int, typer.Option(help="Tokens of thinking, then it is ended.", min=1)] = 2048,
    answer: Annotated[int, typer.Option(help="Tokens of the answer.", min=1)] = 1024,
    at_once: Annotated[
        int, typer.Option(help="Examples answered at a time: faster, and each takes memory of its own.", min=1)
    ] = 4,
    margin: Annotated[float, typer.Option(help="By how much a share may be worse before it is marked.")] = 0.05,
    judge: Annotated[
        Path | None, typer.Option(help="TOML file of a model that marks the reasoning by a rubric (name, model, url).")
    ] = None,
    ratings: Annotated[
        Path | None, typer.Option(help="JSON lines of people's marks: does the judge mark as they do?")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write the answers for people to mark, without who gave them.")
    ] = None,
) -> None:
    """Have an adapter answer the corpus' test examples, and count what the answers are worth, beside its base.

    Counted are valid answers, agreement with the corpus' tier, whether what must be escalated is and what must not is
    not, claims that the measurements bear out, answers without a contradicted claim, thinking kept and how long it is,
    right short answers: for all, each layer and each slice (population, mode, family), with 95 % intervals and a
    paired bootstrap against the base or --beside. Greedy, in the precision in which it is served, and without a
    grammar that would make every answer valid.

    With --judge, a model on a server marks the reasoning by a rubric, 0 to 4 each: evidence used, alternatives weighed,
    uncertainty stated, action fits, no diagnosis. It is not told whose answer it reads. Answers of the judge are on
    disk, asked once; what it refuses, leaves out or answers with nonsense is counted, never guessed. A settings file:

        name = "judge"

        model = "MODEL"

        url = "http://127.0.0.1:8000/v1"    # any OpenAI-compatible server; protocol = "anthropic" for the other

        key_variable = "JUDGE_KEY"          # the environment variable with the key

        price_in = 0.5                      # per million tokens; with a price, a budget

        price_out = 1.5

        budget = 5.0

    --sheet writes the answers for people, who fill in their marks; --ratings takes them back and shows how far the
    judge agrees with them (Spearman, quadratic-weighted kappa).

    After a new layer on a finished adapter, `--beside first/adapter --layers L1,L2,L3` shows whether it is still as
    good at what it knew: where a share is not shown to be within --margin, the exit status is 3. Killed, the same
    command goes on: every answer is on disk. Written are evaluation.json and evaluation.html in the run.

    Example: `attune train evaluate qlora.toml --corpus composed --run run --moments synthetic/moments`
    """
    given: list[object] = [settings, "--corpus", corpus, "--run", run, *(["--layers", layers] if layers else [])]
    budget: list[object] = ["--thinking", thinking, "--answer", answer, "--most", most, "--at-once", at_once]
    start("training.qlora", ["answer", *given, *budget, *(["--beside", beside] if beside else [])], heavy=True)
    options: list[object] = ["--corpus", corpus, "--margin", margin]
    for name, file in (("--moments", moments), ("--judge", judge), ("--ratings", ratings), ("--sheet", sheet)):
        options += [name, file] if file else []
    start("training.evaluating", [run, *options])


def published(
    benchmark: Annotated[str, typer.Argument(help="dfew, mafw, emer-ov, emer-clue, emer-label or eibench.")],
    answers: Annotated[
        list[Path], typer.Argument(help="JSON lines, one item each. dfew, mafw: also the folder of a run; one a fold.")
    ],
    corpus: Annotated[
        list[Path] | None, typer.Option(help="dfew, mafw: the corpus that a run was asked about, one for each run.")
    ] = None,
    wheel: Annotated[
        list[Path] | None,
        typer.Option(help="emer-ov: JSON object of label to group; several, such as five wheels, are averaged."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the figures as JSON, too.")] = None,
    judge: Annotated[
        Path | None,
        typer.Option(help="eibench, emer-*: TOML file of the model that judges, as of `attune train evaluate`."),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(help="With --judge: TOML file with what it is asked (system, user). Default: our words."),
    ] = None,
) -> None:
    """A published benchmark's figures of what any model answered, beside what others published.

    dfew, mafw: weighted and unweighted average recall of one label an item,

        {"truth": "happiness", "said": "happiness"}

    or the folder of a run whose adapter answered them (`attune train evaluate`), with its --corpus; several, five of
    the official folds in order, are measured apart and averaged, as published figures are,

    emer-ov: accuracy, recall and their mean over open sets of words,

        {"truth": ["joyful", "grateful"], "said": ["happy"]}

    emer-clue, emer-label: the mean of what a judge gives, 0 to 10, with --judge

        {"said": "He frowns, so he is angry.", "truth": "A frown and a loud voice: anger."}

    or of what a judge gave before,

        {"score": 8}

    eibench: the mean share of true triggers that a judge finds in what was said, with --judge

        {"picture": "Happy/1.jpg", "said": "a medal", "truth": ["medal", "team"]}

    or of what a judge said before,

        {"picture": "Happy/1.jpg", "score": "{score: 1/2} the medal"}

    The default wording is ours; --words takes the authors' own, with {record} and {truth} in their places.
    """
    more: list[object] = [part for file in wheel or [] for part in ("--wheel", file)]
    for name, file in (("--out", out), ("--judge", judge), ("--words", words)):
        more += [name, file] if file is not None else []
    more += [part for folder in corpus or [] for part in ("--corpus", folder)]
    start("training.evaluating.published", [*more, "--", benchmark, *answers])


def bundle(
    settings: Settings,
    corpus: Composed,
    run: Run,
    out: Annotated[Path, typer.Option(help="Folder of the bundle; must not be there yet.")],
    name: Annotated[str, typer.Option(help="Of the adapter: lower case, digits, dashes.")],
    key: Annotated[Path | None, typer.Option(help="Private key that signs it (attune adapters keys).")] = None,
    approved_by: Annotated[str, typer.Option(help="Who answers for it.")] = "",
    sees: Annotated[str, typer.Option(help="text, or frames where pictures were learned from.")] = "text",
    purpose: Annotated[
        str, typer.Option("--for", help="product, or research: what the adapter is to be run for.")
    ] = "product",
) -> None:
    """Pack an evaluated adapter into the bundle that the VLM service admits, and sign it.

    Golden prompts are taken from validation and test examples: places where the adapter expects something else than
    its base, with what both expect, computed on the whole base. A server proves with them that it really uses the
    adapter. The card has base digest, corpus, figures of the evaluation, versions and seeds; run.json, curve.png,
    evaluation.json and evaluation.html lie beside it.

    The card names every source that was learned from, with its terms. An adapter of which one was taken for research
    alone is refused unless `--for research` is said, and then its card says so. That, the evaluation, name, key and
    folder are looked at before anything is computed.

    Example: `attune train bundle qlora.toml --corpus composed --run run --name house --out house --key private.pem`
    """
    options: list[object] = ["--name", name, "--out", out, "--sees", sees, "--approved-by", approved_by]
    options += ["--for", purpose, *(["--key", key] if key else [])]
    start("training.bundle", [run, *options, "--check"])  # before minutes are spent on what may not be packed
    start("training.qlora", ["golden", settings, "--corpus", corpus, "--run", run], heavy=True)
    start("training.bundle", [run, *options])
