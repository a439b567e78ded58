"""How fast a camera's clock runs away from ours, and from when on that is worth a word."""

LIMIT = 0.0005
"""Share by which a stream may run slow or fast before it is said: half of what the agent follows, five times the worst
quartz (source: guess)."""
_HOUR_S = 3600.0


def strays(ratio: float) -> bool:
    """Whether a stream that runs slow by this share (negative: fast) needs somebody's look."""
    return abs(ratio) > LIMIT


def drift_said(ratio: float) -> str:
    """A share by which a stream runs slow, for a person.

    >>> drift_said(0.0008), drift_said(-0.001)
    ('its stream runs 2.9 s an hour slow', 'its stream runs 3.6 s an hour fast')
    """
    return f"its stream runs {abs(ratio) * _HOUR_S:.1f} s an hour {'slow' if ratio > 0.0 else 'fast'}"
