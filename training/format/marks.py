"""Interleaved omnimodal text: every part that is not words stands between marks, and reads back as it was.

`<<<vi_start>>>…<<<vi_end>>>` holds a picture or a film, `au` sound, `ts` a measured series, `pose` posture. Between the
marks lies one line of JSON: a stretch of a raw asset, or the numbers themselves. `<<<` inside words is written
`<<<esc>>>`, so that no text can forge a mark.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from training.corpus.errors import CorpusError
from training.corpus.parts import Measured, Modality, Part, Recorded, Text

MARKS = {
    Modality.IMAGE: "vi",
    Modality.VIDEO: "vi",
    Modality.AUDIO: "au",
    Modality.SERIES: "ts",
    Modality.POSE: "pose",
}
_ESCAPE = "<<<esc>>>"
_MARK = re.compile(r"<<<(?:(vi|au|ts|pose)_(start|end)|(esc))>>>")


class MarksWrong(CorpusError):
    """Text whose marks do not pair up, or hold something that is no part."""


def rendered(parts: Sequence[Part]) -> str:
    """Parts as one text.

    >>> rendered([Text("Seen: "), Recorded(Modality.IMAGE, "sha256:" + "0" * 64)])[:43]
    'Seen: <<<vi_start>>>{"asset":"sha256:000000'
    """
    return "".join(map(_one, parts))


def parsed(text: str) -> tuple[Part, ...]:
    """The parts of a text; `rendered(parsed(text))` is `text` where `rendered` wrote it, and neighbouring words come
    back as one part.

    Raises:
        MarksWrong: a mark that is not closed, closes another, or holds no part.
    """
    return tuple(_parts(text))


def _one(part: Part) -> str:
    if isinstance(part, Text):
        return part.text.replace("<<<", _ESCAPE)
    mark = MARKS[part.modality]
    inside = json.dumps(_inside(part), separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    # JSON escapes keep a name with "<<<" in it from closing the mark.
    return f"<<<{mark}_start>>>{inside.replace('<', chr(92) + 'u003c')}<<<{mark}_end>>>"


def _inside(part: Recorded | Measured) -> dict[str, Any]:
    if isinstance(part, Recorded):
        of = {"asset": part.asset}
        return of | ({"at_s": part.start_s} if part.modality is Modality.IMAGE else _span(part))
    values = [[None if math.isnan(value) else value for value in row] for row in part.values]
    return {"names": list(part.names), "start_s": part.start_s, "step_s": part.step_s, "values": values}


def _span(part: Recorded) -> dict[str, float]:
    return {"start_s": part.start_s, "end_s": part.end_s}


def _parts(text: str) -> Iterator[Part]:
    words, at, opened = "", 0, ""
    for found in _MARK.finditer(text):
        mark, side, escape = found.groups()
        between = text[at : found.start()]
        at = found.end()
        if opened:
            if (mark, side) != (opened, "end"):
                raise MarksWrong(f"{found.group()} at character {found.start()}; expected <<<{opened}_end>>> first")
            yield _part(opened, between)
            opened = ""
        elif escape:
            words += between + "<<<"
        elif side == "start":
            if words + between:
                yield Text(words + between)
            words, opened = "", mark
        else:
            raise MarksWrong(f"{found.group()} at character {found.start()} closes nothing")
    if opened:
        raise MarksWrong(f"<<<{opened}_start>>> is never closed")
    if words + text[at:]:
        yield Text(words + text[at:])


def _part(mark: str, inside: str) -> Part:
    try:
        of = json.loads(inside)
        match mark:
            case "vi" if "at_s" in of:
                return Recorded(Modality.IMAGE, of["asset"], of["at_s"], of["at_s"])
            case "vi" | "au":
                modality = Modality.VIDEO if mark == "vi" else Modality.AUDIO
                return Recorded(modality, of["asset"], of["start_s"], of["end_s"])
            case _:
                modality = Modality.SERIES if mark == "ts" else Modality.POSE
                rows = tuple(tuple(math.nan if value is None else value for value in row) for row in of["values"])
                return Measured(modality, tuple(of["names"]), of["start_s"], of["step_s"], rows)
    except (ValueError, KeyError, TypeError) as error:
        raise MarksWrong(f"between the marks of {mark}: {inside[:80]!r} is no part of it ({error})") from error
