"""Builds a corpus of data sets in their folders: what may be used, who goes where, what was left out and why."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from training.corpus.asking import MADE_BY, example_of, id_of
from training.corpus.assets import digest_of
from training.corpus.errors import AssetInvalid, ExampleInvalid, LayoutUnknown, RecipeInvalid
from training.corpus.example import Split
from training.corpus.films import Films
from training.corpus.items import CANNOT_MAP, Item, Reader
from training.corpus.licences import Ledger, Use
from training.corpus.parts import Modality
from training.corpus.readers.known import READERS
from training.corpus.scores import FilmScores
from training.corpus.settings_file import read_settings
from training.corpus.splits import Proof, prove_disjoint
from training.corpus.store import Corpus, CorpusWriter
from training.corpus.terms import Terms, merged

Say = Callable[[str, dict[str, object]], None]
"""Takes what happened and its fields, for a JSON-lines log."""
REPEATED = "repeated"
"""Why an item that a data set has twice is left out the second time."""


class SourceSettings(BaseModel):
    """One data set, the folder in which it lies, and what it is for where that is not what the others are for. `fold`
    is the official one that says what is learned from and what is tried on; the first where none is named. With the use
    of evaluation a fold that is named is what it tries on alone; where none is, all of the data set is measured with.
    `scores` is a table of `attune edge record-scores` about its films; where none is named, films are shown without."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    dataset: str
    folder: Path
    use: Use | None = None
    fold: int | None = Field(default=None, ge=1)
    scores: Path | None = None


class CorpusSettings(BaseModel):
    """What `attune train corpus` reads: the use that is meant, the seed of the splits, how films are shown, and the
    sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    use: Use
    seed: int = 0
    films: Films = Films()
    source: tuple[SourceSettings, ...] = Field(min_length=1)

    @classmethod
    def read(cls, file: Path) -> Self:
        """From a TOML file; folders count from where it lies.

        Raises:
            RecipeInvalid: it cannot be read, or says something that nobody understands.
        """
        settings = read_settings(cls, file, "a TOML file of settings", RecipeInvalid)
        for one in settings.source:
            if one.dataset not in READERS:
                raise RecipeInvalid(f"{file}: dataset {one.dataset!r}; expected one of {', '.join(READERS)}")
            if one.fold is not None and READERS[one.dataset].folds is None:
                raise RecipeInvalid(f"{file}: dataset {one.dataset!r} with fold {one.fold}; it has no official folds")
        placed = (one.model_copy(update={"folder": file.parent / one.folder,
                  "scores": file.parent / one.scores if one.scores else None}) for one in settings.source)  # fmt: skip
        return settings.model_copy(update={"source": tuple(placed)})

    def use_of(self, source: SourceSettings) -> Use:
        """What a source is for: a benchmark and a facility's own word are never learned from."""
        return Use.EVALUATION if READERS[source.dataset].evaluation_only else source.use or self.use

    def tried_alone(self, source: SourceSettings) -> bool:
        """Whether only that of it is taken which the fold that is named tries on."""
        return source.fold is not None and self.use_of(source) is Use.EVALUATION

    @property
    def made_from(self) -> str:
        """What the corpus is a function of, in one word: another folder of the same data set is the same."""
        sources = sorted(
            (one.dataset, self.use_of(one), *([one.fold] if one.fold else []),
             *(["alone"] if self.tried_alone(one) else []),
             *(digest_of(file) for file in (one.scores, _file_of(one)) if file and file.is_file()))
            for one in self.source
        )  # fmt: skip
        said = json.dumps([self.seed, sources, self.films.model_dump(), MADE_BY])
        return "sources " + hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(slots=True)
class Built:
    """What came of it. `left_out` counts reasons by data set, `cannot_map` labels that are none of ours, `unscored`
    examples with a film of which the scores that were named tell nothing."""

    corpus: Corpus
    proof: Proof
    examples: Counter[str] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    cannot_map: Counter[str] = field(default_factory=Counter)
    unscored: Counter[str] = field(default_factory=Counter)


def build(settings: CorpusSettings, out: Path, say: Say, step: Callable[[str], None] = lambda dataset: None) -> Built:
    """The corpus of all sources, in `out`. Interrupted, it goes on when called again: what was made is kept.

    Raises:
        LicenceForbids: before anything is read, when the terms of one source do not allow the use.
        LayoutUnknown: a folder has not the official layout.
        SubjectsShared: a subject would be in two splits.
        CorpusError: `out` holds something else.
    """
    ledger = Ledger.open()
    terms = {one.dataset: ledger.permit(one.dataset, settings.use_of(one)).terms for one in settings.source}
    told = merged(
        Terms(dataset=one.dataset, use=settings.use_of(one), terms=terms[one.dataset]) for one in settings.source
    )
    scores = {one.dataset: FilmScores.read(one.scores) for one in settings.source if one.scores}
    writer, unscored = CorpusWriter(out, settings.made_from, sources=told), Counter[str]()
    examples, left_out, cannot_map = Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    met = set[str]()
    with closing(writer):
        for reader, use, item in _items(settings):
            step(reader.dataset)
            if (name := id_of(reader, item)) in met:
                left_out[reader.dataset, REPEATED] += 1
                say(
                    "left out", {"dataset": reader.dataset, "why": f"{item.item}: is there twice; the first one counts"}
                )
                continue
            met.add(name)
            cannot_map[reader.dataset] += item.label == CANNOT_MAP
            examples[reader.dataset] += 1
            measured = scores.get(reader.dataset)
            films = [one for one in item.shown if one.modality is Modality.VIDEO]
            unscored[reader.dataset] += bool(measured and films and not any(map(measured.text, films)))
            if name in writer.written:
                continue
            try:
                writer.add(
                    example_of(
                        reader, item, use, terms[reader.dataset], settings.seed, writer.assets, settings.films, measured
                    )
                )
            except (AssetInvalid, ExampleInvalid) as error:
                examples[reader.dataset] -= 1
                left_out[reader.dataset, type(error).__name__] += 1
                say("left out", {"dataset": reader.dataset, "why": str(error)})
    corpus = writer.finish()
    proof = prove_disjoint(corpus.examples())
    say("built", {"examples": corpus.manifest.rows, "fingerprint": corpus.manifest.fingerprint})
    return Built(corpus, proof, examples, left_out, cannot_map, +unscored)


def _items(settings: CorpusSettings) -> Iterator[tuple[Reader, Use, Item]]:
    for source in settings.source:
        reader = READERS[source.dataset]
        whole, fold = reader.folds, source.fold
        items = whole(source.folder, fold) if whole and fold else reader.items(source.folder)
        if settings.tried_alone(source):
            items = (item for item in items if item.split is Split.TEST)
        try:
            for item in items:
                yield reader, settings.use_of(source), item
        except (UnicodeDecodeError, csv.Error) as error:
            raise LayoutUnknown(f"{reader.dataset}: a file in {source.folder} is no text in UTF-8 ({error}); copy it "
                                "again") from None  # fmt: skip


def _file_of(source: SourceSettings) -> Path | None:
    reader = READERS.get(source.dataset)
    return source.folder / reader.file if reader and reader.file else None
