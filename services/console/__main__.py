"""`python -m services.console [--config FILE]`"""

import sys

from services.console.service import serve
from services.console.settings import ConsoleSettings
from services.runtime.lifecycle import refuse, run
from services.runtime.settings import SettingError, load
from services.runtime.settings_help import config_file


def main() -> int:
    """The exit status of the process."""
    file = config_file("python -m services.console", ConsoleSettings)
    try:
        settings = load(ConsoleSettings, file)
    except SettingError as error:
        return refuse(error)
    return run("console", settings, lambda stop: serve(settings, stop))


if __name__ == "__main__":
    sys.exit(main())
