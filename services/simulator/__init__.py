"""A facility that never was: residents, ordinary days and labelled episodes as arrays."""

from services.simulator.day import Days, channels_of, simulate
from services.simulator.episodes import Episode, Kind, script
from services.simulator.like import Likeness, like
from services.simulator.person import Expression, Person, draw_person

__all__ = [
    "Days", "Episode", "Expression", "Kind", "Likeness", "Person", "channels_of", "draw_person", "like", "script",
    "simulate",
]  # fmt: skip
