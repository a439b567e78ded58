"""Every reader on a tiny folder of the official shape; licences; subjects; the building. Kind: unit."""

import json
from pathlib import Path

import pytest

from tests.unit.training.corpus_examples import example
from tests.unit.training.dataset_folders import FOLDERS, write
from training.corpus.building import CorpusSettings, SourceSettings, build
from training.corpus.errors import CorpusError, LayoutUnknown, LicenceForbids, RecipeInvalid, SubjectsShared
from training.corpus.example import Kind, Split
from training.corpus.items import ADULT, CANNOT_MAP, CHILD
from training.corpus.licences import Ledger, Use
from training.corpus.parts import Measured
from training.corpus.readers.known import READERS
from training.corpus.splits import prove_disjoint, split_of

pytestmark = pytest.mark.unit


def settings(root: Path, *datasets: str, use: Use = Use.EVALUATION) -> CorpusSettings:
    for dataset in datasets:
        if not (root / dataset).exists():
            FOLDERS[dataset][0](root / dataset)
    return CorpusSettings(use=use, source=tuple(SourceSettings(dataset=one, folder=root / one) for one in datasets))


def silent(what: str, fields: dict[str, object]) -> None:
    pass


def test_it_has_a_folder_and_terms_for_every_reader() -> None:
    assert set(FOLDERS) == set(READERS) == set(Ledger.open().licences)


@pytest.mark.parametrize("dataset", FOLDERS)
def test_it_reads_the_official_layout_and_keeps_what_cannot_be_mapped(tmp_path: Path, dataset: str) -> None:
    make, labels = FOLDERS[dataset]
    make(tmp_path)
    items = list(READERS[dataset].items(tmp_path))
    assert [item.label for item in items] == labels
    assert all(item.told and (item.shown or item.measured or item.said) for item in items)


@pytest.mark.parametrize("dataset", FOLDERS)
def test_it_builds_whole_examples_of_every_data_set(tmp_path: Path, dataset: str) -> None:
    said: list[dict[str, object]] = []
    built = build(settings(tmp_path, dataset), tmp_path / "out", lambda what, fields: said.append(fields))
    built.corpus.check()
    assert not built.left_out, said
    examples = list(built.corpus.examples())
    assert len(examples) == len(FOLDERS[dataset][1])
    assert {one.split for one in examples} == {Split.TEST}  # evaluation teaches nothing
    assert built.cannot_map[dataset] == FOLDERS[dataset][1].count(CANNOT_MAP)


@pytest.mark.parametrize(
    ("dataset", "ages"),
    [("EMOTIC", [CHILD, None, ADULT, ADULT]), ("FindingEmo", [ADULT, None]), ("CALMED", [CHILD] * 4),
     ("SSBD+", [CHILD] * 2), ("DFEW", [None] * 3)],
)  # fmt: skip
def test_it_tells_the_age_where_the_data_set_is_sure_of_it(
    tmp_path: Path, dataset: str, ages: list[str | None]
) -> None:
    FOLDERS[dataset][0](tmp_path)
    tags = [[tag for tag in one.domains if tag.startswith("age.")] for one in READERS[dataset].items(tmp_path)]
    assert tags == [[age] if age else [] for age in ages]


@pytest.mark.parametrize("dataset", FOLDERS)
def test_it_says_when_a_folder_has_another_layout(tmp_path: Path, dataset: str) -> None:
    (tmp_path / "holiday").mkdir()
    with pytest.raises(LayoutUnknown, match=dataset.replace("+", r"\+")):
        list(READERS[dataset].items(tmp_path))


def test_it_refuses_a_use_that_the_terms_forbid_before_reading_anything(tmp_path: Path) -> None:
    for dataset in FOLDERS:
        if dataset != "facility-feedback" and not READERS[dataset].evaluation_only:
            of = CorpusSettings(use=Use.PRODUCT, source=(SourceSettings(dataset=dataset, folder=tmp_path / "no"),))
            with pytest.raises(LicenceForbids, match=r"do not allow product"):
                build(of, tmp_path / "out", silent)
    assert not (tmp_path / "out").exists()


