"""A pushed archive holds plain files or is refused, naming what leads elsewhere."""

import io
import tarfile
from pathlib import Path

import pytest

from vlm_service.adapters.store import Store
from vlm_service.adapters.unpack import unpack
from vlm_service.bundle import BundleError, FileAltered, FileForbidden

pytestmark = pytest.mark.unit


def archive(folder: Path, *members: tuple[str, bytes, bytes]) -> Path:
    """Members: name, contents, and tar's own letter for the kind."""
    file = folder / "push.tar"
    with tarfile.open(file, "w:") as tar:
        for name, contents, kind in members:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(contents), kind, "/etc/passwd"
            tar.addfile(member, io.BytesIO(contents))
    return file


PLAIN = ("card.json", b"{}", tarfile.REGTYPE)


def test_it_writes_plain_files_and_passes_over_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    unpack(archive(tmp_path, ("./", b"", tarfile.DIRTYPE), ("./card.json", b"{}", tarfile.REGTYPE)), tmp_path / "into")
    assert [file.name for file in (tmp_path / "into").iterdir()] == ["card.json"]


@pytest.mark.parametrize(
    ("member", "error"),
    [
        (("../escaped.json", b"x", tarfile.REGTYPE), FileForbidden),
        (("/tmp/escaped.json", b"x", tarfile.REGTYPE), FileForbidden),
        (("a/../../escaped.json", b"x", tarfile.REGTYPE), FileForbidden),
        (("more/notes.md", b"x", tarfile.REGTYPE), FileForbidden),
        (("..", b"x", tarfile.REGTYPE), FileForbidden),
        (("a\\b.md", b"x", tarfile.REGTYPE), FileForbidden),
        (("a\nb.md", b"x", tarfile.REGTYPE), FileForbidden),
        (("link.md", b"", tarfile.SYMTYPE), FileForbidden),
        (("link.md", b"", tarfile.LNKTYPE), FileForbidden),
        (("pipe.md", b"", tarfile.FIFOTYPE), FileForbidden),
        (("null.md", b"", tarfile.CHRTYPE), FileForbidden),
        (("more", b"", tarfile.DIRTYPE), FileForbidden),
        (PLAIN, FileAltered),
    ],
)
def test_it_refuses_what_leads_elsewhere(
    member: tuple[str, bytes, bytes], error: type[BundleError], tmp_path: Path
) -> None:
    (tmp_path / "into").mkdir()
    with pytest.raises(error):
        unpack(archive(tmp_path, PLAIN, member), tmp_path / "into")
    assert not list(tmp_path.rglob("escaped*"))


def test_it_refuses_an_archive_that_is_none_or_ends_too_early(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    whole = archive(tmp_path, ("big.md", bytes(4096), tarfile.REGTYPE)).read_bytes()
    for number, raw in enumerate((b"PK\x03\x04 no tar", whole[:2000], whole[:700])):
        (tmp_path / "push.tar").write_bytes(raw)
        (tmp_path / f"into{number}").mkdir()
        with pytest.raises(FileAltered, match="push"):
            unpack(tmp_path / "push.tar", tmp_path / f"into{number}")


def test_a_kept_bundle_is_never_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.open()
    for contents in ("first", "second"):
        with store.arriving() as folder:
            (folder / "card.json").write_text(contents)
            store.keep(folder, "agitation@0123456789ab")
    assert (store.place("agitation@0123456789ab") / "card.json").read_text() == "first"
    assert not list((tmp_path / "store" / "incoming").iterdir())
    with pytest.raises(ValueError, match="served name"):
        store.place("../agitation@0123456789ab")
