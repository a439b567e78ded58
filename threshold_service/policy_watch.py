"""Notices that the policy file changed while the service runs, and has everybody judged by it, or says why not."""

import asyncio
import hashlib
from pathlib import Path

from services.runtime import logs
from services.runtime.lifecycle import until
from services.runtime.settings import SettingError
from services.vocabulary import Policy, Seconds, relaxed
from threshold_service import metrics
from threshold_service.policy import parsed
from threshold_service.roster import Roster

PERIOD_S: Seconds = 2.0


def approved(before: Policy, after: Policy, where: str) -> None:
    """Pass what makes tier 1 speak at least as often as before, or what somebody answers for.

    Raises:
        SettingError: it is loosened and nobody is named.
    """
    if (ways := relaxed(before, after)) and not after.approved_by.strip():
        raise SettingError(
            f"policy file {where!r} makes tier 1 speak less often ({'; '.join(ways)}): set approved_by to the name of "
            "the person who answers for it, or take it back"
        )


class PolicyWatch:
    """Looks at one file by its contents; `roster` judges by the policy in force.

    A file that cannot be read, has a typo or loosens tier 1 without a name changes nothing: the policy in force stays,
    `problem` says why until the file is mended, and the log says it once.
    """

    def __init__(self, file: Path, roster: Roster) -> None:
        self._file = file
        self._roster = roster
        self._seen: str | None = None
        self._problem = ""

    def problem(self) -> str:
        """Empty while the file says what is in force."""
        return self._problem

    def look(self) -> bool:
        """Follow the file where it changed since the last look; whether it is followed now for the first time."""
        seen = _digest(self._file)
        if seen == self._seen:
            return False
        self._seen = seen
        before = self._roster.policy
        try:
            after = parsed(self._file.read_text(), str(self._file))
            approved(before, after, str(self._file))
        except (SettingError, OSError, UnicodeDecodeError) as error:
            self._problem = f"{error}; {before.version} stays in force"
            metrics.POLICIES.labels("refused").inc()
            logs.logger().error("policy file refused", detail=str(error), in_force=before.version)
            return False
        self._problem = ""
        if after.version == before.version:
            return False
        self._roster.follow_policy(after)
        metrics.POLICIES.labels("followed").inc()
        logs.logger().info("policy file followed", before=before.version, after=after.version)
        return True

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            await asyncio.to_thread(self.look)


def _digest(file: Path) -> str:
    """Of the contents; empty where there is no readable file."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""
