"""From the folder of a run to a sealed bundle, whole or not at all."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from training.bundle.errors import NotReady
from training.corpus.assets import digest_of
from training.corpus.errors import LicenceForbids
from training.corpus.licences import Use
from training.corpus.terms import Terms, strictest
from training.evaluating.command import JSON, PAGE
from training.qlora.record import ADAPTER, CURVE, GOLDEN, RUN, Run
from vlm_service.bundle import Base, Bundle, Card, Corpus, Figure, Probe, Source, seal
from vlm_service.bundle.weights import read_weights

WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "card.json"


@dataclass(frozen=True, slots=True)
class Answering:
    """What the card says beside what the run knows: the adapter's name, who answers for it, and what it is for."""

    name: str
    approved_by: str
    sees: str
    purpose: Use = Use.PRODUCT


def pack(run: Path, of: Answering, out: Path, key: Path | None) -> Bundle:
    """The bundle in `out`, which must not be there yet, signed where there is a key.

    Raises:
        NotReady: the run's parts are missing or of another adapter, or `out` is there.
        BundleError: what the run left is no bundle.
    """
    check(run, of, out, key)
    card = card_of(run, of)
    arriving = out.with_name(f".{out.name}.arriving")
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    try:
        for name in (WEIGHTS, CONFIG):
            shutil.copyfile(run / ADAPTER / name, arriving / name)
        for name in (RUN, CURVE, JSON, PAGE):
            shutil.copyfile(run / name, arriving / name)
        (arriving / CARD).write_text(card.model_dump_json(indent=1), encoding="utf-8")
        bundle = seal(arriving, key)
        os.replace(arriving, out)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return Bundle(out, bundle.card, bundle.weights, bundle.manifest)


def check(run: Path, of: Answering, out: Path, key: Path | None) -> None:
    """That nothing but golden prompts is missing for a bundle: asked before they are computed, which takes minutes.

    Raises:
        NotReady: the run's parts are missing or of another adapter, `out` is there, or the key is not.
        LicenceForbids: see `use_of`.
    """
    if out.exists():
        raise NotReady(f"{out}: is there already; a bundle is never changed, name another folder")
    if key is not None and not key.is_file():
        raise NotReady(f"{key}: no private key; `attune adapters keys` makes one")
    card_of(run, of, proven=False)


def card_of(run: Path, of: Answering, proven: bool = True) -> Card:
    """The card of the adapter in `run`; with its golden prompts where they are there to prove it by.

    Raises:
        NotReady: golden prompts or evaluation are missing, or of another adapter.
        LicenceForbids: see `use_of`.
    """
    told = Run.read(run)
    use = use_of(told.corpus.sources, of.purpose)
    if (digest := digest_of(run / ADAPTER / WEIGHTS)) != told.adapter_sha256:
        raise NotReady(
            f"{run / ADAPTER}: weights {digest[:12]}, {RUN} tells of {told.adapter_sha256[:12]}; train again"
        )
    prompts = _of_adapter(run / GOLDEN, told, "`attune train bundle` finds them")["prompts"] if proven else ()
    evaluation = _of_adapter(run / JSON, told, "run `attune train evaluate`")
    lora, weights = told.settings["lora"], read_weights(run / ADAPTER / WEIGHTS)
    return Card(
        name=of.name, base=Base(model=told.base.model, weights_sha256=told.base.weights_sha256),
        rank=lora["rank"], alpha=lora["alpha"], targets=weights.targets, parts=weights.parts,
        sees="frames" if of.sees == "frames" else "text", prompt_version=told.prompt_version,
        corpus=Corpus(fingerprint=told.corpus.fingerprint.removeprefix("sha256:"), examples=told.corpus.examples,
                      layers=told.corpus.layers),
        evaluation=tuple(_figure(one) for one in evaluation["figures"] if _is_for_cards(one["part"])),
        probes=tuple(
            Probe(**{name: one[name] for name in Probe.model_fields}) for one in prompts
        ),
        software=told.software, seeds=told.seeds, made_at=told.made_at, approved_by=of.approved_by,
        use=use, sources=tuple(Source(dataset=one.dataset, use=_said(one.use), terms=one.terms)
                               for one in told.corpus.sources),
    )  # fmt: skip


def use_of(sources: Sequence[Terms], purpose: Use) -> Literal["", "research", "product"]:
    """What the card states that the adapter may be run for; empty where a source does not tell.

    Raises:
        LicenceForbids: a source was taken for less than the purpose, or for evaluation alone.
    """
    least = strictest(sources)
    strict = ", ".join(f"{one.dataset} ({one.terms})" for one in sources if one.use is least)
    if least is Use.EVALUATION:
        raise LicenceForbids(f"the adapter learned from what may only be measured with: {strict}; train without it")
    if purpose is Use.RESEARCH:
        return "research"
    if least is Use.RESEARCH:
        raise LicenceForbids(f"the adapter learned from what was taken for research alone: {strict}; no facility may "
                             "run it. For a study say --for research, which the card then states")  # fmt: skip
    return "product" if sources and all(one.use for one in sources) else ""


def _said(use: Use | None) -> Literal["", "evaluation", "research", "product"]:
    return "" if use is None else use.value


def _of_adapter(file: Path, told: Run, remedy: str) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotReady(f"{file}: is missing or not readable; {remedy}") from error
    if said.get("adapter") != told.adapter_sha256:
        raise NotReady(f"{file}: is of adapter {str(said.get('adapter'))[:12]}, the run has "
                       f"{told.adapter_sha256[:12]}; {remedy} again")  # fmt: skip
    return said


def _is_for_cards(part: str) -> bool:
    """A card tells all together and each layer; slices are in the report beside it."""
    return "." not in part


def _figure(one: dict[str, Any]) -> Figure:
    return Figure(
        metric=one["measure"], layer=one["part"], value=one["value"], low=one["low"], high=one["high"], n=one["n"]
    )
