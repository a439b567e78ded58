"""What `python -m training.qlora` does: `show` what is learned from, `train` an adapter, have it `answer`
what it never saw, find `golden` prompts, say how much each answer is a `surprise`."""

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import transformers
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from safetensors import SafetensorError

from training.corpus.assets import digest_of, write_whole
from training.corpus.errors import CorpusError
from training.corpus.example import Layer
from training.corpus.journal import Journal
from training.corpus.store import Corpus
from training.corpus.terms import merged
from training.qlora import afterwards, lora, parallel, record, surprising, unsloth_backend
from training.qlora import base as base_room
from training.qlora.base import Base, open_base
from training.qlora.checkpoint import Standing
from training.qlora.curve import draw
from training.qlora.errors import NoRoom, NothingLearned, SettingsInvalid
from training.qlora.lessons import Lessons, lessons, steps
from training.qlora.parallel import Together
from training.qlora.record import inherited
from training.qlora.settings import TrainingSettings
from training.qlora.sharding import spread
from training.qlora.training import Trainer, peak_bytes
from training.qlora.watching import INTERRUPTED, LOST, REFUSED
from vlm_service.dialogue import prompt_version


def main(asked: argparse.Namespace) -> int:
    """The exit status: 0 all is done, 2 it is not, with one line that says why, 130 interrupted, 3 the connection to
    the other processes of the training is gone."""
    transformers.utils.logging.disable_progress_bar()
    try:
        settings = _settings(asked)
        match asked.what:
            case "show":
                _show(settings, asked.corpus, asked.count)
            case "train":
                _train(settings, asked)
            case "answer":
                afterwards.answer(settings, asked)
            case "surprise":
                surprising.surprise(settings, asked)
            case _:
                afterwards.golden_prompts(settings, asked)
    except CorpusError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return _say("interrupted; the same command goes on from the last checkpoint", INTERRUPTED)
    except RuntimeError as error:
        if not parallel.lost(error):
            raise
        return _say("another process of this training is gone; the same command goes on from the last checkpoint", LOST)
    except OSError as error:
        return _refuse(f"{error.filename or ''}: {error.strerror}; the same command goes on from the last checkpoint")
    return 0


