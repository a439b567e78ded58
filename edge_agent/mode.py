"""`python -m edge_agent.mode RESIDENT observables`, which `attune edge mode` starts: a consent is withdrawn, here."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_agent.modes import withdraw
from edge_agent.settings import EdgeSettings
from services.runtime.clock import SystemClock
from services.runtime.lifecycle import refuse
from services.runtime.settings import SettingError, load
from services.vocabulary import Mode


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 written down, 2 refused."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load(EdgeSettings, asked.config)
        known = sorted(camera.resident for camera in settings.cameras)
        if asked.resident not in known:
            raise ValueError(f"resident {asked.resident!r}: this agent watches {', '.join(known) or 'nobody'}")
        if asked.mode != Mode.OBSERVABLES.value:
            raise ValueError("mode 'affect' needs a recorded consent: give it on the resident's page of the console")
        file = withdraw(settings.spool, asked.resident, SystemClock().now(), asked.by)
    except (SettingError, ValueError, OSError) as error:
        return refuse(error)
    print(f"Written to {file}. An agent that runs follows within two seconds; one that does not, when it starts.")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m edge_agent.mode", description=__doc__)
    parser.add_argument("resident")
    parser.add_argument("mode", choices=[mode.value for mode in Mode])
    parser.add_argument("--by", default="somebody (no name given)")
    parser.add_argument("--config", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
