"""`python -m training.qlora show|train`, which `attune train qlora` starts."""

import logging
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # everything lies on disk; nobody is asked or told
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it misses kernels that it would have to download


def _run() -> int:
    try:
        from training.qlora.launching import main

        return main()
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith(("training", "vlm_service", "services")):
            raise
        print(  # noqa: T201 - a person reads this
            f"attune: {error.name} is not installed here: `pip install torch` in the build for this machine, then `pip "
            "install 'attune[training-qlora]'`; or name a Python that has them in ATTUNE_TRAINING_PYTHON",
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(_run())
