"""Keeps the pictures that analysis asks for and counts the rest."""

from dataclasses import dataclass

from services.vocabulary.time import Seconds


@dataclass(slots=True)
class Counts:
    """What happened to the pictures of one source since it was created."""

    decoded: int = 0
    kept: int = 0
    dropped: int = 0
    late: int = 0
    """Kept by decimation, then skipped because analysis was behind."""
    damaged: int = 0
    """Packets of sound or picture that could not be decoded, and pictures decoded in part; passed over."""
    unheard: int = 0
    """Pieces of sound dropped because analysis was behind."""
    opened: int = 0
    """How often the source was opened."""
    decoder: str = ""
    """What decodes its pictures: `software` or the name of a device."""


class Decimator:
    """Says which pictures to keep so that about `fps` of them per second remain, evenly spaced in stream time.

    >>> decimator = Decimator(5.0)
    >>> sum(decimator.keeps(i / 25) for i in range(50))
    10
    """

    def __init__(self, fps: float) -> None:
        self._step_s = 1.0 / fps
        self._due_s: Seconds | None = None

    def keeps(self, pts_s: Seconds) -> bool:
        """Whether the picture taken at `pts_s` is one to look at."""
        if self._due_s is None or pts_s < self._due_s - 2 * self._step_s:
            self._due_s = pts_s
        if pts_s < self._due_s - 1e-6:
            return False
        periods = int((pts_s - self._due_s + 1e-6) / self._step_s) + 1
        self._due_s += periods * self._step_s
        return True
