"""DFEW by its five folds, DFEW and MAFW of a run's own answers, EMER with a judge on a server. Kind: unit."""

import json
from pathlib import Path

import pytest

from services.evaluation.published import UAR, WAR, recalls, recalls_over_folds
from tests.unit.training.dataset_folders import FOLDERS, write
from tests.unit.vlm.model_server import completion, model_server
from training.corpus.building import CorpusSettings, build
from training.corpus.errors import LayoutUnknown, RecipeInvalid
from training.corpus.example import Split
from training.corpus.readers.known import READERS
from training.corpus.store import Corpus
from training.evaluating.direct import CLASSES, NONE, class_of
from training.evaluating.published import main

pytestmark = pytest.mark.unit


def test_recalls_are_of_each_fold_and_then_averaged() -> None:
    # fold 1: 3 of 4 right, joy 2 of 2, fear 1 of 2; fold 2: 1 of 3 right, joy 1 of 1, fear 0 of 2
    truth, folds = ["joy", "joy", "fear", "fear", "joy", "fear", "fear"], [1, 1, 1, 1, 2, 2, 2]
    said = ["joy", "joy", "fear", "joy", "joy", "joy", "none"]
    by_name = {one.metric: one for one in recalls_over_folds(truth, said, folds)}
    assert by_name[WAR].interval.value == pytest.approx(100 * (3 / 4 + 1 / 3) / 2)
    assert by_name[UAR].interval.value == pytest.approx(100 * ((1 + 0.5) / 2 + (1 + 0) / 2) / 2)
    assert by_name[UAR].n == 7 and by_name[UAR].interval.low <= 62.5 <= by_name[UAR].interval.high
    assert recalls_over_folds(truth, said, [3] * 7) == recalls(truth, said), "one fold is the benchmark itself"
    with pytest.raises(ValueError, match="1 folds for 7 items"):
        recalls_over_folds(truth, said, [1])


def folded(root: Path) -> Path:
    """DFEW in its layout, with a second fold in which clip 1 is tried on and clip 3 learned from."""
    FOLDERS["DFEW"][0](root)
    for folder, rows in (("train(single-labeled)", "2,7\n3,4\n"), ("test(single-labeled)", "1,1\n")):
        write(root / "EmoLabel_DataSplit" / folder / "set_2.csv", "video_name,label\n" + rows)
    return root


def settings(folder: Path, dataset: str = "DFEW", more: str = "fold = 2\n") -> Path:
    text = f'use = "evaluation"\n[[source]]\ndataset = "{dataset}"\nfolder = "data"\n{more}'
    return write(folder / "corpus.toml", text)


def test_it_reads_the_official_fold_that_is_named_and_the_first_where_none_is(tmp_path: Path) -> None:
    folded(tmp_path / "data")
    reader = READERS["DFEW"]
    assert reader.folds is not None
    tried = {fold: [one.item for one in reader.folds(tmp_path / "data", fold) if one.split is Split.TEST]
             for fold in (1, 2)}  # fmt: skip
    assert tried == {1: ["00003"], 2: ["00001"]}
    assert list(reader.items(tmp_path / "data")) == list(reader.folds(tmp_path / "data", 1))
    with pytest.raises(LayoutUnknown, match="fold 6; expected 1 to 5"):
        list(reader.folds(tmp_path / "data", 6))
    second, first = CorpusSettings.read(settings(tmp_path)), CorpusSettings.read(settings(tmp_path, more=""))
    assert second.made_from != first.made_from
    built = build(second, tmp_path / "corpus", lambda what, fields: None)
    assert [one.source.item for one in built.corpus.examples()] == ["00001"], "what the second fold tries on"
    assert build(first, tmp_path / "whole", lambda what, fields: None).corpus.manifest.rows == 3
    with pytest.raises(RecipeInvalid, match="'MAFW' with fold 2; it has no official folds"):
        CorpusSettings.read(settings(tmp_path, "MAFW"))


@pytest.mark.parametrize(
    ("text", "named"),
    [("happiness", "happiness"), ("The emotion shown is Anxiety.", "anxiety"), ("He is angry.", "anger"),
     ("fear? sad?</think>\n\nSurprised.", "surprise"), ("happy or sad", NONE), ("joyous", NONE), ("", NONE)],
)  # fmt: skip
def test_an_answer_is_the_one_class_that_it_names(text: str, named: str) -> None:
    assert class_of(text, CLASSES["MAFW"]) == named


