"""A corpus on disk: Parquet parts, raw assets, and a manifest that says what must be there."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from training.corpus.assets import AssetStore, digest_of, write_whole
from training.corpus.errors import CorpusDamaged, CorpusError, CorpusUnfinished
from training.corpus.example import Example
from training.corpus.rows import READABLE, SCHEMA, VERSION, digest, fingerprint, from_row, to_row
from training.corpus.terms import Terms

MANIFEST = "manifest.json"


class PartFile(BaseModel):
    """One Parquet file of a corpus."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    rows: int
    sha256: str


class Manifest(BaseModel):
    """What a corpus holds. `fingerprint` is empty until it is whole; `made_from` tells the command's inputs,
    `sources` the terms of what was read, where it was told."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int = VERSION
    made_from: str
    parts: tuple[PartFile, ...] = ()
    fingerprint: str = ""
    sources: tuple[Terms, ...] = ()

    @property
    def rows(self) -> int:
        """How many examples."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A whole corpus, opened for reading."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The corpus in `folder`; its parts are checked as they are read, all of it by `check`.

        Raises:
            CorpusDamaged: no readable manifest, or one of another version.
            CorpusUnfinished: its building was interrupted.
        """
        manifest = read_manifest(folder)
        if not manifest.fingerprint:
            raise CorpusUnfinished(f"{folder}: its building was interrupted after {manifest.rows} examples; the same "
                                   "command again goes on from there")  # fmt: skip
        return cls(folder, manifest)

    @property
    def assets(self) -> AssetStore:
        """Its raw assets."""
        return AssetStore(self.folder / "assets")

    def examples(self) -> Iterator[Example]:
        """All of them in the order of writing.

        Raises:
            CorpusDamaged: a part is missing, cut short or changed.
            ExampleInvalid: a row contradicts itself.
        """
        for part in self.manifest.parts:
            yield from _read(self.folder, part)

    def check(self) -> None:
        """That every part, example and asset is what the manifest says.

        Raises:
            CorpusDamaged: something is not.
            AssetInvalid: an asset is missing or changed.
        """
        digests, assets = [], set[str]()
        for example in self.examples():
            digests.append(digest(example))
            assets |= example.assets | {film for film in example.films if self.assets.path(film).is_file()}
        if (found := fingerprint(digests)) != self.manifest.fingerprint:
            raise CorpusDamaged(f"{self.folder}: fingerprint {found}, the manifest says {self.manifest.fingerprint}; "
                                "build or copy it again")  # fmt: skip
        self.assets.check(assets)


@dataclass(slots=True)
class CorpusWriter:
    """Builds a corpus part by part; each part is whole on disk before the manifest names it, so that an interrupted
    building goes on where it stopped, and `made_from` says whether it is the same building."""

    folder: Path
    made_from: str
    rows_per_part: int = 1000
    sources: tuple[Terms, ...] = ()
    _manifest: Manifest = field(init=False)
    _waiting: list[Example] = field(init=False, default_factory=list)
    _digests: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / MANIFEST).exists():
            if any(self.folder.iterdir()):
                raise CorpusError(f"{self.folder}: holds something that is no corpus; name an empty folder")
            self._manifest = Manifest(made_from=self.made_from, sources=self.sources)
            self._note(self._manifest)
            return
        self._manifest = read_manifest(self.folder)
        if self._manifest.made_from != self.made_from:
            raise CorpusError(f"{self.folder}: holds a corpus made from {self._manifest.made_from!r}, not from "
                              f"{self.made_from!r}; name another folder")  # fmt: skip
        for part in self._manifest.parts:
            self._digests.update((example.id, digest(example)) for example in _read(self.folder, part))

    @property
    def assets(self) -> AssetStore:
        """Where the raw assets of examples go first."""
        return AssetStore(self.folder / "assets")

    @property
    def written(self) -> frozenset[str]:
        """The ids of examples that need not be made again."""
        return frozenset(self._digests)

    def add(self, example: Example) -> None:
        """One more example; what was written in an earlier attempt is passed over.

        Raises:
            CorpusDamaged: another example of the same id.
        """
        said, known = digest(example), self._digests.get(example.id)
        if known is None:
            self._digests[example.id] = said
            self._waiting.append(example)
        elif known != said:
            raise CorpusDamaged(f"two different examples have the id {example.id!r}; ids must be unique")
        if len(self._waiting) >= self.rows_per_part:
            self._flush()

    def add_all(self, examples: Iterable[Example]) -> None:
        """Each of them, see `add`."""
        for example in examples:
            self.add(example)

    def close(self) -> None:
        """Writes what waits, finished or not, so that whoever goes on need not make it again."""
        self._flush()

    def finish(self) -> Corpus:
        """The whole corpus, with its fingerprint."""
        self._flush()
        self._note(self._manifest.model_copy(update={"fingerprint": fingerprint(list(self._digests.values()))}))
        return Corpus(self.folder, self._manifest)

    def _flush(self) -> None:
        if not self._waiting:
            return
        out = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([to_row(one) for one in self._waiting], SCHEMA), out, compression="zstd")
        name = f"part-{len(self._manifest.parts):05d}.parquet"
        write_whole(self.folder / name, out.getvalue())
        part = PartFile(file=name, rows=len(self._waiting), sha256=digest_of(self.folder / name))
        parts = (*self._manifest.parts, part)
        self._note(self._manifest.model_copy(update={"version": VERSION, "parts": parts, "fingerprint": ""}))
        self._waiting.clear()

    def _note(self, manifest: Manifest) -> None:
        write_whole(self.folder / MANIFEST, manifest.model_dump_json(indent=1).encode())
        self._manifest = manifest


def read_manifest(folder: Path) -> Manifest:
    """Of a corpus, whole or not.

    Raises:
        CorpusDamaged: there is none, or none of this version.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise CorpusDamaged(f"{folder}: no {MANIFEST} ({error.strerror}); expected the folder of a corpus") from error
    except ValidationError as error:
        raise CorpusDamaged(f"{folder / MANIFEST}: is not readable as a manifest ({error.error_count()} faults, first: "
                            f"{error.errors()[0]['msg']}); copy or build the corpus again") from error  # fmt: skip
    if not 1 <= manifest.version <= VERSION:
        raise CorpusDamaged(f"{folder}: columns of version {manifest.version}, this program reads 1 to {VERSION}; "
                            "build it again")  # fmt: skip
    return manifest


def _read(folder: Path, part: PartFile) -> Iterator[Example]:
    path = folder / part.file
    if not path.is_file():
        raise CorpusDamaged(f"{path}: is missing; copy it again, or remove the folder and build anew")
    if digest_of(path) != part.sha256:
        raise CorpusDamaged(f"{path}: cut short or changed since it was written; copy it again, or remove the folder "
                            "and build anew")  # fmt: skip
    table = pq.read_table(path)
    if table.schema not in READABLE or table.num_rows != part.rows:
        raise CorpusDamaged(f"{path}: other columns or rows than the manifest says; build the corpus again")
    yield from (from_row(row) for row in table.to_pylist())
