"""What an operator said about a camera's picture: what nobody may see, the resident's place, and the mattress."""

from dataclasses import dataclass

from edge_agent.preprocess.tracks import WHOLE, Area


@dataclass(frozen=True, slots=True)
class Places:
    """`masks` are made black before anything looks; in `zone` the resident has to have been to be taken for one (the
    whole picture: whoever is alone); who lies in `bed` has not fallen (None: nobody said where it is). `others` are the
    zones and beds of other residents who are seen in the same picture.

    >>> str(Places((Area(right=0.3),), bed=Area(top=0.5))), str(Places(zone=Area(left=0.4)))
    ('1 mask, no zone, bed_area', 'no masks, zone, no bed_area')
    """

    masks: tuple[Area, ...] = ()
    zone: Area = WHOLE
    bed: Area | None = None
    others: tuple[Area, ...] = ()

    @property
    def confined(self) -> bool:
        """Whether the resident has a zone: whoever no sense confirms is then not taken for them."""
        return self.zone != WHOLE

    @property
    def own(self) -> tuple[Area, ...]:
        """The resident's zone and bed, where somebody said where they are."""
        return (*((self.zone,) if self.confined else ()), *(() if self.bed is None else (self.bed,)))

    def __str__(self) -> str:
        """Which of them there are, named as in a camera's settings."""
        masks = f"{len(self.masks)} mask{'s' if len(self.masks) > 1 else ''}" if self.masks else "no masks"
        zone = "zone" if self.confined else "no zone"
        return f"{masks}, {zone}, {'no bed_area' if self.bed is None else 'bed_area'}"


UNPLACED = Places()
"""A camera of which nobody said anything: all of the picture counts."""
