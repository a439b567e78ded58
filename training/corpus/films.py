"""Takes from a film what a model is shown of it: a few moments as small pictures, as the live service shows an event.

A film is cut once, while a corpus is built: what is learned from lies in the corpus as it is shown, the fingerprint
covers it, nothing later needs a decoder, and the film, often a hundred times as large, need not be kept.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from services.vocabulary.time import Seconds
from training.corpus.assets import AssetStore, digest_of
from training.corpus.errors import AssetInvalid
from training.corpus.items import Shown
from training.corpus.parts import Modality, Part, Recorded, Text
from vlm_service.dialogue.frames import INTRODUCTION, NoPicture, check, frame_names

MOST = 8
"""Pictures of one question: what the live service shows at most (`pictures` of its settings)."""
LEAST_APART_S: Seconds = 0.5
"""A film that is shorter gives fewer pictures. Source: guess."""
WIDTH_PX, QUALITY = 320, 70
"""At most so wide, and of this JPEG quality: as an edge agent keeps its pictures unless it is told otherwise."""
_ENDS_EARLY_S: Seconds = 1.0
"""A film whose pictures end so long before the moment wanted is cut short. Source: guess."""
_TURNED = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


class Films(BaseModel):
    """How films are shown: `frames` pictures of each at most; `keep` stores the film beside them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    frames: int = Field(4, ge=1, le=MOST)
    keep: bool = False


def moments(start_s: Seconds, end_s: Seconds, most: int) -> tuple[Seconds, ...]:
    """The middles of equal parts of a stretch, at most so many, none nearer than `LEAST_APART_S` to the next.

    >>> moments(0.0, 8.0, 4)
    (1.0, 3.0, 5.0, 7.0)
    >>> moments(2.0, 2.9, 4)
    (2.45,)
    """
    count = max(1, min(most, int((end_s - start_s) / LEAST_APART_S)))
    step = (end_s - start_s) / count
    return tuple(start_s + (k + 0.5) * step for k in range(count))


def cut(shown: Shown, films: Films, assets: AssetStore) -> tuple[str, tuple[Recorded, ...]]:
    """The name of a film by its digest, and its pictures, which lie in `assets` afterwards, each at its time in it.

    Raises:
        AssetInvalid: no film, one that cannot be played to the end of the stretch, or one too small to be seen.
    """
    name = assets.add(shown.file, Modality.VIDEO) if films.keep else _digest(shown)
    try:
        with av.open(str(shown.file)) as container:
            end_s = _whole_s(container, shown) if shown.end_s is None else shown.end_s
            if end_s <= shown.start_s:
                raise AssetInvalid(f"{shown.file}: nothing from {shown.start_s:g} to {end_s:g} s; expected a stretch")
            found = [_seen(container, shown, at) for at in moments(shown.start_s, end_s, films.frames)]
    except (av.error.FFmpegError, OSError) as error:
        raise AssetInvalid(f"{shown.file}: cannot be played ({error}); it may be half-downloaded") from error
    pictures = {at: _jpeg(image, shown) for at, image in found}  # a film of few pictures shows one at several moments
    return name, tuple(Recorded(Modality.IMAGE, assets.keep(jpeg), at, at) for at, jpeg in pictures.items())


def captioned(shown: Sequence[tuple[Shown, Sequence[Recorded]]]) -> Iterator[Part]:
    """Pictures behind the lines that the live service writes before its own: which, and when."""
    names = iter(frame_names(sum(len(pictures) for _, pictures in shown)))
    opening = f"\n{INTRODUCTION}"
    for film, pictures in shown:
        for picture in pictures:
            after = picture.start_s - film.start_s
            yield Text(f"{opening}\n{next(names)}: {after:.1f} s after the film began: ")
            yield picture
            opening = ""


def _digest(shown: Shown) -> str:
    try:
        return f"sha256:{digest_of(shown.file)}"
    except OSError as error:
        raise AssetInvalid(f"{shown.file}: {error.strerror}; expected a readable film") from error


def duration_s(shown: Shown) -> Seconds:
    """How long a film or a sound lasts.

    Raises:
        AssetInvalid: it cannot be played.
    """
    try:
        with av.open(str(shown.file)) as container:
            return _whole_s(container, shown)
    except (av.error.FFmpegError, OSError) as error:
        raise AssetInvalid(f"{shown.file}: cannot be played ({error}); it may be half-downloaded") from error


def _whole_s(container: "av.container.InputContainer", shown: Shown) -> Seconds:
    if not container.duration:
        raise AssetInvalid(f"{shown.file}: does not say how long it lasts; it may be half-downloaded")
    return float(container.duration) / av.time_base


def _seen(container: "av.container.InputContainer", shown: Shown, moment: Seconds) -> tuple[Seconds, NDArray[np.uint8]]:
    """What is on the screen at a moment, and since when."""
    if not container.streams.video:
        raise AssetInvalid(f"{shown.file}: is no film, it has no pictures")
    found = _on_screen(container, moment, moment) or _on_screen(container, 0.0, moment)
    if found is None or moment - found[0] > _ENDS_EARLY_S:
        until = "nothing" if found is None else f"{found[0]:.1f} s"
        raise AssetInvalid(f"{shown.file}: shows {until} where {moment:.1f} s is wanted; it may be half-downloaded")
    at, frame = found
    if frame.is_corrupt:
        raise AssetInvalid(f"{shown.file}: the picture at {at:.1f} s is damaged; it may be half-downloaded")
    return at, _upright(frame, float(container.streams.video[0].sample_aspect_ratio or 1))


def _upright(frame: av.VideoFrame, wide: float) -> NDArray[np.uint8]:
    """(height, width, 3), blue first, as a player shows it; `wide` is the width of a pixel in its heights."""
    image: NDArray[Any] = frame.to_ndarray(format="bgr24")
    if wide != 1.0:
        image = cv2.resize(image, (max(1, round(image.shape[1] * wide)), image.shape[0]))
    turned = _TURNED.get(round(frame.rotation) % 360)
    return np.asarray(image if turned is None else cv2.rotate(image, turned), np.uint8)


def _on_screen(
    container: "av.container.InputContainer", seek_s: Seconds, moment: Seconds
) -> "tuple[Seconds, av.VideoFrame] | None":
    """The last picture that begins by `moment`, looking from `seek_s` on. None where that landed behind the moment;
    from the very beginning, the first picture counts."""
    stream = container.streams.video[0]
    begins, tick_s = stream.start_time or 0, float(stream.time_base or 1.0 / av.time_base)
    container.seek(begins + int(seek_s / tick_s), stream=stream)
    found = None
    for frame in container.decode(stream):
        if frame.pts is None:
            continue  # a picture without a time is shown at none
        at = max(0.0, (frame.pts - begins) * tick_s)
        if at > moment:
            return found or ((at, frame) if seek_s == 0.0 else None)
        found = at, frame
    return found


def _jpeg(image: NDArray[np.uint8], shown: Shown) -> bytes:
    height, width = image.shape[:2]
    scale = min(1.0, WIDTH_PX / width)
    small = cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))),
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    try:
        check(jpeg)
    except NoPicture as error:
        raise AssetInvalid(f"{shown.file}: {error}") from error
    return jpeg
