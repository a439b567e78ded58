"""Decodes pictures and sound of one source with their real timestamps; the only file that knows PyAV."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge_agent.capture.decimation import Counts, Decimator
from edge_agent.capture.frame import SAMPLE_RATE_HZ, Captured, Frame, Image, Sound
from edge_agent.capture.source import Expects, Source, SourceLost, SourceUnreadable
from edge_agent.preprocess.emptiness import blackened
from edge_agent.preprocess.tracks import Area
from services.vocabulary.time import Seconds

_LEAD_IN_S = 0.5
_MOST_DAMAGED = 500
"""Packets in a row (about ten seconds of a stream) after which it counts as unreadable."""
_SHORTER_S = 2.0
_RTSP = {"rtsp_transport": "tcp", "fflags": "nobuffer"}


def decode(source: Source, counts: Counts) -> Iterator[Captured]:
    """Pictures and sound of `source` in the order in which the container holds them, as fast as they come.

    A file that loops goes on counting its stream time. `counts` is added to as pictures are decoded.

    Raises:
        SourceUnreadable: it cannot be opened, or does not hold what is expected of it.
        SourceLost: a live source ended, fell silent, or its bytes stopped making sense.
    """
    shift_s = 0.0
    while True:
        end_s = source.start_s
        for item in _once(source, counts):
            end_s = max(end_s, item.end_s if isinstance(item, Sound) else item.pts_s + 1.0 / source.analysis_fps)
            yield _later(item, shift_s) if shift_s else item
        if not source.loop or end_s <= source.start_s:
            return
        shift_s += (source.end_s or end_s) - source.start_s


def length_s(source: Source) -> Seconds | None:
    """How long a file says it is; None where it does not say, and of a live source.

    Raises:
        SourceUnreadable: as `decode`.
    """
    if source.live:
        return None
    with _open(source) as container:
        return None if container.duration is None else container.duration / av.time_base


def _once(source: Source, counts: Counts) -> Iterator[Captured]:
    container = _open(source)
    counts.opened += 1
    try:
        yield from _read(container, source, counts)
    except av.error.FFmpegError as error:
        kind, remedy = (
            (SourceLost, "check the camera's power and network")
            if source.live
            else (SourceUnreadable, "replace the file, or play it with ffprobe to see where it is damaged")
        )
        raise kind(f"{source.place}: reading stopped ({error.strerror}); {remedy}") from error
    finally:
        container.close()
    if source.live:
        raise SourceLost(f"{source.place}: the stream ended; check the camera's power and network")


def _open(source: Source) -> InputContainer:
    if not source.live and not Path(source.url).is_file():
        raise SourceUnreadable(f"{source.place}: no such file; check the path of the source")
    try:
        container = av.open(
            source.url,
            format="v4l2" if source.url.startswith("/dev/") else None,
            options=_RTSP if source.url.startswith("rtsp") else {},
            timeout=(source.read_timeout_s, source.read_timeout_s) if source.live else None,
        )
    except (av.error.FFmpegError, OSError) as error:
        remedy = (
            "check address, user and password, and that the camera is on"
            if source.live
            else "the file is damaged, or neither film, picture nor sound; copy it again"
        )
        raise SourceUnreadable(f"{source.place}: cannot be opened ({error.strerror}); {remedy}") from error
    if lacks := _lacks(_streams(container, source), source.expects):
        container.close()
        raise SourceUnreadable(f"{source.place}: holds {lacks}")
    return container


def _streams(container: InputContainer, source: Source) -> tuple[VideoStream | None, AudioStream | None]:
    """The first stream of pictures (a cover is none) and the first of sound, as far as they are wanted."""
    films = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    wanted = films if source.expects is not Expects.SOUND else []
    return next(iter(wanted), None), next(iter(container.streams.audio), None)


def _lacks(streams: tuple[VideoStream | None, AudioStream | None], expects: Expects) -> str:
    video, audio = streams
    if expects is Expects.PICTURES and video is None:
        return "no video; choose a source with pictures, or say that sound is expected alone"
    if expects is Expects.SOUND and audio is None:
        return "no sound; choose a source with sound, or expect pictures"
    return "neither pictures nor sound; choose a film, a picture or a sound" if not (video or audio) else ""


def _read(container: InputContainer, source: Source, counts: Counts) -> Iterator[Captured]:
    video, audio = _streams(container, source)
    if video is not None:
        video.codec_context.thread_count = 1
    zero_s = 0.0 if source.live else (container.start_time or 0) / av.time_base
    if source.start_s > 0 and not source.live:
        container.seek(int((source.start_s - _LEAD_IN_S + zero_s) * av.time_base), backward=True)
    resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    decimator, patience = Decimator(source.analysis_fps), _Patience(counts)
    streams = [stream for stream in (video, audio) if stream is not None]
    finished: set[str] = set()
    reached_s = source.start_s
    for packet in container.demux(streams):
        for decoded in patience.decode(packet):
            if isinstance(decoded, VideoFrame):
                pts_s = (decoded.time or 0.0) - zero_s
                reached_s = max(reached_s, pts_s)
                if _is_past(source, pts_s):
                    finished.add("video")
                elif pts_s >= source.start_s - 1e-6:
                    yield from _picture(decoded, pts_s, decimator, counts, source.masks)
            else:
                for sound in _sounds(resampler, decoded, zero_s):
                    reached_s = max(reached_s, sound.end_s)
                    if _is_past(source, sound.pts_s):
                        finished.add("audio")
                    yield from _cut(sound, source)
        if len(finished) == len(streams):
            return
    _refuse_half_a_film(container, source, reached_s)


def _refuse_half_a_film(container: InputContainer, source: Source, reached_s: Seconds) -> None:
    if source.live or container.duration is None:
        return
    length_s = container.duration / av.time_base
    expected_s = length_s if source.end_s is None else min(length_s, source.end_s)
    if reached_s < expected_s - _SHORTER_S:
        raise SourceUnreadable(f"{source.place}: breaks off at {reached_s:.1f} s of {length_s:.1f} s; copy it again")


class _Patience:
    """Passes over packets that cannot be decoded (a stream joined between two key pictures, a bit lost on the way)."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._in_a_row = 0

    def decode(self, packet: "Packet[Any]") -> list[VideoFrame | AudioFrame]:
        frames: list[VideoFrame | AudioFrame]
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, VideoFrame | AudioFrame)]
        except av.error.FFmpegError:
            self._counts.damaged += 1
            self._in_a_row += 1
            if self._in_a_row > _MOST_DAMAGED:
                raise
            return []
        self._in_a_row = 0
        return [frame for frame in frames if frame.time is not None]


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


def _sounds(resampler: AudioResampler, decoded: AudioFrame, zero_s: Seconds) -> Iterator[Sound]:
    for chunk in resampler.resample(decoded):
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
