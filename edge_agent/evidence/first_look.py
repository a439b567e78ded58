"""`python -m edge_agent.evidence.first_look`, which `attune doctor` starts: tries the nudity detector once."""

import os
import sys

from pydantic import ValidationError

NO_LIBRARY = 3


def main() -> int:
    """The exit status: 0 it looked at a grey picture, 1 it cannot be used (standard error says why), 3 nothing can be
    looked at here. The table `[evidence]` comes by the environment, as JSON."""
    from edge_agent.evidence.settings import EvidenceSettings

    try:
        asked = EvidenceSettings.model_validate_json(os.environ["ATTUNE_DOCTOR_EVIDENCE"]).nudity
    except ValidationError as error:
        first = error.errors()[0]
        sys.stderr.write(f"evidence.{'.'.join(map(str, first['loc']))}: {first['msg']}\n")
        return 1
    if asked is None:
        sys.stderr.write("no detector is named\n")
        return 1
    try:
        import numpy as np

        from edge_agent.evidence.nudity import Nudity
        from edge_agent.models import ModelAltered, ModelMissing, ModelUnreadable, load
    except ImportError:
        return NO_LIBRARY
    try:
        hit = Nudity(load(asked.model, expected_digest=asked.sha256), asked).hit(np.full((240, 320, 3), 128, np.uint8))
    except (ModelMissing, ModelAltered, ModelUnreadable) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if hit:
        sys.stderr.write(f"{asked.model.name}: finds {', '.join(asked.hits)} in a grey picture: a wrong model or order "
                         "of labels, or a threshold that is too low\n")  # fmt: skip
        return 1
    checked = "digest right" if asked.sha256 else "digest not checked: set sha256"
    sys.stdout.write(f"{asked.model.name} looks for {', '.join(asked.hits)}; {checked}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