def test_it_allows_nothing_of_a_source_whose_terms_nobody_wrote_down() -> None:
    with pytest.raises(LicenceForbids, match="not in the ledger"):
        Ledger.open().permit("Downloads", Use.EVALUATION)


def test_it_learns_from_nothing_that_a_facility_said(tmp_path: Path) -> None:
    built = build(settings(tmp_path, "facility-feedback", "DFEW", use=Use.RESEARCH), tmp_path / "out", silent)
    own = [one for one in built.corpus.examples() if one.source.dataset == "facility-feedback"]
    assert {one.split for one in own} == {Split.TEST}
    assert {one.kind for one in own} == {Kind.FALSE_POSITIVE, Kind.FACTUAL}
    assert [one.answer for one in own] == ["yes", "no"]


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        ({"consent": ["training"]}, LicenceForbids, "no consent for evaluation"),
        ({"resident": "Anna Muster"}, LayoutUnknown, "no pseudonym"),
        ({"pii.name": "Anna"}, LayoutUnknown, "Extra inputs"),
    ],
)
def test_it_takes_no_feedback_without_consent_or_with_a_name(
    tmp_path: Path, change: dict[str, object], error: type[Exception], why: str
) -> None:
    line = {"event": "e", "resident": "0" * 16, "report": "r", "verdict": "true", "consent": ["evaluation"]} | change
    write(tmp_path / "feedback.jsonl", json.dumps(line))
    with pytest.raises(error, match=why) as told:
        list(READERS["facility-feedback"].items(tmp_path))
    assert "Muster" not in str(told.value)


@pytest.mark.parametrize(
    ("dataset", "where", "whither"),
    [
        ("MAFW", "caption-label/single_label.txt", "caption-label/single_set/single_label.txt"),
        ("EIBench", "EIBench/EI_Complex/ec_complex.jsonl", "EIBench/EI_Complex/ei_complex.jsonl"),
    ],
)
def test_it_reads_either_of_two_places_where_a_file_may_lie(
    tmp_path: Path, dataset: str, where: str, whither: str
) -> None:
    FOLDERS[dataset][0](tmp_path)
    (tmp_path / whither).parent.mkdir(exist_ok=True)
    (tmp_path / where).rename(tmp_path / whither)
    assert [one.label for one in READERS[dataset].items(tmp_path)] == FOLDERS[dataset][1]
    (tmp_path / whither).unlink()
    with pytest.raises(LayoutUnknown, match=f"there is no .*{Path(where).name}"):
        list(READERS[dataset].items(tmp_path))


@pytest.mark.parametrize("dataset", ["facility-feedback", "MAFW", "DFEW"])
def test_it_says_which_data_set_holds_no_text(tmp_path: Path, dataset: str) -> None:
    given = settings(tmp_path, dataset)
    for file in (one for one in (tmp_path / dataset).rglob("*") if one.suffix in (".jsonl", ".txt", ".csv")):
        file.write_bytes(b"\xff" + file.read_bytes())
    with pytest.raises(LayoutUnknown, match=f"{dataset}: a file in .* is no text in UTF-8"):
        build(given, tmp_path / "out", silent)


def test_it_keeps_nothing_of_an_earlier_export_of_feedback(tmp_path: Path) -> None:
    given = settings(tmp_path, "facility-feedback")
    build(given, tmp_path / "out", silent)
    build(given, tmp_path / "out", silent)
    file = tmp_path / "facility-feedback" / "feedback.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))  # somebody has withdrawn a consent
    with pytest.raises(CorpusError, match=r"holds a corpus made from .*; name another folder"):
        build(given, tmp_path / "out", silent)


