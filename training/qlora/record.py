"""What a training was: `begun.json` says what it learns from before it starts, `run.json` what came of it."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from training.corpus.assets import write_whole
from training.corpus.terms import Terms
from training.qlora.errors import BaseChanged, CheckpointDamaged, SettingsInvalid, TemplateChanged, TrainingError

BEGUN, RUN, ADAPTER, CURVE = "begun.json", "run.json", "adapter", "curve.png"
ANSWERS, GOLDEN = "answers.json", "golden.json"
_SOFTWARE = ("torch", "transformers", "peft", "bitsandbytes", "safetensors")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BaseNamed(_Part):
    """The base model: the name it is served by, and the digest of its weights (`training.qlora.base`)."""

    model: str
    weights_sha256: str


class Begun(_Part):
    """Everything that the result follows from. `began_as` is the digest of the adapter it went on from, or empty."""

    base: BaseNamed
    template: str
    prompt_version: str
    corpus: str
    settings: str
    began_as: str = ""


class Learned(_Part):
    """What it learned from: the corpus' fingerprint, examples and tokens, the share of each layer; what was left out,
    counted by reason, and why each of the `untaught` examples cannot be taught; the terms of all `sources`, those
    of the adapter that it went on from among them."""

    fingerprint: str
    examples: int
    sequences: int
    layers: dict[str, float]
    left_out: dict[str, int]
    untaught: dict[str, str] = {}
    sources: tuple[Terms, ...] = ()


class Run(_Part):
    """A finished training. `losses` are (step, nats per token learned from), `looks` the same of validation examples;
    `tokens` went through the model in `seconds`; `peak_bytes` is the most memory that one of its `processes` took."""

    base: BaseNamed
    template: str
    prompt_version: str
    corpus: Learned
    began_as: str
    settings: dict[str, Any]
    software: dict[str, str]
    seeds: dict[str, int]
    device: str
    steps: int
    ended: str
    losses: tuple[tuple[int, float], ...]
    looks: tuple[tuple[int, float], ...]
    tokens: int
    seconds: float
    peak_bytes: int
    processes: int = 1
    adapter_sha256: str
    made_at: str

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """
        Raises:
            CheckpointDamaged: there is none, or none of this version.
        """
        try:
            return cls.model_validate_json((folder / RUN).read_bytes())
        except OSError as error:
            raise CheckpointDamaged(f"{folder}: no {RUN} ({error.strerror}); expected the folder of a finished "
                                    "training, `attune train qlora` finishes it") from error  # fmt: skip
        except ValidationError as error:
            raise CheckpointDamaged(f"{folder / RUN}: is no record of a training ({error.errors()[0]['msg']}); train "
                                    "again") from error  # fmt: skip


_REFUSED: Mapping[str, tuple[type[TrainingError], str]] = {
    "base": (BaseChanged, "other base weights"),
    "template": (TemplateChanged, "another chat template"),
    "prompt_version": (TemplateChanged, "another prompt"),
    "corpus": (SettingsInvalid, "another corpus"),
    "settings": (SettingsInvalid, "other settings"),
    "began_as": (SettingsInvalid, "another beginning (--from)"),
}


def begin(folder: Path, begun: Begun) -> None:
    """Note what a run learns from, or see that the run there learns from the same.

    Raises:
        BaseChanged, TemplateChanged, SettingsInvalid: it does not.
        CheckpointDamaged: the note cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / BEGUN
    if not file.exists():
        write_whole(file, begun.model_dump_json(indent=1).encode())
        return
    try:
        known = Begun.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise CheckpointDamaged(f"{file}: {error.errors()[0]['msg']}; name another folder") from error
    for name, (kind, what) in _REFUSED.items():
        was, now = (json.dumps(one.model_dump()[name]) for one in (known, begun))
        if was != now:
            raise kind(f"{folder}: was begun with {what} ({was[:60]}, now {now[:60]}); name another folder for a new "
                       "training, or give it what it was begun with")  # fmt: skip


def inherited(begin: Path) -> tuple[Terms, ...]:
    """The terms of what a finished adapter learned from, by the `run.json` in its bundle or beside it. An adapter that
    does not tell is a source of its own, of which nothing is known."""
    for file in (begin / RUN, begin.parent / RUN):
        if file.is_file():
            told = json.loads(file.read_text(encoding="utf-8")).get("corpus", {}).get("sources", ())
            if told:
                return tuple(Terms.model_validate(one) for one in told)
    return (Terms(dataset=f"adapter {begin.name}", terms="not told"),)


def software() -> dict[str, str]:
    """Versions of what computed."""
    return {name: version(name) for name in _SOFTWARE}
