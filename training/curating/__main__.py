"""`python -m training.curating CORPUS --out FOLDER`, which `attune train review` starts."""

import sys

from training.curating.command import main

if __name__ == "__main__":
    sys.exit(main())
