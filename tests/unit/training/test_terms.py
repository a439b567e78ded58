"""What each source may be used for goes from the data set's folder to the card. Kind: unit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.training.dataset_folders import FOLDERS
from tests.unit.vlm.test_bundle import written
from training.bundle.packing import use_of
from training.corpus.building import CorpusSettings, SourceSettings, build
from training.corpus.composing import composed
from training.corpus.errors import LicenceForbids
from training.corpus.joined import Joined
from training.corpus.licences import Ledger, Use
from training.corpus.recipe import Recipe
from training.corpus.terms import Terms, strictest, terms_of
from training.qlora.record import inherited
from vlm_service.bundle import seal

pytestmark = pytest.mark.unit
OWN = Terms(dataset="own", use=Use.PRODUCT, terms="consent")
STUDY = Terms(dataset="MAFW", use=Use.RESEARCH, terms="non-commercial")
TAUGHT = Terms(dataset="synthesis", terms="terms of the teacher")


def test_it_carries_use_and_terms_from_the_folders_through_a_composition(tmp_path: Path) -> None:
    for dataset in ("MAFW", "DFEW"):
        FOLDERS[dataset][0](tmp_path / dataset)
    sources = (SourceSettings(dataset="MAFW", folder=tmp_path / "MAFW"),
               SourceSettings(dataset="DFEW", folder=tmp_path / "DFEW", use=Use.EVALUATION))  # fmt: skip
    made = build(CorpusSettings(use=Use.RESEARCH, source=sources), tmp_path / "c", lambda what, fields: None)
    uses = {one.dataset: one.use for one in made.corpus.manifest.sources}
    assert uses == {"MAFW": Use.RESEARCH, "DFEW": Use.EVALUATION}
    joined = Joined.read([tmp_path / "c"])
    recipe = Recipe.model_validate({"name": "all", "part": [{"least": 1, "most": 99}]})
    corpus = joined.write(composed(joined.examples, recipe), tmp_path / "composed")
    assert corpus.manifest.sources == made.corpus.manifest.sources
    learned = terms_of([("MAFW", "any")], corpus.manifest.sources)
    assert [(one.dataset, one.use, one.terms) for one in learned] == [
        ("MAFW", Use.RESEARCH, Ledger.open().licences["MAFW"].terms)
    ]


def test_it_asks_the_ledger_where_a_corpus_does_not_say_and_guesses_nothing() -> None:
    found = terms_of([("MAFW", "m"), ("SRE", "s"), ("Omni-Emotion-SRE", "o")], ())
    assert {one.dataset: one.use for one in found} == {
        "MAFW": Use.RESEARCH, "SRE": None, "Omni-Emotion-SRE": Use.EVALUATION,
    }  # fmt: skip
    assert strictest(found) is Use.EVALUATION and strictest([TAUGHT]) is None


@pytest.mark.parametrize(
    ("sources", "purpose", "stated"),
    [([OWN], Use.PRODUCT, "product"), ([OWN, TAUGHT], Use.PRODUCT, ""), ([], Use.PRODUCT, ""),
     ([OWN, STUDY], Use.RESEARCH, "research"), ([OWN], Use.RESEARCH, "research")],
)  # fmt: skip
def test_it_states_what_an_adapter_may_be_run_for(sources: list[Terms], purpose: Use, stated: str) -> None:
    assert use_of(sources, purpose) == stated


def test_it_packs_nothing_for_a_facility_that_was_learned_for_research_alone() -> None:
    with pytest.raises(LicenceForbids, match=r"research alone: MAFW \(non-commercial\).*--for research"):
        use_of([OWN, STUDY, TAUGHT], Use.PRODUCT)
    measured = STUDY.model_copy(update={"use": Use.EVALUATION})
    for purpose in (Use.PRODUCT, Use.RESEARCH):
        with pytest.raises(LicenceForbids, match="only be measured with: MAFW"):
            use_of([OWN, measured], purpose)


def test_it_inherits_the_terms_of_the_adapter_that_it_went_on_from(tmp_path: Path) -> None:
    (tmp_path / "run/adapter").mkdir(parents=True)
    (tmp_path / "run/run.json").write_text(json.dumps({"corpus": {"sources": [STUDY.model_dump(mode="json")]}}))
    assert inherited(tmp_path / "run/adapter") == inherited(tmp_path / "run") == (STUDY,)
    (tmp_path / "run/run.json").write_text(json.dumps({"corpus": {}}))
    assert [(one.use, one.terms) for one in inherited(tmp_path / "run/adapter")] == [(None, "not told")]


def test_it_shows_use_and_sources_of_a_card_and_reads_one_without_them(tmp_path: Path) -> None:
    told = [{"dataset": "MAFW", "use": "research", "terms": "non-commercial"}]
    for name, more, words in (("new", {"use": "research", "sources": told}, ("research: non-commercial", "MAFW")),
                              ("old", {}, ("not told",))):  # fmt: skip
        seal(written(tmp_path / name, **more))
        command = [sys.executable, "-m", "vlm_service.bundle", "check", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        assert all(word in done.stdout for word in ("may be run for", *words))
