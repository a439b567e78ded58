"""Several corpora read as one, and a composition of them written as a corpus of its own."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from training.corpus.assets import AssetStore, write_whole
from training.corpus.composing import Composed
from training.corpus.errors import CorpusDamaged
from training.corpus.example import Example
from training.corpus.report import report_text, write_plot
from training.corpus.rows import digest
from training.corpus.splits import prove_disjoint
from training.corpus.store import Corpus, CorpusWriter
from training.corpus.terms import Terms, merged

REPORT, PLOT = "composition.md", "composition.png"


@dataclass(frozen=True, slots=True)
class Joined:
    """All examples of some corpora, each once, and the store in which each one's assets lie."""

    examples: tuple[Example, ...]
    stores: dict[str, AssetStore]
    fingerprints: tuple[str, ...]
    sources: tuple[Terms, ...] = ()

    @classmethod
    def read(cls, folders: Sequence[Path]) -> Self:
        """Raises:
        CorpusDamaged: one is not what its manifest says, or two say different things under one id.
        CorpusUnfinished: one was not built to its end.
        """
        examples: dict[str, Example] = {}
        stores: dict[str, AssetStore] = {}
        corpora = [Corpus.open(folder) for folder in folders]
        for corpus in corpora:
            for example in corpus.examples():
                known = examples.setdefault(example.id, example)
                if known is not example and digest(known) != digest(example):
                    raise CorpusDamaged(f"{corpus.folder}: example {example.id} is another one than in an earlier "
                                        "corpus; build both with the same seed and use")  # fmt: skip
                stores.setdefault(example.id, corpus.assets)
        fingerprints = tuple(sorted(one.manifest.fingerprint for one in corpora))
        sources = merged(terms for one in corpora for terms in one.manifest.sources)
        return cls(tuple(examples.values()), stores, fingerprints, sources)

    def write(
        self, of: Composed, out: Path, step: Callable[[], None] = lambda: None, reviewed: str = ""
    ) -> Corpus:  # fmt: skip
        """The composition as a corpus in `out`, with its report and plot beside the manifest; an interrupted writing
        goes on. `reviewed` names the decisions that the examples went through.

        Raises:
            CorpusError: `out` holds something else.
            AssetInvalid: an asset is missing or changed.
            SubjectsShared: a subject in two splits.
        """
        chosen = [*of.training, *of.evaluation]
        proof = prove_disjoint(chosen)
        said = f"{of.recipe.model_dump_json()} {sorted(of.layers)} {self.fingerprints}{reviewed}"
        made_from = f"composition {of.recipe.name} {hashlib.sha256(said.encode()).hexdigest()[:16]}"
        there = {one.source.dataset for one in chosen}
        writer = CorpusWriter(out, made_from, sources=tuple(one for one in self.sources if one.dataset in there))
        for example in chosen:
            writer.assets.take(self.stores[example.id], example.assets)
            writer.add(example)
            step()
        corpus = writer.finish()
        write_whole(out / REPORT, report_text(of, proof, corpus.manifest.fingerprint).encode())
        write_plot(of, out / PLOT)
        return corpus