def answered(folder: Path, dataset: str, said: list[str], more: str = "") -> tuple[Path, Path]:
    """A run whose adapter said this to the test examples of a data set, in the order of their ids, and the corpus."""
    (folder / "data").mkdir(parents=True)
    (folded if dataset == "DFEW" else FOLDERS[dataset][0])(folder / "data")
    build(CorpusSettings.read(settings(folder, dataset, more)), folder / "corpus", lambda what, fields: None)
    corpus = Corpus.open(folder / "corpus")
    ids = [one.id for one in sorted(corpus.examples(), key=lambda one: one.source.item)]
    run = folder / "run"
    run.mkdir()
    told = {
        "adapter": "a" * 64,
        "beside": "",
        "corpus": corpus.manifest.fingerprint,
        "file": "a.jsonl",
        "examples": ids,
    }
    (run / "answers.json").write_text(json.dumps(told))
    lines = [{"example": one, "who": who, "text": text if who == "adapter" else "?"}
             for one, text in zip(ids, said, strict=True) for who in ("adapter", "beside")]  # fmt: skip
    (run / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run, folder / "corpus"


def figures(out: Path) -> dict[str, float]:
    return {one["metric"]: one["value"] for one in json.loads(out.read_text())["scores"]}


@pytest.mark.parametrize(
    ("dataset", "said", "war", "uar"),
    [  # DFEW: happiness, fear, anger; MAFW: anger, and one that none of our words fits, by its own name
        ("DFEW", ["happiness", "sadness", "anger or fear"], 100 / 3, 100 / 3),
        ("MAFW", ["a frown\n</think>\n\nThe emotion shown is anger.", "\n</think>\n\nHelpless."], 50.0, 50.0),
    ],
)
def test_it_measures_a_run_directly(
    tmp_path: Path, dataset: str, said: list[str], war: float, uar: float, capsys: pytest.CaptureFixture[str]
) -> None:
    run, corpus = answered(tmp_path / "a", dataset, said)
    out = tmp_path / "out.json"
    assert main([dataset.lower(), str(run), "--corpus", str(corpus), "--out", str(out)]) == 0, capsys.readouterr().err
    assert figures(out) == pytest.approx({WAR: war, UAR: uar})


def test_several_runs_are_folds_and_fewer_than_five_are_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = answered(tmp_path / "a", "DFEW", ["anger"], "fold = 1\n")
    second = answered(tmp_path / "b", "DFEW", ["sadness"], "fold = 2\n")
    both = ["dfew", str(first[0]), str(second[0]), "--corpus", str(first[1])]
    assert main(both) == 2 and "--corpus for each" in capsys.readouterr().err
    assert main([*both, "--corpus", str(second[1]), "--out", str(tmp_path / "out.json")]) == 0
    assert "2 folds: published figures are means over 5" in capsys.readouterr().err
    assert figures(tmp_path / "out.json")[WAR] == pytest.approx(100 * (1.0 + 0.0) / 2)
    again = answered(tmp_path / "again", "DFEW", ["anger"], "fold = 1\n")
    same = ["dfew", str(first[0]), str(again[0]), "--corpus", str(first[1]), "--corpus", str(again[1])]
    assert main(same) == 2 and "item 00003 is tried in fold 1 too" in capsys.readouterr().err
    assert main(["emer-ov", "a", "b"]) == 2 and "expected one; only dfew and mafw have folds" in capsys.readouterr().err
    other = answered(tmp_path / "c", "MAFW", ["anger", "fear"])
    assert main(["dfew", str(other[0]), "--corpus", str(other[1])]) == 2
    assert "no answer about a test example of DFEW" in capsys.readouterr().err


@pytest.mark.parametrize(("benchmark", "words"), [("emer-clue", "clues"), ("emer-label", "which emotions")])
def test_a_judge_scores_overlap_once_and_what_it_will_not_score_takes_no_part(
    tmp_path: Path, benchmark: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    rows = [{"said": f"He frowns {k}.", "truth": "A frown: anger."} for k in range(3)]
    file = write(tmp_path / "answers.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out.json"
    said = completion("{score: 8} most"), completion("{score: 7.5}"), completion("{score: 11}")
    with model_server(*said) as server:
        judge = f'name = "judge"\nmodel = "j"\nurl = "{server.url}/v1"\nat_once = 1\ntries = 1\nattempts = 1\n'
        asked = [benchmark, str(file), "--judge", str(write(tmp_path / "judge.toml", judge)), "--out", str(out)]
        assert main(asked) == 0
        assert len(server.requests) == 3 and words in server.requests[0]["messages"][1]["content"]
        assert "He frowns 0." in server.requests[0]["messages"][1]["content"]
        assert main(asked) == 0 and len(server.requests) == 3, "nothing is asked twice"
    (score,) = json.loads(out.read_text())["scores"]
    assert (score["value"], score["items"]) == (7.75, 2)
    assert "1 of 3 items were given no score by the judge and take no part" in capsys.readouterr().err
    assert main(["dfew", str(file), "--judge", str(tmp_path / "judge.toml")]) == 2
    assert "emer-clue and emer-label ask a judge" in capsys.readouterr().err