def test_it_counts_an_item_that_is_there_twice_and_keeps_the_first(tmp_path: Path) -> None:
    given, said = settings(tmp_path, "facility-feedback"), list[dict[str, object]]()
    file = tmp_path / "facility-feedback" / "feedback.jsonl"
    first, *others = (json.loads(line) for line in file.read_text().splitlines())
    lines = [first, *others, first | {"verdict": "false"}]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    built = build(given, tmp_path / "out", lambda what, fields: said.append(fields))
    assert built.left_out == {("facility-feedback", "repeated"): 1} and built.corpus.manifest.rows == 2
    assert built.examples == {"facility-feedback": 2}
    assert {one.label for one in built.corpus.examples() if one.source.item == first["event"]} == {"true_alert"}
    assert any(str(one.get("why")).endswith("is there twice; the first one counts") for one in said)


def test_it_keeps_both_people_of_one_film_in_one_split_and_proves_it(tmp_path: Path) -> None:
    built = build(settings(tmp_path, "Aff-Wild2", "EMOTIC", "DFEW", use=Use.RESEARCH), tmp_path / "out", silent)
    examples = list(built.corpus.examples())
    assert len({one.split for one in examples if one.source.subject == "v1"}) == 1
    assert built.proof == prove_disjoint(examples)
    assert built.proof.untold == {"DFEW"}  # nothing is proven where nobody is told


def test_it_notices_a_subject_in_two_splits() -> None:
    with pytest.raises(SubjectsShared, match="1 of MADE"):
        prove_disjoint([example("a"), example("b", split=Split.TEST)])


def test_it_moves_nobody_when_others_come_and_shares_out_as_promised() -> None:
    splits = [split_of("X", str(k), 0) for k in range(4000)]
    assert splits[:10] == [split_of("X", str(k), 0) for k in range(10)]
    assert 300 < splits.count(Split.TEST) < 500 and 300 < splits.count(Split.VALIDATION) < 500
    assert Split.TEST not in {split_of("X", str(k), 0, Split.TRAIN) for k in range(500)}


def test_it_counts_a_half_downloaded_picture_and_goes_on(tmp_path: Path) -> None:
    asked = settings(tmp_path, "DFEW")
    (tmp_path / "DFEW" / "Clip" / "clip_224x224" / "00002" / "0.jpg").write_bytes(b"<html>")
    said: list[tuple[str, dict[str, object]]] = []
    built = build(asked, tmp_path / "out", lambda what, fields: said.append((what, fields)))
    assert built.left_out == {("DFEW", "AssetInvalid"): 1} and built.examples["DFEW"] == 2
    assert "no image" in str(said[0][1]["why"])


def test_it_goes_on_where_it_was_stopped_and_ends_the_same(tmp_path: Path) -> None:
    asked = settings(tmp_path, "DFEW", "CALMED")
    whole = build(asked, tmp_path / "whole", silent).corpus.manifest.fingerprint

    class Killed(Exception):
        pass

    def kill(dataset: str) -> None:
        if dataset == "CALMED":
            raise Killed

    with pytest.raises(Killed):
        build(asked, tmp_path / "out", silent, kill)
    assert build(asked, tmp_path / "out", silent).corpus.manifest.fingerprint == whole


def test_it_has_a_step_of_its_own_for_every_window_that_was_not_seen(tmp_path: Path) -> None:
    FOLDERS["CALMED"][0](tmp_path)
    (measured,) = next(iter(READERS["CALMED"].items(tmp_path))).measured
    assert isinstance(measured, Measured) and measured.end_s == pytest.approx(10.0)
    assert measured.values[0][1] == 1.0 and measured.values[1][1] != measured.values[1][1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("use = 'sale'\n[[source]]\ndataset='DFEW'\nfolder='d'", "use"),
        ("use = 'research'\n[[source]]\ndataset='FER2013'\nfolder='d'", "expected one of MERR"),
        ("use = 'research'", "source"),
        ("use = ", "no TOML"),
    ],
)
def test_it_says_what_is_wrong_with_settings(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RecipeInvalid, match=why):
        CorpusSettings.read(write(tmp_path / "corpus.toml", text))
