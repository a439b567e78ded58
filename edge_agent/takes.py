"""What a SOURCE on the command line names: one stream, one file, or every picture, film and sound in a folder."""

from dataclasses import dataclass
from pathlib import Path

from edge_agent.capture.source import Expects, Source, SourceUnreadable

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
FILMS = frozenset(
    {".mp4", ".m4v", ".mkv", ".avi", ".mov", ".webm", ".ts", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".gif"}
)
SOUNDS = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".wma"})
_LOOKED_AT = PICTURES | FILMS | SOUNDS


@dataclass(frozen=True, slots=True)
class Take:
    """One recording of one resident: `resident` is the name that its rows carry."""

    resident: str
    source: Source


@dataclass(frozen=True, slots=True)
class Takes:
    """What was found, and how many files of a folder are neither picture, film nor sound."""

    found: tuple[Take, ...]
    passed_over: int = 0


def takes(place: str, resident: str, fps: float) -> Takes:
    """The recordings at `place`. Those of a folder are named by their path in it, in its order; `resident` names a
    single one, else the file's own name or, for a stream, its address.

    Raises:
        SourceUnreadable: there is no such file, or a folder holds nothing to look at or listen to.
    """
    asked = Source(place, analysis_fps=fps, expects=Expects.EITHER)
    path = Path(place)
    if asked.live or path.is_file():
        return Takes((Take(resident or (asked.place if asked.live else path.name), asked),))
    if not path.is_dir():
        raise SourceUnreadable(f"{place}: no such file or folder; check the path, or give an address such as "
                               "rtsp://camera.local/stream1")  # fmt: skip
    if resident:
        raise SourceUnreadable(f"{place}: a folder; its files name their own residents, so leave --resident out")
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    seen = [file for file in files if file.suffix.lower() in _LOOKED_AT]
    if not seen:
        known = ", ".join(sorted(suffix[1:] for suffix in _LOOKED_AT))
        raise SourceUnreadable(f"{place}: no picture, film or sound among its {len(files)} files; known are {known}")
    found = (Take(file.relative_to(path).as_posix(), _of(file, fps)) for file in seen)
    return Takes(tuple(found), len(files) - len(seen))


def _of(file: Path, fps: float) -> Source:
    return Source(str(file), analysis_fps=fps, expects=Expects.EITHER)