def _train(settings: TrainingSettings, asked: argparse.Namespace) -> None:
    console = Console(stderr=True, highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with parallel.joined(settings.shard) as together:
        corpus, base = Corpus.open(asked.corpus), open_base(settings.model)
        begun = _begun(settings, asked, corpus, base)
        if together.first:
            record.begin(asked.out, begun)
        log = (asked.log or asked.out / "log.jsonl") if together.first else None
        with Journal.open(log) as journal, Progress(*columns, console=console, disable=not together.first) as bar:
            reading = bar.add_task("reading", total=corpus.manifest.rows)
            taught = lessons(corpus, base, settings, lambda: bar.advance(reading), journal.say)
            plan = steps(taught, settings)
            journal.say("planned", {"steps": len(plan), "sequences": len(taught.train), "room": taught.room,
                                    "validation": len(taught.validation), "left_out": taught.left_out,
                                    "processes": together.count})  # fmt: skip
            for line in _remarks(settings, taught, together) if together.first else ():
                console.print(f"attune: {line}")
            model = _model(settings, base, asked.begin, together)
            told = _Told(journal, bar, bar.add_task("learning", total=len(plan)))
            trainer = Trainer(model, base, corpus.assets, taught, settings, asked.out, told, together)
            identity = hashlib.sha256(begun.model_dump_json().encode()).hexdigest()
            standing = trainer.train(plan, identity)
            most = int(together.most(peak_bytes()))
            if not together.first:
                return
            _save(model, settings, asked.out)
            before = inherited(asked.begin) if asked.begin else ()
            taught = replace(taught, sources=merged((*taught.sources, *before)))
            run = _record(settings, begun, taught, standing, asked.out)
            run = run.model_copy(update={"processes": together.count, "peak_bytes": most})
            write_whole(asked.out / record.RUN, run.model_dump_json(indent=1).encode())
            draw(run.losses, run.looks, asked.out / record.CURVE)
            journal.say("finished", {"ended": run.ended, "steps": run.steps, "adapter": run.adapter_sha256})
    best = f", best validation loss {standing.best:.4f}" if standing.looks else ""
    console.print(f"written: {asked.out / record.ADAPTER} after {standing.step} steps{best}; {record.RUN} and "
                  f"{record.CURVE} tell how")  # fmt: skip


def _begun(settings: TrainingSettings, asked: argparse.Namespace, corpus: Corpus, base: Base) -> record.Begun:
    named = record.BaseNamed(model=settings.base, weights_sha256=base.weights)
    return record.Begun(
        base=named, template=base.template, prompt_version=prompt_version(), corpus=corpus.manifest.fingerprint,
        settings=settings.digest, began_as=lora.check_base(asked.begin, base) if asked.begin else "",
    )  # fmt: skip


def _remarks(settings: TrainingSettings, taught: Lessons, together: Together) -> Iterator[str]:
    if taught.untaught:
        yield f"{len(taught.untaught)} examples cannot be taught and are left out; {record.RUN} will say which and why"
    if not taught.validation:
        yield "no validation example: the last adapter is taken for the best"
    if settings.pace.packs % together.count:
        yield (f"pace.packs is {settings.pace.packs} and there are {together.count} processes: in each step some wait "
               f"for the others; a multiple of {together.count} keeps all at work")  # fmt: skip


def _model(settings: TrainingSettings, base: Base, begin: Path | None, together: Together) -> Any:
    unsloth = settings.backend == "unsloth"
    whole = (
        unsloth_backend.load(base, settings.precision) if unsloth
        else base_room.load(base, settings.precision, settings.shard)
    )  # fmt: skip
    given = settings.lora, settings.seed, settings.base, settings.checkpointing
    lay = unsloth_backend.lay if unsloth else lora.plain
    model = lora.go_on_from(whole, begin, *given, lay) if begin else lora.begin(whole, *given, lay)
    if unsloth:
        unsloth_backend.prove_apart(model, base)
    if together.sharded:
        spread(model, together)
    return model


class _Told:
    """A step for the journal and the bar."""

    def __init__(self, journal: Journal, bar: Progress, task: TaskID) -> None:
        self._journal, self._bar, self._task = journal, bar, task

    def __call__(self, what: str, fields: dict[str, object]) -> None:
        self._journal.say(what, fields)
        if isinstance(step := fields.get("step"), int):
            said = f"learning, loss {fields['loss']:.3f}" if what == "step" else "learning"
            self._bar.update(self._task, completed=step, description=said)


def _save(model: Any, settings: TrainingSettings, out: Path) -> None:
    """The adapter beside the run, whole or not at all, with the base's name instead of a path."""
    arriving, target = out / f"{record.ADAPTER}.arriving", out / record.ADAPTER
    shutil.rmtree(arriving, ignore_errors=True)
    if not any(bool(one.any()) for name, one in lora.trained(model).items() if ".lora_B." in name):
        raise NothingLearned("every lora_B is zero after the training: nothing was learned; raise pace.rate or epochs")
    try:
        model.save_pretrained(str(arriving), safe_serialization=True, save_embedding_layers=False)
    except SafetensorError as error:
        raise NoRoom(f"{arriving}: {error}; make room and run the same command again, the training is kept") from error
    (arriving / "README.md").unlink(missing_ok=True)
    config = json.loads((arriving / lora.CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = settings.base
    (arriving / lora.CONFIG).write_text(json.dumps(config, indent=1, sort_keys=True), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(arriving, target)


def _record(
    settings: TrainingSettings, begun: record.Begun, taught: Lessons, standing: Standing, out: Path
) -> record.Run:  # fmt: skip
    learned = record.Learned(
        fingerprint=begun.corpus, examples=taught.examples, sequences=len(taught.train), layers=taught.layers,
        left_out=taught.left_out, untaught=taught.untaught,
        sources=taught.sources,
    )  # fmt: skip
    return record.Run(
        base=begun.base, template=begun.template, prompt_version=begun.prompt_version, corpus=learned,
        began_as=begun.began_as, settings=settings.model_dump(mode="json", exclude={"model"}),
        software=record.software(), seeds={"training": settings.seed}, device=base_room.device(),
        steps=standing.step, ended=standing.ended, losses=tuple(standing.losses), looks=tuple(standing.looks),
        tokens=standing.tokens, seconds=round(standing.seconds, 3), peak_bytes=peak_bytes(),
        adapter_sha256=digest_of(out / record.ADAPTER / lora.WEIGHTS),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def _show(settings: TrainingSettings, folder: Path, count: int) -> None:
    """The first sequences as JSON lines: what is given, what is learned, and every token with its mark."""
    corpus, base = Corpus.open(folder), open_base(settings.model)
    shown = 0
    for example in corpus.examples():
        for turn in base.turns(example) if example.layer in settings.layers else ():
            tokens = base.tokens(turn, corpus.assets)
            words = [base.tokenizer.decode([one]) for one in tokens.ids]
            said = {"example": turn.example, "given": turn.given, "learned": turn.learned,
                    "tokens": list(zip(words, tokens.learned.tolist(), strict=True))}  # fmt: skip
            sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
            shown += 1
            if shown >= count:
                return


def _settings(asked: argparse.Namespace) -> TrainingSettings:
    settings = TrainingSettings.read(asked.settings)
    if not asked.layers:
        return settings
    try:
        return settings.model_copy(update={"layers": tuple(Layer(one) for one in asked.layers.split(","))})
    except ValueError as error:
        raise SettingsInvalid(f"--layers {asked.layers}: expected some of L1,L2,L3,L4") from error


def _refuse(why: str) -> int:
    print(f"attune: {why}", file=sys.stderr)  # noqa: T201 - a person reads this
    return REFUSED


def _say(why: str, status: int) -> int:
    """Where another process started this one, that says it."""
    if parallel.LAUNCHED not in os.environ:
        _refuse(why)
    return status
