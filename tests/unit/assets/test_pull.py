"""Pulling asks the mirror, the release and the origin in turn and keeps only what has the right digest."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.asset_sources import AssetUnavailable, pull
from services.runtime.assets import AssetAltered, Places, Shelf
from tests.unit.assets.test_shelf import CONTENT, asset, put, shelf

pytestmark = pytest.mark.unit


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A real HTTP server on loopback and the folder it serves."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("place", ["models/small.onnx", "small.onnx"])
def test_it_pulls_from_a_mirror_on_the_web_with_folders_or_flat(
    web: tuple[str, Path], tmp_path: Path, place: str
) -> None:
    url, folder = web
    put(folder / place)
    arrived: list[int] = []
    path = pull(shelf(tmp_path, asset(), url), "small.onnx", arrived.append)
    assert path.read_bytes() == CONTENT
    assert path == tmp_path / "cache" / "models" / "small.onnx"
    assert sum(arrived) == len(CONTENT)


def test_it_asks_the_release_when_the_mirror_does_not_have_it(web: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = web
    put(folder / "release" / "small.onnx")
    entry = asset()
    places = Places(mirror=f"{url}/mirror", release=f"{url}/release", cache=tmp_path / "cache")
    assert pull(Shelf({entry.name: entry}, places), "small.onnx").read_bytes() == CONTENT


def test_it_asks_the_origin_last(web: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = web
    put(folder / "home" / "net.bin")
    assert pull(shelf(tmp_path, asset(f"url:{url}/home/net.bin")), "small.onnx").read_bytes() == CONTENT


def test_it_keeps_nothing_of_a_file_with_another_digest(web: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = web
    put(folder / "small.onnx", b"somebody else's file")
    with pytest.raises(AssetAltered, match=asset().sha256):
        pull(shelf(tmp_path, asset(), url), "small.onnx")
    assert not any(path.is_file() for path in (tmp_path / "cache").rglob("*"))


def test_it_says_what_each_place_answered(web: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = web
    with pytest.raises(AssetUnavailable) as caught:
        pull(shelf(tmp_path, asset("recipe:small_net", built_from="npm:nets@1.0"), url), "small.onnx")
    for part in ("ATTUNE_ASSET_MIRROR", "404", "small_net", "npm:nets@1.0", "a mirror or a release only"):
        assert part in str(caught.value)


def test_it_says_so_when_there_is_no_network(tmp_path: Path) -> None:
    entry = asset("url:http://127.0.0.1:1/small.onnx")
    with pytest.raises(AssetUnavailable, match="refused"):
        pull(shelf(tmp_path, entry), "small.onnx")


def test_it_says_so_when_the_mirror_folder_is_gone(tmp_path: Path) -> None:
    with pytest.raises(AssetUnavailable, match="no folder"):
        pull(shelf(tmp_path, asset(), str(tmp_path / "nowhere")), "small.onnx")


def test_it_pulls_once_when_many_pull_at_the_same_time(web: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = web
    put(folder / "small.onnx")
    place = shelf(tmp_path, asset(), url)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(pull(place, "small.onnx"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() for path in found] == [CONTENT] * 8
    assert [path.name for path in (tmp_path / "cache" / "models").iterdir()] == ["small.onnx"]


def test_it_takes_a_model_out_of_its_wheel(tmp_path: Path) -> None:
    name = "silero_vad.onnx"
    entry = Shelf.open().asset(name)
    assert entry.origin.startswith("pypi:")
    path = pull(shelf(tmp_path, entry), name)
    assert path.stat().st_size == entry.size_bytes


def test_it_names_the_package_that_pip_cannot_bring(tmp_path: Path) -> None:
    entry = asset("pypi:pip==0.0.0.1!nothing")
    with pytest.raises(AssetUnavailable, match=r"pip failed: .*pip==0\.0\.0\.1"):
        pull(shelf(tmp_path, entry), "small.onnx")


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_it_takes_a_file_out_of_an_npm_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm itself packs a package that lies on this disk, so that the test needs no registry."""
    package = tmp_path / "package"
    put(package / "nets" / "small.bin")
    put(package / "package.json", b'{"name": "nets", "version": "1.0.0"}')
    entry = asset(f"npm:{package}!nets/small.bin")
    assert pull(shelf(tmp_path, entry), "small.onnx").read_bytes() == CONTENT
    with pytest.raises(AssetUnavailable, match=r"has no nets/other\.bin"):
        pull(shelf(tmp_path / "again", asset(f"npm:{package}!nets/other.bin")), "small.onnx")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssetUnavailable, match="npm is not installed"):
        pull(shelf(tmp_path / "third", entry), "small.onnx")
