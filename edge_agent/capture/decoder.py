"""Decodes pictures and sound of one source with their real timestamps."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame

from edge_agent.capture.decimation import Counts, Decimator
from edge_agent.capture.frame import SAMPLE_RATE_HZ, Captured, Frame, Image, Sound
from edge_agent.capture.opening import Opened, opened
from edge_agent.capture.source import Expects, Source, SourceLost, SourceUnreadable
from edge_agent.capture.stall import Backlog, Stall
from edge_agent.preprocess.emptiness import blackened
from edge_agent.preprocess.tracks import Area
from services.vocabulary.time import Seconds

_LEAD_IN_S = 0.5
_MOST_DAMAGED = 500
"""Packets of a file in a row after which it counts as unreadable; a live stream has its stall watchdog."""
_SHORTER_S = 2.0


def decode(source: Source, counts: Counts, monotonic: Callable[[], Seconds] = time.monotonic) -> Iterator[Captured]:
    """Pictures and sound of `source` in the order in which the container holds them, as fast as they come.

    A file that loops goes on counting its stream time. `counts` is added to as pictures are decoded;
    `monotonic` tells how long a live source has shown nothing.

    Raises:
        SourceUnreadable: it cannot be opened, or does not hold what is expected of it.
        SourceLost: a live source ended, fell silent, or its bytes stopped making sense.
    """
    shift_s = 0.0
    while True:
        end_s = source.start_s
        for item in _once(source, counts, monotonic):
            end_s = max(end_s, item.end_s if isinstance(item, Sound) else item.pts_s + 1.0 / source.analysis_fps)
            yield _later(item, shift_s) if shift_s else item
        if not source.loop or end_s <= source.start_s:
            return
        shift_s += (source.end_s or end_s) - source.start_s


def _once(source: Source, counts: Counts, monotonic: Callable[[], Seconds]) -> Iterator[Captured]:
    open_source = opened(source)
    counts.opened += 1
    counts.decoder = open_source.decoder
    container = open_source.container
    try:
        yield from _read(open_source, source, counts, monotonic)
    except av.error.FFmpegError as error:
        kind, remedy = (
            (SourceLost, "check the camera's power and network")
            if source.live
            else (SourceUnreadable, "replace the file, or play it with ffprobe to see where it is damaged")
        )
        silent = f"nothing came for {source.read_timeout_s:g} s"
        why = silent if isinstance(error, av.error.ExitError) else error.strerror
        raise kind(f"{source.place}: reading stopped ({why}); {remedy}") from None
    finally:
        container.close()
        if source.live or source.loop:
            gc.collect()  # PyAV's containers and streams hold one another: megabytes for each opening
    if source.live:
        raise SourceLost(f"{source.place}: the stream ended; check the camera's power and network")


def _read(open_source: Opened, source: Source, counts: Counts, monotonic: Callable[[], Seconds]) -> Iterator[Captured]:
    container = open_source.container
    stall = Stall(source.place, source.read_timeout_s, monotonic)
    zero_s = 0.0 if source.live else (container.start_time or 0) / av.time_base
    if source.start_s > 0 and not source.live:
        container.seek(int((source.start_s - _LEAD_IN_S + zero_s) * av.time_base), backward=True)
    ear = _Ear()
    decimator, patience = Decimator(source.analysis_fps), _Patience(counts, source.live)
    streams = [stream for stream in (open_source.video, open_source.audio) if stream is not None]
    watched = source.live and source.expects is Expects.PICTURES
    finished: set[str] = set()
    reached_s = source.start_s
    for packet in _packets(container, streams, source, monotonic):
        if watched:
            stall.check()
        for decoded in patience.decode(packet):
            if isinstance(decoded, VideoFrame):
                stall.picture()
                pts_s = (decoded.time or 0.0) - zero_s
                reached_s = max(reached_s, pts_s)
                if _is_past(source, pts_s):
                    finished.add("video")
                elif pts_s >= source.start_s - 1e-6:
                    yield from _picture(decoded, pts_s, decimator, counts, source.masks)
            else:
                for sound in ear.hear(decoded, zero_s):
                    reached_s = max(reached_s, sound.end_s)
                    if _is_past(source, sound.pts_s):
                        finished.add("audio")
                    yield from _cut(sound, source)
        if len(finished) == len(streams):
            return
    _refuse_half_a_film(container, source, reached_s)


def _packets(
    container: InputContainer, streams: Sequence[Any], source: Source, monotonic: Callable[[], Seconds]
) -> "Iterator[Packet[Any]]":
    """The packets of `streams`; a live source that is read too slowly is given up."""
    backlog = Backlog(source.place, monotonic)
    asked_s = monotonic()
    for packet in container.demux(streams):
        if source.live and packet.pts is not None:
            backlog.read(float(packet.pts * packet.time_base), asked_s)
        yield packet
        asked_s = monotonic()


def _refuse_half_a_film(container: InputContainer, source: Source, reached_s: Seconds) -> None:
    if source.live or container.duration is None:
        return
    length_s = container.duration / av.time_base
    expected_s = length_s if source.end_s is None else min(length_s, source.end_s)
    if reached_s < expected_s - _SHORTER_S:
        raise SourceUnreadable(f"{source.place}: breaks off at {reached_s:.1f} s of {length_s:.1f} s; copy it again")


class _Patience:
    """Passes over what cannot be decoded (a stream joined between two key pictures, a bit lost on the way)."""

    def __init__(self, counts: Counts, live: bool) -> None:
        self._counts, self._live = counts, live
        self._in_a_row = 0

    def decode(self, packet: "Packet[Any]") -> list[VideoFrame | AudioFrame]:
        frames: list[VideoFrame | AudioFrame]
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, VideoFrame | AudioFrame)]
        except av.error.FFmpegError:
            self._counts.damaged += 1
            self._in_a_row += 1
            if self._in_a_row > _MOST_DAMAGED and not self._live:
                raise
            return []
        self._in_a_row = 0
        whole = [frame for frame in frames if not frame.is_corrupt]
        self._counts.damaged += len(frames) - len(whole)
        return [frame for frame in whole if frame.time is not None]


def _is_past(source: Source, pts_s: Seconds) -> bool:
    return source.end_s is not None and pts_s >= source.end_s - 1e-6


def _picture(
    decoded: VideoFrame, pts_s: Seconds, decimator: Decimator, counts: Counts, masks: Sequence[Area]
) -> Iterator[Frame]:
    counts.decoded += 1
    if decimator.keeps(pts_s):
        counts.kept += 1
        image = _upright(decoded)
        yield Frame(image, pts_s, blackened(image, masks))
    else:
        counts.dropped += 1


def _upright(decoded: VideoFrame) -> Image:
    """The picture as it is meant to be seen: telephones store how they were held beside it."""
    image = decoded.to_ndarray(format="bgr24")
    turns = round(decoded.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns) if turns else image, dtype=np.uint8)


class _Ear:
    """Brings sound to what the models hear, also where its rate or its channels change on the way."""

    def __init__(self) -> None:
        self._kind: tuple[str, str, int] | None = None
        self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)

    def hear(self, decoded: AudioFrame, zero_s: Seconds) -> Iterator[Sound]:
        kind = decoded.format.name, decoded.layout.name, decoded.sample_rate
        if self._kind not in (None, kind):
            self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
        self._kind = kind
        for chunk in self._resampler.resample(decoded):
            samples = np.ascontiguousarray(chunk.to_ndarray()[0], dtype=np.float32)
            yield Sound(samples, (chunk.time or 0.0) - zero_s)


def _cut(sound: Sound, source: Source) -> Iterator[Sound]:
    first = max(0, round((source.start_s - sound.pts_s) * SAMPLE_RATE_HZ))
    last = len(sound.samples)
    if source.end_s is not None:
        last = min(last, round((source.end_s - sound.pts_s) * SAMPLE_RATE_HZ))
    if first < last:
        yield Sound(sound.samples[first:last], sound.pts_s + first / SAMPLE_RATE_HZ)


def _later(item: Captured, shift_s: Seconds) -> Captured:
    if isinstance(item, Frame):
        return replace(item, pts_s=item.pts_s + shift_s)
    if isinstance(item, Sound):
        return Sound(item.samples, item.pts_s + shift_s)
    return item
