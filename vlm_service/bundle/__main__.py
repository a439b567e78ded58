"""`python -m vlm_service.bundle keys|seal|check`, which `attune adapters` starts."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from vlm_service.bundle.errors import BundleError
from vlm_service.bundle.folder import Bundle, Server, fits, open_bundle, seal
from vlm_service.bundle.signature import make_keys


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done or fit, 1 a bundle that is refused, 2 asked wrongly."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.what == "keys":
            return _keys(asked.private, asked.public)
        if asked.what == "seal":
            bundle = seal(asked.folder, asked.key)
        else:
            bundle = open_bundle(asked.folder, asked.trust)
            if asked.model:
                fits(bundle, Server(asked.model, asked.weights, asked.most_rank, asked.tower))
    except BundleError as error:
        _say(f"refused ({error.reason}): {error}")
        return 1
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}")
        return 2
    if asked.json:
        sys.stdout.write(json.dumps(_facts(bundle)) + "\n")
    else:
        _show(bundle)
    return 0


def _keys(private: Path, public: Path) -> int:
    try:
        make_keys(private, public)
    except FileExistsError as error:
        _say(f"{error.filename}: exists already; keys are never overwritten")
        return 2
    _say(f"{private}: signs; keep it where adapters are approved. {public}: goes to every server that checks.")
    return 0


def _say(line: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(line)


def _facts(bundle: Bundle) -> dict[str, object]:
    weights = bundle.weights
    return {
        "served_name": bundle.served_name, "digest": bundle.manifest.digest, "rank": weights.rank,
        "layers": weights.layers, "parts": weights.parts, "tower": weights.tower, "parameters": weights.parameters,
        "card": bundle.card.model_dump(mode="json", exclude={"probes"}), "probes": len(bundle.card.probes),
    }  # fmt: skip


def _show(bundle: Bundle) -> None:
    card, weights = bundle.card, bundle.weights
    table = Table(title=bundle.served_name, show_header=False, title_justify="left")
    sees = "text alone" if card.sees == "text" else "text and frames"
    shares = ", ".join(f"{name} {share:.0%}" for name, share in card.corpus.layers.items())
    rows = [
        ("base model", f"{card.base.model}, weights {card.base.weights_sha256[:12]}"),
        ("changes", f"{', '.join(weights.parts)} by rank {weights.rank} ({', '.join(weights.targets)}), "
                    f"{weights.parameters:,} numbers"),
        ("language model", f"{weights.layers} layers, from {weights.first}" if weights.layers else "untouched"),
        ("sees", f"{sees}, prompt {card.prompt_version}"),
        ("learned from", f"{card.corpus.examples:,} examples ({shares}), corpus {card.corpus.fingerprint[:12]}"),
        ("golden prompts", str(len(card.probes)) if card.probes else "none: its effect cannot be proven on a server"),
        ("may be run for", card.use or "not told"),
        *((f"source {one.dataset}", f"{one.use or 'use not told'}: {one.terms}") for one in card.sources),
        ("approved by", card.approved_by or "nobody"),
    ]  # fmt: skip
    for one in card.evaluation:
        layer = f" of {one.layer}" if one.layer else ""
        rows.append((f"{one.metric}{layer}", f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f}, n = {one.n})"))
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vlm_service.bundle")
    commands = parser.add_subparsers(dest="what", required=True)
    keys = commands.add_parser("keys")
    keys.add_argument("--private", type=Path, required=True)
    keys.add_argument("--public", type=Path, required=True)
    for name in ("seal", "check"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        command.add_argument("--json", action="store_true")
        if name == "seal":
            command.add_argument("--key", type=Path)
            continue
        command.add_argument("--trust", type=Path)
        command.add_argument("--model", default="")
        command.add_argument("--weights", default="")
        command.add_argument("--most-rank", type=int, default=16)
        command.add_argument("--tower", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
