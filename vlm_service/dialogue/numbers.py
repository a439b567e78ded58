"""Prints measured numbers; what was not measured is never printed as a number."""

import math

from services.vocabulary.time import Seconds

NOT_SEEN = "not seen"


def level(value: float, channel: str = "") -> str:
    """A value in the unit of its channel.

    >>> level(0.7249), level(float("nan")), level(-31.2, "audio.loudness")
    ('0.72', 'not seen', '-31 dBFS')
    """
    if not math.isfinite(value):
        return NOT_SEEN
    if channel == "audio.loudness":
        return f"{value:.0f} dBFS"
    if channel == "pose.torso_angle":
        return f"{value:.0f} degrees"
    return f"{value:.2f}" if abs(value) < 1000 else f"{value:.3g}"


def sigma(z: float) -> str:
    """A signed deviation.

    >>> sigma(3.24)
    '+3.2 sigma'
    """
    return f"{z:+.1f} sigma" if abs(z) < 100 else ("above +99 sigma" if z > 0 else "below -99 sigma")


def duration(seconds: Seconds) -> str:
    """
    >>> duration(45.2)
    '45s'
    """
    return f"{seconds:.0f}s" if math.isfinite(seconds) else "seconds"


def percent(share: float) -> str:
    """
    >>> percent(0.4)
    '40 %'
    """
    return f"{100 * share:.0f} %" if math.isfinite(share) else NOT_SEEN
