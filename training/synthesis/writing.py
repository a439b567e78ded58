"""The examples as a corpus of their own, with a report on what was asked, got and refused."""

import hashlib
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.corpus.assets import write_whole
from training.corpus.example import Example, Kind, Split
from training.corpus.report import table
from training.corpus.rows import digest, fingerprint
from training.corpus.splits import prove_disjoint
from training.corpus.store import Corpus, CorpusWriter
from training.synthesis.money import Estimate
from training.synthesis.quality import Agreement
from training.synthesis.questions import Chosen
from training.synthesis.settings import SynthesisSettings
from training.synthesis.sifting import Sifted

CORPUS, REPORT = "corpus", "synthesis.md"
AXES = ("family", "tier", "mode", "population", "age", "language")
"""By which shares are told, each the beginning of a tag."""


def write(sifted: Sifted, out: Path) -> Corpus:
    """The corpus in `out/corpus`, made anew beside what lies there and put in its place whole.

    Raises:
        SubjectsShared: somebody is in two splits.
    """
    examples = sifted.all
    prove_disjoint(examples)
    arriving, target = out / f"{CORPUS}.arriving", out / CORPUS
    shutil.rmtree(arriving, ignore_errors=True)
    made_from = hashlib.sha256(fingerprint([digest(one) for one in examples]).encode()).hexdigest()[:16]
    writer = CorpusWriter(arriving, f"synthesis {made_from}")
    writer.add_all(examples)
    corpus = writer.finish()
    shutil.rmtree(target, ignore_errors=True)
    arriving.rename(target)
    return Corpus(target, corpus.manifest)


def report_text(
    chosen: Sequence[Chosen], sifted: Sifted, settings: SynthesisSettings, money: Estimate, corpus: Corpus
) -> str:
    """As Markdown: parts, shares of every axis, splits, refusals with an example of each, money."""
    examples = sifted.all
    thinking = sum(one.kind is Kind.THINKING for one in examples)
    lines = [
        "# Synthesis", "",
        f"{len(examples)} examples, {_share(thinking, len(examples))} of them thinking, of {settings.people} people "
        f"over {settings.days} days. Fingerprint `{corpus.manifest.fingerprint}`. {money.said}.", "",
        *table(("part", "wanted", "moments", "crowding", "asked", "got"), (_part(one, sifted) for one in chosen)), "",
        *table(("split", "examples"), _counted(Counter(one.split.value for one in examples), [s.value for s in Split])),
    ]  # fmt: skip
    for axis in AXES:
        lines += ["", *table((axis, *(kind.value for kind in Kind), "share"), _axis(axis, examples))]
    lines += ["", *(_lopsided(chosen, sifted, settings) or ["No part is lopsided."])]
    lines += ["", "## Not learned from", "", *table(("part", "why", "answers"), _refusals(sifted)), ""]
    lines += [f"* {why.value}, for example {said}" for why, said in sorted(sifted.shown.items())]
    lines += ["", *_qualities(examples), ""]
    waiting = f"{len(sifted.disagreements)} questions on which two teachers disagree: `attune train review`."
    return "\n".join([*lines, "", waiting, ""])


def write_report(text: str, out: Path) -> None:
    """Beside the corpus."""
    write_whole(out / REPORT, text.encode())


def _part(one: Chosen, sifted: Sifted) -> tuple[str, ...]:
    got = len(sifted.examples.get(one.share.name, ()))
    short = f" ({one.wanted - got} short)" if got < one.wanted else ""
    return one.share.name, str(one.wanted), str(one.there), str(one.crowding), str(len(one.questions)), f"{got}{short}"


def _axis(axis: str, examples: Sequence[Example]) -> Iterable[tuple[str, ...]]:
    cells = Counter((tag, one.kind) for one in examples for tag in one.domains if tag.startswith(f"{axis}."))
    for tag in sorted({tag for tag, _ in cells}):
        row = [cells[tag, kind] for kind in Kind]
        yield tag.partition(".")[2], *map(str, row), _share(sum(row), len(examples))


def _lopsided(chosen: Sequence[Chosen], sifted: Sifted, settings: SynthesisSettings) -> list[str]:
    said = []
    for one in chosen:
        examples = sifted.examples.get(one.share.name, [])
        for axis in ("family", "tier", "mode"):
            cells = Counter(tag for each in examples for tag in each.domains if tag.startswith(f"{axis}."))
            bound = settings.filters.share_of(axis)
            for tag, count in cells.most_common(1):
                if count > math.ceil(bound * len(examples)):
                    said.append(f"* {one.share.name}: {_share(count, len(examples))} are of {tag}, above {bound:.0%}: "
                                "there are too few others")  # fmt: skip
    return said


def _qualities(examples: Sequence[Example]) -> list[str]:
    counts = Counter(tag for one in examples for tag in one.domains if tag in set(Agreement))
    told = ", ".join(f"{tag.value.removeprefix('teachers.')} {counts[tag.value]}" for tag in Agreement if tag.value)
    values = sorted(one.quality for one in examples)
    low = f"{values[0]:.2f}, median {values[len(values) // 2]:.2f}" if values else "none"
    return [f"Quality: lowest {low}. A second teacher: {told}."]


def _refusals(sifted: Sifted) -> Iterable[tuple[str, ...]]:
    for (part, why), count in sorted(sifted.refused.items()):
        yield part, why.value, str(count)


def _counted(cells: Counter[str], rows: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((row, str(cells[row])) for row in rows)


def _share(of: int, total: int) -> str:
    return f"{of / total:.1%}" if total else "none"
