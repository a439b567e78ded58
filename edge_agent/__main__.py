"""`python -m edge_agent [--config FILE]`"""

import sys

from edge_agent.agent import Agent
from edge_agent.settings import EdgeSettings
from services.runtime import logs
from services.runtime.lifecycle import refuse, run
from services.runtime.settings import SettingError, load
from services.runtime.settings_help import config_file


def main() -> int:
    """The exit status of the process."""
    file = config_file("python -m edge_agent", EdgeSettings)
    try:
        settings = load(EdgeSettings, file)
    except SettingError as error:
        return refuse(error)
    logs.configure("edge", settings.log_level, settings.log_format)
    return run("edge", settings, lambda stop: Agent(settings).run(stop))


if __name__ == "__main__":
    sys.exit(main())
