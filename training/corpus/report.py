"""What a composition came to, for people: a page of text and a picture."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.corpus.composing import Composed
from training.corpus.example import Example, Kind, Layer, Split
from training.corpus.reviewed import Outcome
from training.corpus.splits import Proof


def report_text(of: Composed, proof: Proof, fingerprint: str) -> str:
    """The report as Markdown: achieved shares, splits, sources with their terms, what was dropped and why."""
    training = of.training
    thinking = sum(one.kind is Kind.THINKING for one in training)
    lines = [
        f"# Composition `{of.recipe.name}` of {', '.join(sorted(of.layers))}",
        "",
        f"{len(training)} training examples, {_share(thinking, len(training))} of them thinking, "
        f"{_share(sum(one.pictured for one in training), len(training))} with pictures; {len(of.evaluation)} to "
        f"validate and test. Fingerprint `{fingerprint}`. What is asked is of all layers.",
        "",
        *table(("part", "asked", "there", "got", "share"), (_part_row(of, k) for k in range(len(of.parts)))),
        "",
        *table(("layer", *(kind.value for kind in Kind), "all", "share", "with pictures"), _layer_rows(training)),
        "",
        *table(("source", "terms", *(split.value for split in Split)), _source_rows((*training, *of.evaluation))),
        "",
        "## Not learned from",
        "",
        *table(("why", "examples"), (*((why.value, str(n)) for why, n in sorted(of.dropped.items())),
                ("quality below the recipe's least", str(of.below_quality)),
                *((f"dropped in review: {_cell(why)}", str(n)) for why, n in sorted(of.reviewed.dropped.items())))),
        "",
        *_reviewed(of.reviewed),
        f"Subjects: {proof.subjects} told, each in one split. {_untold(proof)}",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def write_plot(of: Composed, file: Path) -> None:
    """Asked and got by part, kinds by layer, labels by frequency, as one PNG."""
    from matplotlib.figure import Figure  # not pyplot: no window, no global state

    figure = Figure(figsize=(13, 5.2), layout="constrained")
    parts, layers, labels = figure.subplots(1, 3)
    names = [part.share.name for part in of.parts][::-1]
    parts.barh(names, [part.share.high for part in of.parts][::-1], color="#d9d9d9", label="asked, at most")
    parts.barh(names, [len(part.examples) for part in of.parts][::-1], height=0.5, color="#1f6f8b", label="got")
    parts.set(title="Asked and got", xlabel="examples")
    left = Counter[str]()
    for kind, colour in zip(Kind, ("#1f6f8b", "#e07a5f", "#81b29a", "#f2cc8f"), strict=True):
        of_kind = Counter(one.layer.value for one in of.training if one.kind is kind)
        rows = sorted((layer.value for layer in of.layers), reverse=True)
        layers.barh(rows, [of_kind[r] for r in rows], left=[left[r] for r in rows], color=colour,
                    label=kind.value.replace("_", " "))  # fmt: skip
        left += of_kind
    layers.set(title="Kinds by layer", xlabel="examples")
    common = Counter(one.label or "no label" for one in of.training).most_common(16)[::-1]
    labels.barh([name.replace("_", " ") for name, _ in common], [count for _, count in common], color="#81b29a")
    labels.set(title="Most frequent labels", xlabel="examples")
    for axes in (parts, layers):
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
    for axes in (parts, layers, labels):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"Composition {of.recipe.name}: {len(of.training)} training examples")
    figure.savefig(file, dpi=110)


def _part_row(of: Composed, k: int) -> tuple[str, ...]:
    part = of.parts[k]
    low, high = part.share.low, part.share.high
    asked = str(low) if low == high else f"{low} to {high}"
    got = str(len(part.examples)) + (f" ({part.short} short)" if part.short else "")
    return part.share.name, asked, str(part.there), got, _share(len(part.examples), len(of.training))


def _layer_rows(training: Sequence[Example]) -> Iterable[tuple[str, ...]]:
    cells = Counter((one.layer, one.kind) for one in training)
    for layer in Layer:
        row = [cells[layer, kind] for kind in Kind]
        if sum(row):
            pictured = sum(one.pictured for one in training if one.layer is layer)
            shares = _share(sum(row), len(training)), _share(pictured, sum(row))
            yield layer.value, *map(str, row), str(sum(row)), *shares


def _source_rows(examples: Sequence[Example]) -> Iterable[tuple[str, ...]]:
    cells = Counter((one.source.dataset, one.source.licence, one.split) for one in examples)
    for dataset, terms in sorted({(one.source.dataset, one.source.licence) for one in examples}):
        yield dataset, terms, *(str(cells[dataset, terms, split]) for split in Split)


def _reviewed(of: Outcome) -> list[str]:
    changed = of.relabelled.total()
    if not (of.dropped or changed or of.kept or of.absent):
        return []
    lines = [f"Reviewed: {of.kept} kept, {of.dropped.total()} dropped, {changed} relabelled; {of.absent} decisions are "
             "about examples that are not in these corpora.", ""]  # fmt: skip
    if changed:
        lines += [*table(("relabelled because", "examples"), ((_cell(why), str(n)) for why, n in
                         sorted(of.relabelled.items()))), ""]  # fmt: skip
    return lines


def _cell(text: str) -> str:
    """A person's words inside a table of Markdown."""
    return " ".join(text.split()).replace("|", "\\|")


def _untold(proof: Proof) -> str:
    if not proof.untold:
        return "Every source tells its subjects."
    return f"Nothing is proven of {', '.join(sorted(proof.untold))}: they do not tell whom they show."


def _share(of: int, total: int) -> str:
    return f"{of / total:.1%}" if total else "none"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows)]
