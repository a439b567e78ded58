"""`attune train published`: answers in a file, figures as others publish them, and lines that are none."""

import json
from pathlib import Path

import pytest

from training.evaluating.published import main


def written(folder: Path, *rows: object) -> str:
    file = folder / "answers.jsonl"
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(file)


def test_it_prints_recalls_beside_what_others_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"truth": "happiness", "said": "Happiness."}] * 3 + [{"truth": "fear", "said": "sadness"}]
    out = tmp_path / "figures.json"
    assert main(["dfew", written(tmp_path, *rows), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "Omni-Emotion" in shown and "68.8" in shown
    figures = {one["metric"]: one for one in json.loads(out.read_text())["scores"]}
    assert (figures["WAR, %"]["value"], figures["UAR, %"]["value"]) == (75.0, 50.0)
    assert figures["WAR, %"]["items"] == 4


def test_it_brings_open_words_together_by_the_wheels_that_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = tmp_path / "wheel.json"
    wheel.write_text(json.dumps({"joyful": "happy", "happy": "happy"}))
    answers = written(tmp_path, {"truth": ["joyful"], "said": ["happy"]})
    assert main(["emer-ov", answers]) == 0
    assert "0.00" in capsys.readouterr().out
    assert main(["emer-ov", answers, "--wheel", str(wheel)]) == 0
    assert "100.00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("benchmark", "row", "words"),
    [
        ("dfew", "{", "answers.jsonl:2: not JSON"),
        ("dfew", {"truth": "fear"}, "answers.jsonl:2: expected an object with truth (a text), said (a text)"),
        ("emer-ov", {"truth": "fear", "said": []}, "answers.jsonl:2: expected an object with truth (a list of texts)"),
        ("emer-clue", {"score": "8"}, "answers.jsonl:2: expected an object with score (a number)"),
        ("emer-clue", {"score": True}, "answers.jsonl:2: expected an object with score (a number)"),
        (
            "emer-ov",
            {"truth": ["a"], "said": [None]},
            "answers.jsonl:2: expected an object with truth (a list of texts)",
        ),
        ("emer-clue", {"score": 80}, "score 2 is 80.0: expected a number from 0 to 10"),
    ],
)
def test_a_line_that_is_none_is_named(
    benchmark: str, row: object, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {
        "dfew": {"truth": "fear", "said": "fear"},
        "emer-ov": {"truth": ["a"], "said": []},
        "emer-clue": {"score": 8},
    }
    assert main([benchmark, written(tmp_path, good[benchmark], row)]) == 2
    assert words in capsys.readouterr().err


def test_a_wheel_or_a_file_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = tmp_path / "wheel.json"
    wheel.write_text('["joyful"]')
    answers = written(tmp_path, {"truth": ["joyful"], "said": ["happy"]})
    assert main(["emer-ov", answers, "--wheel", str(wheel)]) == 2
    assert "expected an object of labels" in capsys.readouterr().err
    assert main(["dfew", str(tmp_path / "gone.jsonl")]) == 2
    assert main(["dfew", written(tmp_path)]) == 2
    assert "no items" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["emer-clue", "a", "b", "--judge", "j.toml"], "--judge with 2 files of answers: expected one"),
        (["emer-clue", "a", "--words", "w.toml"], "--words without --judge"),
        (["dfew", "a", "--wheel", "w.json"], "--wheel with dfew: only emer-ov"),
        (["dfew", "a", "--corpus", "c"], "--corpus without the folder of a run"),
        (["dfew", "a", "a"], "the same answers twice: every fold has its own"),
    ],
)
def test_nothing_that_was_named_is_passed_over(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_a_file_that_is_no_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "answers.jsonl").write_bytes(b'{"truth": "fear", "said": "\xff"}\n')
    assert main(["dfew", str(tmp_path / "answers.jsonl")]) == 2
    assert "answers.jsonl: no text in UTF-8" in capsys.readouterr().err
