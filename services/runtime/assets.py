"""Finds models and clips on this machine and checks their digests; nothing is downloaded here."""

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

CATALOGUE = Path(__file__).parents[2] / "deploy" / "assets.toml"
_CHECKED: set[tuple[Path, int, int, str]] = set()


class AssetError(RuntimeError):
    """Something about an asset that a person has to mend; the message says how."""


class AssetUnknown(AssetError):
    """A name that is not in the catalogue."""


class AssetMissing(AssetError):
    """An asset that is not on this machine."""


class AssetAltered(AssetError):
    """A file whose digest is not the catalogue's."""


class Use(StrEnum):
    """Who needs an asset."""

    DEFAULT = "default"
    EXTRA = "extra"
    TESTS = "tests"
    SOURCE = "source"


class Asset(BaseModel):
    """One line of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[^/\\]+$")
    """The file's name, unique in the catalogue."""
    folder: str = Field(pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*$")
    """Where it lies in a mirror or in the cache."""
    use: Use
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(alias="bytes", gt=0)
    licence: str
    training_data: str
    does: str
    origin: str = Field(pattern=r"^(url|pypi|npm|recipe|mirror):.+")
    built_from: str = ""
    sources: tuple[str, ...] = ()
    """Of a recipe that `attune assets build` can do: the assets it is made from."""

    @property
    def recipe(self) -> str:
        """Which recipe `attune assets build` makes it by; empty: none."""
        return self.origin.removeprefix("recipe:") if self.sources else ""


class _Catalogue(BaseModel):
    model_config = ConfigDict(extra="forbid")

    asset: list[Asset]


@dataclass(frozen=True, slots=True)
class Places:
    """Where assets may come from on this machine, in the order in which they are asked."""

    mirror: str
    """A folder or a URL; empty: none."""
    release: str
    """The base URL of a published release; empty: none."""
    cache: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Places":
        """As ATTUNE_ASSET_MIRROR, ATTUNE_ASSET_RELEASE and ATTUNE_ASSET_CACHE say; without the last, XDG_CACHE_HOME."""
        environ = os.environ if environ is None else environ
        caches = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(
            mirror=environ.get("ATTUNE_ASSET_MIRROR", ""),
            release=environ.get("ATTUNE_ASSET_RELEASE", ""),
            cache=Path(environ.get("ATTUNE_ASSET_CACHE") or caches / "attune" / "assets"),
        )

    @property
    def mirror_folder(self) -> Path | None:
        """The mirror, when it is a folder rather than a URL."""
        return Path(self.mirror) if self.mirror and "://" not in self.mirror else None


class Shelf:
    """The assets of the catalogue as far as they are on this machine.

    A mirror that is a folder is used in place; what `attune assets pull` fetched lies in the cache.
    """

    def __init__(self, assets: Mapping[str, Asset], places: Places) -> None:
        self.assets = assets
        self.places = places

    @classmethod
    def open(cls, catalogue: Path = CATALOGUE, places: Places | None = None) -> "Shelf":
        """The shelf that `catalogue` describes, at the places the environment names.

        Raises:
            AssetError: the catalogue cannot be read, or one of its lines is wrong.
        """
        return cls(read_catalogue(catalogue), places or Places.from_environment())

    def asset(self, name: str) -> Asset:
        """The catalogue's line for `name`.

        Raises:
            AssetUnknown: there is none; the message offers the nearest names.
        """
        if name in self.assets:
            return self.assets[name]
        near = get_close_matches(name, self.assets, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "`attune assets list` shows what there is"
        raise AssetUnknown(f"asset {name!r} is not in the catalogue: {hint}")

    def find(self, name: str) -> Path:
        """The file of the asset `name`, its digest checked once per process.

        Raises:
            AssetUnknown: no such name in the catalogue.
            AssetMissing: it is neither in the mirror's folder nor in the cache.
            AssetAltered: the file is not the one the catalogue describes.
        """
        asset = self.asset(name)
        path = self.locate(asset)
        if path is None:
            raise AssetMissing(f"asset {name} ({asset.does}) is not on this machine: run `attune assets pull {name}`")
        check(asset, path)
        return path

    def locate(self, asset: Asset) -> Path | None:
        """Where the asset lies on this machine, its digest unchecked; None when nowhere."""
        mirror = self.places.mirror_folder
        path = in_folder(asset, mirror) if mirror else None
        return path or (cached if (cached := self.cached(asset)).is_file() else None)

    def cached(self, asset: Asset) -> Path:
        """Where `pull` puts the asset. The cache is laid out like a mirror and can be carried elsewhere as one."""
        return self.places.cache / asset.folder / asset.name


def read_catalogue(catalogue: Path) -> dict[str, Asset]:
    """The assets of a TOML catalogue by name.

    Raises:
        AssetError: unreadable, not TOML, a wrong or unknown key, or a name twice.
    """
    try:
        assets = _Catalogue(**tomllib.loads(catalogue.read_text())).asset
    except OSError as error:
        raise AssetError(f"asset catalogue {catalogue}: {error.strerror}; expected a readable TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise AssetError(f"asset catalogue {catalogue}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AssetError(f"asset catalogue {catalogue}: {place} = {first['input']!r}: {first['msg']}") from error
    by_name = {asset.name: asset for asset in assets}
    if len(by_name) < len(assets):
        names = [asset.name for asset in assets]
        raise AssetError(f"asset catalogue {catalogue}: {next(n for n in names if names.count(n) > 1)} is there twice")
    return by_name


def in_folder(asset: Asset, folder: Path) -> Path | None:
    """The asset in a mirror's folder: where the catalogue puts it, at the top, or in any sub-folder not hidden."""
    for path in (folder / asset.folder / asset.name, folder / asset.name):
        if path.is_file():
            return path
    elsewhere = (path for path in sorted(folder.rglob(asset.name)) if path.is_file())
    return next((path for path in elsewhere if not any(p[0] == "." for p in path.relative_to(folder).parts)), None)


class Receipt(BaseModel):
    """What `attune assets build` notes beside a model that it made: how far it is from the original."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    """Of the file that was made."""
    catalogue_sha256: str
    """What the catalogue said of it then; another catalogue has it made again."""
    difference: float
    tolerance: float
    against: str


def receipt_of(path: Path) -> Path:
    """Where the receipt of a model lies."""
    return path.with_name(f"{path.name}.built.json")


def _built_here(asset: Asset, path: Path, digest: str) -> bool:
    """Whether the file is the one that a build of this asset made on this machine."""
    if not asset.recipe or not receipt_of(path).is_file():
        return False
    try:
        said = Receipt.model_validate_json(receipt_of(path).read_text())
    except ValidationError:
        return False
    return (said.sha256, said.catalogue_sha256) == (digest, asset.sha256) and said.difference <= said.tolerance


def check(asset: Asset, path: Path) -> None:
    """Compare the file's digest with the catalogue's, or with that of its receipt where it was built on this machine;
    a file that has not changed is read once per process.

    Raises:
        AssetAltered: they differ.
    """
    state = path.stat()
    seen = (path.resolve(), state.st_mtime_ns, state.st_size, asset.sha256)
    if seen in _CHECKED:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != asset.sha256 and not _built_here(asset, path, digest):
        raise AssetAltered(
            f"{path}: sha256 is {digest}, expected {asset.sha256}; "
            f"delete it and run `attune assets pull {asset.name}`"
        )  # fmt: skip
    _CHECKED.add(seen)
