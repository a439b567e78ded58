"""For what each source of a corpus was taken, and under which terms: this goes with them into adapter and card."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from training.corpus.licences import Ledger, Use

STRICT = (Use.EVALUATION, Use.RESEARCH, Use.PRODUCT)
"""Strictest first."""


class Terms(BaseModel):
    """One source. `use` is what somebody said that it is for when it was read, None where nobody was asked, as of a
    teacher's answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    dataset: str
    use: Use | None = None
    terms: str


def terms_of(sources: Iterable[tuple[str, str]], known: Sequence[Terms]) -> tuple[Terms, ...]:
    """The terms of the sources (data set and licence) of some examples that are learned from. What was not told when
    they were read, the ledger tells: the most that its entry allows.
    """
    ledger, found = Ledger.open().licences, []
    for dataset, licence in sorted(set(sources)):
        # What was taken for evaluation alone is in no training set: another corpus brought the examples.
        said = [one for one in known if one.dataset == dataset and one.use is not Use.EVALUATION]
        entry = ledger.get(dataset)
        best = max(entry.allows, key=STRICT.index) if entry else None
        found += said or [Terms(dataset=dataset, use=best, terms=licence)]
    return merged(found)


def merged(terms: Iterable[Terms]) -> tuple[Terms, ...]:
    """Each once, in one order."""
    return tuple(sorted(set(terms), key=lambda one: (one.dataset, one.use or "", one.terms)))


def strictest(terms: Iterable[Terms]) -> Use | None:
    """What all of them together may be used for, as far as it was told; None where nothing was.

    >>> strictest([Terms(dataset="a", use=Use.PRODUCT, terms="x"), Terms(dataset="b", use=Use.RESEARCH, terms="y")])
    <Use.RESEARCH: 'research'>
    """
    return min((one.use for one in terms if one.use), key=STRICT.index, default=None)
