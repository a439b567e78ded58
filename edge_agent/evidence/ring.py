"""The last seconds of one camera as small JPEGs in memory, bounded by number, age and bytes."""

import threading
from collections import deque
from dataclasses import dataclass

import cv2

from edge_agent.capture.frame import Image
from edge_agent.evidence.settings import EvidenceSettings
from services.vocabulary import UnixSeconds


@dataclass(frozen=True, slots=True)
class Kept:
    """One masked picture, made small."""

    time: UnixSeconds
    jpeg: bytes


class Ring:
    """Filled by a camera's thread, read when somebody asks; nothing of it is ever written down."""

    def __init__(self, settings: EvidenceSettings) -> None:
        self._settings = settings
        self._kept: deque[Kept] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """What the pictures weigh together."""
        return self._bytes

    def keep(self, time: UnixSeconds, image: Image) -> None:
        """One picture, masked already; what is too old, too many or too much goes, the oldest first."""
        height, width = image.shape[:2]
        scale = min(1.0, self._settings.width_px / width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, self._settings.quality])
        if not done:
            return
        with self._lock:
            self._kept.append(Kept(time, jpeg.tobytes()))
            self._bytes += len(self._kept[-1].jpeg)
            while self._kept and self._too_much(time):
                self._bytes -= len(self._kept.popleft().jpeg)

    def between(self, start: UnixSeconds, end: UnixSeconds) -> list[Kept]:
        """Pictures of a time, oldest first."""
        with self._lock:
            return [one for one in self._kept if start <= one.time <= end]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _too_much(self, now: UnixSeconds) -> bool:
        limits = self._settings
        old = not 0.0 <= now - self._kept[0].time <= limits.keep_s
        return old or len(self._kept) > limits.keep or self._bytes > limits.keep_bytes
