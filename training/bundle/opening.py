"""`python -m training.bundle.opening FOLDER`: looks a bundle over before a training begins on the adapter in it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vlm_service.bundle import BundleError, open_bundle


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 every file is as it was sealed, and signed where a key is given; 2 with the reason why not."""
    parser = argparse.ArgumentParser(prog="attune train qlora", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trust", type=Path)
    asked = parser.parse_args(arguments)
    try:
        bundle = open_bundle(asked.folder, asked.trust)
    except BundleError as error:
        print(f"attune: --from {asked.folder}: refused ({error.reason}): {error}", file=sys.stderr)  # noqa: T201
        return 2
    signed = f"signed by {asked.trust.name}" if asked.trust else "signature not looked at: --trust KEY looks at it"
    print(f"beginning as {bundle.served_name}; every file is as it was sealed, {signed}", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
