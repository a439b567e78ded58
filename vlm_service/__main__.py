"""`python -m vlm_service [--config FILE]`"""

import sys

from services.runtime.lifecycle import refuse, run
from services.runtime.settings import SettingError, load
from services.runtime.settings_help import config_file
from vlm_service.service import serve
from vlm_service.settings import VlmSettings


def main() -> int:
    """The exit status of the process."""
    file = config_file("python -m vlm_service", VlmSettings)
    try:
        settings = load(VlmSettings, file)
    except SettingError as error:
        return refuse(error)
    return run("vlm", settings, lambda stop: serve(settings, stop))


if __name__ == "__main__":
    sys.exit(main())
