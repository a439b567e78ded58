"""The manifest of a bundle: what each file is, and with that which bundle it is."""

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vlm_service.bundle.errors import FileAltered, FileForbidden, FileMissing

WEIGHTS, PEFT, CARD, MANIFEST, SIGNATURE = (
    "adapter_model.safetensors", "adapter_config.json", "card.json", "manifest.json", "bundle.sig",
)  # fmt: skip
_NEEDED = (WEIGHTS, PEFT, CARD)
_BESIDE = {".md", ".json", ".html", ".png", ".svg", ".txt", ".toml", ".jsonl"}
"""What may lie beside them: reports and settings, nothing that runs and nothing that can be unpickled."""
MOST_FILES, MOST_BYTES = 64, 4 * 2**30


class Sealed(BaseModel):
    """One file as it was sealed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Manifest(BaseModel):
    """`manifest.json`: every file of the bundle but itself and the signature."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    files: dict[str, Sealed]

    @property
    def digest(self) -> str:
        """SHA-256 over the files' names and digests: the identity of the bundle, whoever signed it."""
        said = {name: sealed.sha256 for name, sealed in self.files.items()}
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """The files of a bundle's folder, sorted.

    Raises:
        FileMissing: the folder, the weights, the PEFT configuration or the card is not there.
        FileForbidden: a file that no bundle may hold.
    """
    if not folder.is_dir():
        raise FileMissing(f"{folder}: no such folder; expected one with {', '.join(_NEEDED)}")
    found = sorted(folder.iterdir())
    for file in found:
        _check(file)
    names = {file.name for file in found}
    pickled = sorted(name for name in names if name.endswith((".bin", ".pt", ".pth", ".pkl", ".ckpt")))
    if pickled:
        raise FileForbidden(f"{pickled[0]}: weights that run code when they are read; expected {WEIGHTS} "
                            "(PEFT: save_pretrained(..., safe_serialization=True))")  # fmt: skip
    for name in sorted(names - {*_NEEDED, MANIFEST, SIGNATURE}):
        if Path(name).suffix.lower() not in _BESIDE:
            raise FileForbidden(f"{name}: no file of a bundle; beside {', '.join(_NEEDED)} only reports and settings "
                                f"({', '.join(sorted(_BESIDE))})")  # fmt: skip
    for name in _NEEDED:
        if name not in names:
            raise FileMissing(f"{name}: missing in {folder.name}; expected {', '.join(_NEEDED)}")
    if len(found) > MOST_FILES or (size := sum(file.stat().st_size for file in found)) > MOST_BYTES:
        held = f"{len(found)} files" if len(found) > MOST_FILES else f"{size:,} bytes"
        raise FileForbidden(f"{folder.name} holds {held}: expected at most {MOST_FILES} files and {MOST_BYTES:,} bytes")
    return found


def sealed(folder: Path) -> Manifest:
    """What the folder holds now.

    Raises:
        FileMissing, FileForbidden: see `files_of`.
    """
    files = [file for file in files_of(folder) if file.name not in (MANIFEST, SIGNATURE)]
    return Manifest(files={file.name: Sealed(sha256=_sha256(file), bytes=file.stat().st_size) for file in files})


def checked(folder: Path) -> Manifest:
    """The manifest of a bundle, every file of which is as it was sealed.

    Raises:
        FileMissing: no manifest, or a file of it is not there.
        FileForbidden: a name that leads out of the folder, or a file that no bundle may hold.
        FileAltered: a file is another one, or one was put in.
    """
    manifest = _read(folder / MANIFEST)
    for name in manifest.files:
        if name != Path(name).name or name in {"", ".", ".."} or "\\" in name:
            raise FileForbidden(f"{MANIFEST} names {name!r}: expected plain names of files in the bundle")
    now = sealed(folder)
    for name, was in sorted(manifest.files.items()):
        if name not in now.files:
            raise FileMissing(f"{name}: sealed and not there; push the whole bundle")
        if now.files[name] != was:
            raise FileAltered(f"{name}: sealed with digest {was.sha256[:12]}, is {now.files[name].sha256[:12]}; "
                              "push the bundle as training wrote it")  # fmt: skip
    if put_in := sorted(set(now.files) - set(manifest.files)):
        raise FileAltered(f"{put_in[0]}: was not there when the bundle was sealed; take it out or seal anew")
    return manifest


def _read(file: Path) -> Manifest:
    if not file.is_file():
        raise FileMissing(f"{MANIFEST}: missing; `attune adapters seal` writes it")
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise FileAltered(
            f"{MANIFEST}: {error.errors()[0]['msg']}; expected it as `attune adapters seal` wrote it"
        ) from error


def _check(file: Path) -> None:
    if file.is_symlink():
        raise FileForbidden(f"{file.name}: a link; expected the file itself")
    if not file.is_file():
        raise FileForbidden(f"{file.name}: a folder or a special file; expected files alone")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
