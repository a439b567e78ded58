"""How time is written down: the types that carry its unit."""

from typing import TypeAlias

UnixSeconds: TypeAlias = float
"""Seconds since 1970-01-01T00:00:00Z, as a float. Sample time is the end of the sample's window."""

Seconds: TypeAlias = float
"""A duration in seconds."""
