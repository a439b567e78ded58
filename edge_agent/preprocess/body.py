"""What is remembered of one followed body, and what each look at it measures."""

import math

from edge_agent.preprocess.fall import Fall
from edge_agent.preprocess.habits import Habits
from edge_agent.preprocess.posture import posture
from edge_agent.preprocess.skeleton import Skeleton, hip_height, scale_px, torso_angle, travelled
from services.vocabulary.time import Seconds

CHANNELS = (
    "pose.wrist_speed", "pose.speed", "pose.torso_angle", "pose.hip_height", "pose.lying", "pose.sitting",
    "pose.standing", "pose.fall", "pose.stillness", "pose.restlessness", "pose.rocking", "pose.self_contact",
)  # fmt: skip
OUT_OF_BED = "pose.out_of_bed"
"""A channel only where somebody said where the bed is."""
LARGEST = ("pose.wrist_speed", "pose.speed", "pose.fall")
"""Channels of which a second tells the largest; of the others, the mean."""


class Body:
    """One track's memory. It dies with the track: nothing is carried over to whoever is seen next."""

    def __init__(self) -> None:
        self.seen_s: Seconds = -math.inf
        self._before: Skeleton | None = None
        self._fall, self._habits = Fall(), Habits()

    def look(self, time_s: Seconds, body: Skeleton, height_px: int, in_bed: bool) -> dict[str, float]:
        """What one look says, by channel; what it cannot tell is left out. `height_px` is that of the picture."""
        said = posture(body)
        asleep = in_bed and not said.lying < 0.5
        values = {
            "pose.torso_angle": torso_angle(body),
            "pose.hip_height": hip_height(body, height_px),
            "pose.lying": said.lying,
            "pose.sitting": said.sitting,
            "pose.standing": said.standing,
            "pose.fall": self._fall.update(time_s, body, in_bed),
            OUT_OF_BED: float(not in_bed),
            **self._habits.update(time_s, body, asleep),
        }
        if self._before is not None and time_s > self.seen_s:
            per_s = 1.0 / (time_s - self.seen_s)
            unit_px = max(scale_px(body), scale_px(self._before))
            values["pose.wrist_speed"] = travelled(body, self._before, "wrists", unit_px) * per_s
            values["pose.speed"] = travelled(body, self._before, "trunk", unit_px) * per_s
        self._before, self.seen_s = body, time_s
        return {name: value for name, value in values.items() if math.isfinite(value)}
