"""`attune train published eibench` with a judge on a real server: five tries, then 0; nobody there is no 0.

Kind: unit.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.vlm.model_server import Answer as Sent
from tests.unit.vlm.model_server import ModelServer, completion, model_server
from training.evaluating.published import main

pytestmark = pytest.mark.unit
ROWS = [
    {"picture": "Happy/1.jpg", "said": "She won a medal.", "truth": ["the medal", "her team"]},
    {"picture": "sad/2.jpg", "said": "He is alone.", "truth": ["the rain"]},
]


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def arguments(folder: Path, server: ModelServer, rows: object = ROWS, **more: object) -> list[str]:
    said = {"name": "judge", "model": "judge-1", "url": f"{server.url}/v1", "at_once": 1, "tries": 1} | more
    (folder / "judge.toml").write_text("".join(f"{name} = {json.dumps(one)}\n" for name, one in said.items()))
    (folder / "answers.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))  # type: ignore[attr-defined]
    out = ["--out", str(folder / "out.json")]
    return ["eibench", str(folder / "answers.jsonl"), "--judge", str(folder / "judge.toml"), *out]


def recall(folder: Path) -> tuple[float, int]:
    found: dict[str, Any] = json.loads((folder / "out.json").read_text())["scores"][0]
    return found["value"], found["items"]


def test_a_judge_counts_each_picture_once_and_what_it_said_is_kept(tmp_path: Path) -> None:
    with model_server(completion("{score: 1/2} the medal"), completion("{score: 0/1} no", finish="length")) as server:
        assert main(arguments(tmp_path, server)) == 0
        assert len(server.requests) == 2
        asked = server.requests[0]
        assert "She won a medal." in asked["messages"][1]["content"] and "her team" in asked["messages"][1]["content"]
        assert (asked["temperature"], asked["max_tokens"]) == (0.1, 512), "as the authors ask"
        assert main(arguments(tmp_path, server)) == 0 and len(server.requests) == 2
    assert recall(tmp_path) == (25.0, 2)


def test_a_judge_that_never_gives_a_score_counts_nought_after_five_tries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with model_server(completion("{score: 2/2}"), completion("Quite good.")) as server:
        assert main(arguments(tmp_path, server)) == 0
        assert len(server.requests) == 6 and len({one["seed"] for one in server.requests[1:]}) == 5
    assert recall(tmp_path) == (50.0, 2)
    assert "1 of 2 pictures were never given a score" in capsys.readouterr().err


def test_a_judge_that_is_away_counts_nothing_and_is_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with model_server(completion("{score: 2/2}"), Sent(drop=True)) as server:
        assert main(arguments(tmp_path, server)) == 0
    assert recall(tmp_path) == (100.0, 1)
    assert "1 of 2 pictures were not answered by the judge and take no part" in capsys.readouterr().err
    with model_server(completion("{score: 0/1}")) as server:
        assert main(arguments(tmp_path, server)) == 0 and len(server.requests) == 1
    assert recall(tmp_path) == (50.0, 2)
    with model_server(Sent(drop=True)) as server:
        assert main(arguments(tmp_path, server, [ROWS[0] | {"said": "another"}])) == 2
    assert "0 pictures, 0 scores" in capsys.readouterr().err


def test_the_authors_own_words_are_taken_and_words_without_their_places_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tmp_path / "words.toml"
    words.write_text('system = "Check."\nuser = "Record: {record} Truth: {truth} {score: 2/5}"\n')
    with model_server(completion("{score: 1/1}")) as server:
        assert main([*arguments(tmp_path, server, ROWS[1:], temperature=0.7), "--words", str(words)]) == 0
        system, user = (one["content"] for one in server.requests[0]["messages"])
        assert (system, user) == ("Check.", "Record: He is alone. Truth: the rain {score: 2/5}")
        assert server.requests[0]["temperature"] == 0.7
        words.write_text('user = "{record}"\n')
        assert main([*arguments(tmp_path, server), "--words", str(words)]) == 2
        assert "expected {record} and {truth}" in capsys.readouterr().err
        assert main([*arguments(tmp_path, server), "--words", str(tmp_path / "gone.toml")]) == 2
        wrong = arguments(tmp_path, server)
        wrong[0] = "dfew"
        assert main(wrong) == 2 and "eibench, emer-clue and emer-label ask a judge" in capsys.readouterr().err


def test_what_a_judge_said_before_is_counted_without_asking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"picture": "Angry/1.jpg", "score": "{score: 3/4}"}, {"picture": "Angry/2.jpg", "score": "fine"}]
    file = tmp_path / "said.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert main(["eibench", str(file), "--out", str(tmp_path / "out.json")]) == 0
    assert recall(tmp_path) == (75.0, 1)
    assert "1 of 2 pictures have no score in the judge's words" in capsys.readouterr().err
