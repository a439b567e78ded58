"""`python -m training.synthesis plan|make|review`, which `attune train synthesize` and `attune train review` start."""

import sys

try:
    from training.synthesis.command import main
except ModuleNotFoundError as error:
    if error.name and error.name.startswith("training"):
        raise
    print(f"attune: {error.name} is not installed: `pip install 'attune[training]'` brings it", file=sys.stderr)  # noqa: T201
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
