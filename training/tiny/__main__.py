"""`python -m training.tiny FOLDER [--seed N]`: write the small model; it needs torch and transformers, no network."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 the model is written, 2 it is not, with one line that says why."""
    parser = argparse.ArgumentParser(prog="python -m training.tiny", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the model goes; made if it is not there")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other weights")
    asked = parser.parse_args(arguments)
    try:
        from training.tiny.model import LONGEST, small_model, write_model
        from training.tiny.tokenizer import small_tokenizer, write_processor
    except ModuleNotFoundError as error:
        return _refuse(
            f"{error.name} is not installed here: run it with the Python of the vLLM environment, see 'make vllm-env'"
        )
    try:
        asked.folder.mkdir(parents=True, exist_ok=True)
        tokenizer = small_tokenizer(LONGEST)
        model = small_model(tokenizer, asked.seed)
        write_model(asked.folder, model, tokenizer)
        write_processor(asked.folder)
    except OSError as error:
        return _refuse(f"{error.filename or asked.folder}: {error.strerror}; nothing is complete, run it again")
    print(f"{asked.folder}: a Qwen3-VL of {model.num_parameters():,} parameters")  # noqa: T201 - a person reads this
    return 0


def _refuse(why: str) -> int:
    print(f"attune: {why}", file=sys.stderr)  # noqa: T201 - a person reads this
    return 2


if __name__ == "__main__":
    sys.exit(main())
