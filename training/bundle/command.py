"""What `python -m training.bundle` does: a card, the run's reports, a manifest, a signature."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from training.bundle.packing import Answering, check, pack
from training.corpus.errors import CorpusError
from training.corpus.licences import Use
from vlm_service.bundle import BundleError


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 the bundle is written, or with --check lacks golden prompts alone; 2 it is not, with one line
    that says why."""
    asked = _parser().parse_args(arguments)
    try:
        of = Answering(asked.name, asked.approved_by, asked.sees, Use(asked.purpose))
        if asked.check:
            check(asked.run, of, asked.out, asked.key)
            return 0
        bundle = pack(asked.run, of, asked.out, asked.key)
    except ValidationError as error:
        first = error.errors()[0]
        return _refuse(f"card: {'.'.join(map(str, first['loc']))}: {first['msg']} (is {first['input']!r})")
    except BundleError as error:
        return _refuse(f"refused ({error.reason}): {error}")
    except (CorpusError, OSError) as error:
        return _refuse(str(error))
    signed = "signed" if asked.key else "not signed: `attune adapters seal --key` signs it"
    print(f"{asked.out}: {bundle.served_name}, {len(bundle.card.probes)} golden prompts, {signed}")  # noqa: T201
    return 0


def _refuse(why: str) -> int:
    print(f"attune: {why}", file=sys.stderr)  # noqa: T201 - a person reads this
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune train bundle", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--approved-by", default="")
    parser.add_argument("--sees", choices=("text", "frames"), default="text")
    parser.add_argument("--for", dest="purpose", choices=("product", "research"), default="product")
    parser.add_argument("--check", action="store_true", help="Only see whether anything but golden prompts is missing.")
    return parser
