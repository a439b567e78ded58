"""Takes a pushed bundle apart: a tar archive of plain files, and nothing that leads anywhere else."""

import tarfile
from pathlib import Path

from vlm_service.bundle import FileAltered, FileForbidden
from vlm_service.bundle.manifest import MOST_BYTES, MOST_FILES

_CHUNK = 1 << 20


def unpack(archive: Path, into: Path) -> None:
    """Write the files of `archive` into the empty folder `into`.

    Raises:
        FileForbidden: a name that leads out of the folder, a folder, a link or a special file, too many or too large.
        FileAltered: no tar archive, one that ends too early, or a name twice.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            count = size = 0
            for member in tar:
                if member.isdir() and member.name.strip("./") == "":
                    continue
                name = _plain(member)
                count, size = count + 1, size + member.size
                if count > MOST_FILES or size > MOST_BYTES:
                    raise FileForbidden(f"more than {MOST_FILES} files or {MOST_BYTES / 2**30:.0f} GiB: expected one "
                                        "adapter")  # fmt: skip
                _write(tar, member, into / name)
    except (tarfile.TarError, EOFError) as error:
        raise FileAltered(f"the upload is no whole tar archive ({error}): push it again") from error


def _plain(member: tarfile.TarInfo) -> str:
    name = member.name.removeprefix("./")
    if not name or name != Path(name).name or name in {".", ".."} or "\\" in name or not name.isprintable():
        raise FileForbidden(f"{member.name!r}: leads out of the bundle's folder or into another; expected plain names")
    if not member.isfile():
        raise FileForbidden(f"{name}: a link, a folder or a special file; expected files alone")
    return name


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, file: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None
    try:
        with file.open("xb") as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
    except FileExistsError as error:
        raise FileAltered(f"{file.name}: twice in the upload; push the bundle as it was sealed") from error
    if file.stat().st_size != member.size:
        raise FileAltered(f"{file.name}: cut off; push the bundle again")
