"""`python -m services.alerting [--config FILE]`"""

import sys

from services.alerting.service import serve
from services.alerting.settings import AlertingSettings
from services.runtime.lifecycle import refuse, run
from services.runtime.settings import SettingError, load
from services.runtime.settings_help import config_file


def main() -> int:
    """The exit status of the process."""
    file = config_file("python -m services.alerting", AlertingSettings)
    try:
        settings = load(AlertingSettings, file)
    except SettingError as error:
        return refuse(error)
    return run("alerts", settings, lambda stop: serve(settings, stop))


if __name__ == "__main__":
    sys.exit(main())
