"""`python -m training.evaluating RUN`, the second half of `attune train evaluate`."""

import sys

from training.evaluating.command import main

if __name__ == "__main__":
    sys.exit(main())
