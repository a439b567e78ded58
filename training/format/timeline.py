"""Video as the bridge: everything that happened in one stretch of film stands beside that stretch.

A film is cut into chunks; sound, series and posture on the same clock are cut at the same times and follow the chunk
they belong to, sight before hearing before measures. The order within a chunk and its two seconds are those of
Qwen2.5-Omni's time interleaving (arXiv 2503.20215, section 2.2); video as the bridge between senses is Ola's and
OpenOmni's idea (arXiv 2502.04328, 2501.04561).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from services.vocabulary.time import Seconds
from training.corpus.errors import ExampleInvalid
from training.corpus.parts import Measured, Modality, Part, Recorded

CHUNK_S: Seconds = 2.0
_ORDER = {
    one: k for k, one in enumerate((Modality.VIDEO, Modality.IMAGE, Modality.AUDIO, Modality.POSE, Modality.SERIES))
}
Timed = Recorded | Measured


def interleaved(video: Recorded, beside: Sequence[Timed], chunk_s: Seconds = CHUNK_S) -> tuple[Timed, ...]:
    """`video` in chunks, each followed by what of `beside` begins in it. The clock is the film's own.

    Raises:
        ExampleInvalid: `video` is none, a chunk length of 0 or less, or something outside the film's time.
    """
    if video.modality is not Modality.VIDEO or not (math.isfinite(chunk_s) and chunk_s > 0.0):
        raise ExampleInvalid(f"cannot interleave along {video.modality.value} in chunks of {chunk_s} s; expected a "
                             "video and more than 0 s")  # fmt: skip
    for one in beside:
        if one.modality is Modality.VIDEO or one.start_s < video.start_s or one.start_s >= video.end_s:
            raise ExampleInvalid(f"{one.modality.value} from {one.start_s:g} s beside a film of {video.start_s:g} to "
                                 f"{video.end_s:g} s; it must begin within it and be no second film")  # fmt: skip
    cuts = [video.start_s + k * chunk_s for k in range(math.ceil((video.end_s - video.start_s) / chunk_s))]
    cuts = [cut for cut in cuts if cut < video.end_s]
    pieces: list[tuple[int, int, int, Timed]] = []
    for number, part in enumerate((video, *beside)):
        for piece in _cut(part, cuts):
            chunk = max(k for k, cut in enumerate(cuts) if cut <= piece.start_s)
            pieces.append((chunk, _ORDER[piece.modality], number, piece))
    return tuple(piece for *_, piece in sorted(pieces, key=lambda one: one[:3]))


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Neighbouring pieces of one asset or one series as one part again, each where it began; words stay in place."""
    whole: list[Part] = []
    for part in parts:
        before = next((k for k, one in enumerate(whole) if _continues(one, part)), None)
        if before is None:
            whole.append(part)
        else:
            whole[before] = _together(whole[before], part)
    return tuple(whole)


def _cut(part: Timed, cuts: Sequence[Seconds]) -> Iterator[Timed]:
    if isinstance(part, Recorded):
        inside = [cut for cut in cuts if part.start_s < cut < part.end_s]
        edges = [part.start_s, *inside, part.end_s]
        for start, end in pairwise(edges):
            yield Recorded(part.modality, part.asset, start, end)
        return
    # A value belongs to the chunk in which its step begins; steps are counted, so that no rounding loses one.
    times = [part.start_s + k * part.step_s for k in range(len(part.values))]
    firsts = [0, *(k for k in range(1, len(times)) if _chunk(times[k], cuts) != _chunk(times[k - 1], cuts)), len(times)]
    for first, last in pairwise(firsts):
        yield Measured(part.modality, part.names, times[first], part.step_s, part.values[first:last])


def _chunk(time: Seconds, cuts: Sequence[Seconds]) -> int:
    return sum(cut <= time for cut in cuts)


def _continues(one: Part, after: Part) -> bool:
    if isinstance(one, Recorded) and isinstance(after, Recorded):
        same = (one.modality, one.asset) == (after.modality, after.asset)
        return same and one.modality is not Modality.IMAGE and one.end_s == after.start_s
    if isinstance(one, Measured) and isinstance(after, Measured):
        same = (one.modality, one.names, one.step_s) == (after.modality, after.names, after.step_s)
        return same and math.isclose(one.end_s, after.start_s, abs_tol=one.step_s * 1e-6)
    return False


def _together(one: Part, after: Part) -> Part:
    if isinstance(one, Recorded) and isinstance(after, Recorded):
        return Recorded(one.modality, one.asset, one.start_s, after.end_s)
    assert isinstance(one, Measured) and isinstance(after, Measured)
    return Measured(one.modality, one.names, one.start_s, one.step_s, one.values + after.values)
