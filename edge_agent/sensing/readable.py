"""Which faces of a second can be read: large enough, turned this way, lit, and not covered."""

from collections.abc import Sequence

from edge_agent.sensing.role import Face

SMALLEST_FACE_PX = 24.0
"""A face whose shorter side is smaller says nothing about expression (source: guess)."""


def readable(faces: Sequence[Face], per_second: float) -> list[Face]:
    """The last `per_second` faces that can be read."""
    sure = [face for face in faces if face.doubt is None and min(face.box.width, face.box.height) >= SMALLEST_FACE_PX]
    return sure[-max(1, round(per_second)) :]
