"""`python -m threshold_service [--config FILE]`"""

import sys

from services.runtime.lifecycle import refuse, run
from services.runtime.settings import SettingError, load
from services.runtime.settings_help import config_file
from services.vocabulary import Policy
from threshold_service.policy import read_policy
from threshold_service.policy_watch import approved
from threshold_service.service import serve
from threshold_service.settings import ThresholdSettings


def main() -> int:
    """The exit status of the process."""
    file = config_file("python -m threshold_service", ThresholdSettings)
    try:
        settings = load(ThresholdSettings, file)
        approved(Policy(), read_policy(settings.policy), str(settings.policy))
    except SettingError as error:
        return refuse(error)
    return run("threshold", settings, lambda stop: serve(settings, stop))


if __name__ == "__main__":
    sys.exit(main())
