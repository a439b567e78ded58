"""Raw pictures, films and sounds by the digest of their bytes: stored once, never changed, checked when read."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from training.corpus.errors import AssetInvalid
from training.corpus.parts import Modality

_CHUNK = 1 << 20
_OPENINGS: dict[Modality, tuple[tuple[int, bytes], ...]] = {
    Modality.IMAGE: ((0, b"\xff\xd8\xff"), (0, b"\x89PNG\r\n\x1a\n"), (8, b"WEBP"), (0, b"BM"), (0, b"GIF8")),
    Modality.VIDEO: ((4, b"ftyp"), (0, b"\x1aE\xdf\xa3"), (8, b"AVI "), (0, b"\x00\x00\x01\xba"), (0, b"FLV")),
    Modality.AUDIO: ((8, b"WAVE"), (0, b"fLaC"), (0, b"OggS"), (0, b"ID3"), (0, b"\xff\xfb"), (4, b"ftyp")),
}
"""Where a file of each modality tells what it is: offset and bytes."""


@dataclass(frozen=True, slots=True)
class AssetStore:
    """A folder of assets, `ab/abcdef…` by SHA-256."""

    folder: Path

    def add(self, file: Path, modality: Modality) -> str:
        """Its name, `sha256:…`, after it lies in the store whole; the same bytes are stored once.

        Raises:
            AssetInvalid: no such file, an empty one, one that does not open as a file of this modality does, or a
                picture that cannot be shown to its end.
        """
        try:
            with file.open("rb") as opened:
                head = opened.read(16)
        except OSError as error:
            raise AssetInvalid(f"{file}: {error.strerror}; expected a readable {modality.value}") from error
        if not any(head[at : at + len(what)] == what for at, what in _OPENINGS.get(modality, ())):
            raise AssetInvalid(f"{file}: is no {modality.value} (it opens with {head[:8].hex() or 'nothing'}); "
                               "it may be half-downloaded or of another kind")  # fmt: skip
        if modality is Modality.IMAGE:
            from training.corpus.pictures import check_picture  # packing a bundle needs digests and no Pillow

            check_picture(file)
        digest = digest_of(file)
        target = self.path(f"sha256:{digest}")
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(file, target)
        return f"sha256:{digest}"

    def keep(self, data: bytes) -> str:
        """The name of what was made here and is whole, after it lies in the store."""
        name = f"sha256:{hashlib.sha256(data).hexdigest()}"
        target = self.path(name)
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, data)
        return name

    def take(self, other: "AssetStore", names: Iterable[str]) -> None:
        """Copies assets of another store, each checked; what is here already stays.

        Raises:
            AssetInvalid: one is missing there, or changed.
        """
        new = [name for name in names if not self.path(name).is_file()]
        other.check(new)
        for name in new:
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            _copy(other.path(name), self.path(name))

    def path(self, name: str) -> Path:
        """Where the asset of this name lies, or would."""
        digest = name.removeprefix("sha256:")
        return self.folder / digest[:2] / digest

    def check(self, names: Iterable[str]) -> None:
        """That all are there and unchanged.

        Raises:
            AssetInvalid: one is missing or changed.
        """
        for name in sorted(names):
            path = self.path(name)
            if not path.is_file():
                raise AssetInvalid(f"asset {name} is not in {self.folder}; copy the whole corpus again")
            if f"sha256:{digest_of(path)}" != name:
                raise AssetInvalid(f"asset {name} in {self.folder} has changed; copy the whole corpus again")


def digest_of(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write_whole(target: Path, data: bytes) -> None:
    """Writes a file so that it is either there whole or as it was before, also when the power goes."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _copy(file: Path, target: Path) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".arriving.")
    try:
        with file.open("rb") as source, os.fdopen(handle, "wb") as out:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
