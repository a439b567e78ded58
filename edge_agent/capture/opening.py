"""Opens a file, a stream or a device with a time limit, and says in one sentence why it could not be opened."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from edge_agent.capture import hardware
from edge_agent.capture.source import Expects, Source, SourceUnreadable

_LIVE = {"fpsprobesize": "0"}
"""A live stream is not watched for a second to guess its rate. With `nobuffer`, which others use for that, the first
key picture is thrown away, and the room stays unseen until the next: ten seconds with a camera's usual settings."""
_RTSP = {"rtsp_transport": "tcp"}
"""Over UDP a busy network loses packets, which garbles pictures until the next key picture."""
_ALSA_CONFIGURATION = Path("/usr/share/alsa/alsa.conf")


@dataclass(frozen=True, slots=True)
class Opened:
    """An open source, its streams as far as they are wanted, and what decodes its pictures."""

    container: InputContainer
    video: VideoStream | None
    audio: AudioStream | None
    decoder: str


def opened(source: Source) -> Opened:
    """Open `source`; a live one is given up after its `read_timeout_s`.

    Raises:
        SourceUnreadable: it cannot be opened, or does not hold what is expected of it.
    """
    if not source.live and not Path(source.url).is_file():
        raise SourceUnreadable(f"{source.place}: no such file; check the path of the source")
    device = hardware.chosen(source.decoder)
    try:
        container = _open(source, device)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        # not chained: the original says the whole address, with its password
        raise SourceUnreadable(f"{source.place}: cannot be opened ({_said(error)}); {_remedy(source, error)}") from None
    video, audio = _streams(container, source)
    if lacks := _lacks(video, audio, source.expects):
        container.close()
        raise SourceUnreadable(f"{source.place}: holds {lacks}")
    if video is None:
        return Opened(container, video, audio, "")
    if not video.codec_context.is_hwaccel:
        video.codec_context.thread_count = 1
        return Opened(container, video, audio, hardware.SOFTWARE)
    return Opened(container, video, audio, device)


def length_s(source: Source) -> float | None:
    """How many seconds a file says it is long; None where it does not say, and of a live source.

    Raises:
        SourceUnreadable: as `opened`.
    """
    if source.live:
        return None
    with opened(source).container as container:
        return None if container.duration is None else container.duration / av.time_base


def _open(source: Source, device: str) -> InputContainer:
    address, form = source.url, None
    options = {**_LIVE, **(_RTSP if source.url.startswith("rtsp") else {})} if source.live else {}
    if source.url.startswith("/dev/"):
        form = "v4l2"
    if source.url.startswith("alsa:"):
        address, form = source.url.removeprefix("alsa:"), "alsa"
        if _ALSA_CONFIGURATION.exists():  # PyAV's wheel looks for it where it was built
            os.environ.setdefault("ALSA_CONFIG_PATH", str(_ALSA_CONFIGURATION))
    if source.url.startswith("pulse:"):
        address, form = source.url.removeprefix("pulse:") or "default", "pulse"
    return av.open(
        address,
        format=form,
        options=options,
        timeout=(source.read_timeout_s, source.read_timeout_s) if source.live else None,
        hwaccel=hardware.accelerator(device),
    )


def _streams(container: InputContainer, source: Source) -> tuple[VideoStream | None, AudioStream | None]:
    """The first stream of pictures (a cover is none) and the first of sound, as far as they are wanted."""
    films = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    wanted = films if source.expects is not Expects.SOUND else []
    return next(iter(wanted), None), next(iter(container.streams.audio), None)


def _lacks(video: VideoStream | None, audio: AudioStream | None, expects: Expects) -> str:
    if expects is Expects.PICTURES and video is None:
        return "no video; choose a source with pictures, or say that sound is expected alone"
    if expects is Expects.SOUND and audio is None:
        return "no sound; choose a source with sound, or expect pictures"
    return "neither pictures nor sound; choose a film, a picture or a sound" if not (video or audio) else ""


def _said(error: Exception) -> str:
    if isinstance(error, av.error.ExitError):
        return "it did not answer in time"
    return (error.strerror or type(error).__name__) if isinstance(error, OSError | av.error.FFmpegError) else str(error)


def _remedy(source: Source, error: Exception) -> str:
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "the camera refuses this user and password: correct them in its address"
    if isinstance(error, av.error.HTTPNotFoundError):
        return "the camera answers and has no such stream: correct the path of its address"
    if source.url.startswith("/dev/"):
        if isinstance(error, FileNotFoundError):
            return "no such camera is plugged in; `ls /dev/video*` lists those that are"
        if getattr(error, "errno", 0) == errno.EBUSY:
            return "another program holds it; a USB camera serves one at a time"
        if isinstance(error, PermissionError):
            return "this user may not use it; add the user to the group video"
        return "check that it is a camera: `ls /dev/video*`"
    if source.url.startswith("alsa:"):
        return ("no such microphone, or another program holds it; `arecord -L` lists them, alsa:default shares one; "
                "an image needs the host's /usr/share/alsa")  # fmt: skip
    if source.url.startswith("pulse:"):
        return "PyAV's wheels come without PulseAudio; use alsa:pulse or alsa:default, which reach it"
    if source.live:
        return "check address, user and password, and that the camera is on"
    return "the file is damaged, or neither film, picture nor sound; copy it again"
