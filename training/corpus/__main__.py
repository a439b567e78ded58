"""`python -m training.corpus build|compose`, which `attune train corpus` and `attune train compose` start."""

import sys

try:
    from training.corpus.command import main
except ModuleNotFoundError as error:
    if error.name and error.name.startswith("training"):
        raise
    print(f"attune: {error.name} is not installed: `pip install 'attune[training]'` brings it", file=sys.stderr)  # noqa: T201
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
