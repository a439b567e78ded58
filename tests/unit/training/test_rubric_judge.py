"""A judge on a real server marks reasoning by a rubric: blind, once, and what it cannot mark is counted. Kind: unit."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.evaluation.rubric import KEYS
from tests.unit.vlm.model_server import Answer as Sent
from tests.unit.vlm.model_server import ModelServer, completion, model_server, refusal
from training.corpus.example import Example, Kind, Layer, Message, Role, Source, Split
from training.corpus.parts import Text
from training.corpus.store import CorpusWriter
from training.evaluating.command import main as evaluate

pytestmark = pytest.mark.unit
VERDICT = '{"tier":2}'
WORDS = "Arousal is 4 sigma above usual.\n</think>\n\n" + VERDICT


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def marks(mark: int, **others: int) -> Sent:
    given = dict.fromkeys(KEYS, mark) | others
    return completion(json.dumps({key: {"why": "The report says so.", "mark": one} for key, one in given.items()}))


def run(folder: Path, said: dict[str, tuple[str, str]]) -> list[str]:
    """A run whose adapter and base answered each example so; the arguments of its evaluation."""
    writer = CorpusWriter(folder / "corpus", "tests")
    for name in said:
        turns = (Message(Role.SYSTEM, (Text("You watch."),)), Message(Role.USER, (Text(f"EVENT REPORT {name}"),)),
                 Message(Role.ASSISTANT, (Text(VERDICT),), "Arousal is high."))  # fmt: skip
        source = Source("MADE", f"{name}/thinking", "CC0-1.0", "p", "test")
        writer.add(Example(name, Layer.HEALTHCARE, Kind.THINKING, Split.TEST, source, turns))
    corpus, home = writer.finish(), folder / "run"
    home.mkdir()
    told = {"adapter": "a" * 64, "beside": "", "corpus": corpus.manifest.fingerprint, "file": "a.jsonl",
            "examples": list(said)}  # fmt: skip
    (home / "answers.json").write_text(json.dumps(told))
    rows = [{"example": name, "who": who, "text": text} for name, both in said.items()
            for who, text in zip(("adapter", "beside"), both, strict=True)]  # fmt: skip
    (home / "a.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    return [str(home), "--corpus", str(folder / "corpus")]


def judge(folder: Path, server: ModelServer, **more: object) -> list[str]:
    said = {"name": "judge", "model": "judge-1", "url": f"{server.url}/v1", "at_once": 1, "wait_s": 0.01} | more
    (folder / "judge.toml").write_text("".join(f"{name} = {json.dumps(one)}\n" for name, one in said.items()))
    return ["--judge", str(folder / "judge.toml")]


def found(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "run/evaluation.json").read_text())
    return told


def figure(told: dict[str, Any], measure: str, which: str = "figures") -> dict[str, Any]:
    [one] = [one for one in told[which] if (one["measure"], one["part"]) == (measure, "")]
    return dict(one)


def test_it_is_asked_blind_by_schema_and_its_marks_stand_beside_the_other_measures(tmp_path: Path) -> None:
    arguments = run(tmp_path, {"one": (WORDS, f"Hm.\n</think>\n\n{VERDICT}")})
    with model_server(marks(4, action=2), marks(1)) as server:
        assert evaluate([*arguments, *judge(tmp_path, server)]) == 0
        assert len(server.requests) == 2
        asked = server.requests[0]
        form = asked["response_format"]["json_schema"]["schema"]
        assert form["required"] == list(KEYS) and form["properties"]["evidence"]["properties"]["mark"]["maximum"] == 4
        said = json.dumps(asked["messages"])
        assert "EVENT REPORT one" in said and "Arousal is 4 sigma" in said
        assert "adapter" not in said and "Arousal is high" not in said, "neither who it was nor the corpus' own answer"
        assert evaluate([*arguments, *judge(tmp_path, server)]) == 0
        assert len(server.requests) == 2, "nothing is asked twice"
    told = found(tmp_path)
    assert figure(told, "reasoning by rubric")["value"] == 3.6
    assert figure(told, "rubric: action fits")["value"] == 2.0
    assert figure(told, "reasoning by rubric", "gains")["value"] == pytest.approx(2.6)
    assert told["judge"] == {"model": "judge-1", "not_judged": [], "people": []}
    assert any("--ratings" in one for one in told["not_measured"])
    page = (tmp_path / "run/evaluation.html").read_text()
    assert "<td>reasoning by rubric<td>3.60 (3.60 to 3.60)" in page and "not known" in page


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (completion("I cannot mark people.", refusal="I cannot mark people."), "the judge refused"),
        (completion("", finish="content_filter"), "the judge refused"),
        (completion("All good, 5 of 5!"), "the judge's answer is none"),
        (marks(5), "the judge's answer is none"),
        (completion(json.dumps({key: {"why": "x", "mark": 3} for key in KEYS[1:]})), "the judge's answer is none"),
        (completion(json.dumps({key: {"why": "", "mark": 3} for key in KEYS})), "the judge's answer is none"),
        (completion(json.dumps({key: {"why": "x", "mark": 2.5} for key in KEYS})), "the judge's answer is none"),
        (completion('{"evidence"', finish="length"), "the judge's answer was cut off"),
        (Sent(body=b"<html>a proxy's page</html>"), "the judge's answer is none"),
        (refusal(400, "too long"), "the judge did not answer"),
        (Sent(hang=True), "the judge did not answer"),
    ],
)
def test_what_it_cannot_mark_is_counted_and_never_guessed(tmp_path: Path, sent: Sent, why: str) -> None:
    arguments = run(tmp_path, {"one": (WORDS, "")})
    with model_server(sent) as server:
        assert evaluate([*arguments, *judge(tmp_path, server, tries=1, timeout_s=0.3)]) == 0
    told = found(tmp_path)
    assert told["judge"]["not_judged"] == [
        {"who": "adapter", "why": why, "answers": 1},
        {"who": "beside", "why": "nothing was said that could be judged", "answers": 1},
    ]
    assert not [one for one in told["figures"] if "rubric" in one["measure"]]
    assert why.replace("'", "&#x27;") in (tmp_path / "run/evaluation.html").read_text()


def test_it_goes_on_after_the_judge_went_away_and_asks_again_where_the_first_answer_is_nonsense(tmp_path: Path) -> None:
    arguments = run(tmp_path, {"one": (WORDS, f"{WORDS} "), "two": (f"{WORDS}  ", f"{WORDS}   ")})
    with model_server(completion("fine"), marks(2), marks(3), Sent(drop=True)) as server:
        assert evaluate([*arguments, *judge(tmp_path, server, tries=1)]) == 0
    first = found(tmp_path)
    assert figure(first, "reasoning by rubric")["n"] == 2
    assert first["judge"]["not_judged"] == [{"who": "beside", "why": "the judge did not answer", "answers": 2}]
    log = [json.loads(line) for line in (tmp_path / "run/judged.jsonl").read_text().splitlines()]
    assert [one["event"] for one in log] == ["not judged"] * 2 and "nobody answers" in log[0]["why"]
    with model_server(marks(4)) as server:
        assert evaluate([*arguments, *judge(tmp_path, server)]) == 0
        assert len(server.requests) == 2
    assert found(tmp_path)["judge"]["not_judged"] == []


def test_the_same_words_about_the_same_report_are_asked_about_once(tmp_path: Path) -> None:
    with model_server(marks(3)) as server:
        assert evaluate([*run(tmp_path, {"one": (WORDS, WORDS)}), *judge(tmp_path, server, at_once=4)]) == 0
        assert len(server.requests) == 1
    assert figure(found(tmp_path), "reasoning by rubric", "gains")["value"] == 0.0


def test_a_judge_that_cannot_be_asked_or_costs_too_much_ends_it_with_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = run(tmp_path, {"one": (WORDS, WORDS)})

    def refused(server: ModelServer, **more: object) -> str:
        assert evaluate([*arguments, *judge(tmp_path, server, **more)]) == 2
        return capsys.readouterr().err

    with model_server(refusal(401, "no")) as server:
        assert "'judge': HTTP 401, the key is not accepted" in refused(server)
        assert "say what may be spent at most" in refused(server, price_in=1.0)
        assert "raise budget" in refused(server, price_out=1000.0, budget=0.01)
        monkeypatch.delenv("NO_SUCH_KEY", raising=False)
        assert "NO_SUCH_KEY is not set" in refused(server, key_variable="NO_SUCH_KEY")
        assert "protocol" in refused(server, protocol="rules")
        assert len(server.requests) == 1
    assert evaluate([*arguments, "--judge", str(tmp_path / "gone.toml")]) == 2
    assert "expected a TOML file with name, model and url" in capsys.readouterr().err


def test_people_mark_the_same_answers_and_the_page_says_how_far_the_judge_agrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = {f"e{i}": (f"{WORDS}{' ' * i}", "") for i in range(5)}
    arguments, sheet = run(tmp_path, texts), tmp_path / "sheet.jsonl"
    assert evaluate([*arguments, "--sheet", str(sheet)]) == 0
    rows = [json.loads(line) for line in sheet.read_text().splitlines()]
    assert len(rows) == 5 and "EVENT REPORT" in rows[0]["shown"] and "adapter" not in sheet.read_text()
    for mark, row in enumerate(rows):
        row |= {"rater": "AB", "marks": dict.fromkeys(KEYS, mark)}
    ratings = tmp_path / "ratings.jsonl"
    ratings.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert evaluate([*arguments, "--ratings", str(ratings)]) == 2 and "name one" in capsys.readouterr().err
    with model_server(*(marks(one) for one in (0, 1, 2, 3, 4))) as server:
        more = ["--ratings", str(ratings)]
        assert evaluate([*arguments, *judge(tmp_path, server), *more]) == 0
        # Asked in the order of the examples, the sheet is in the order of names: give people the judge's own marks.
        shown = {one["messages"][1]["content"]: mark for mark, one in enumerate(server.requests)}
        rows = [row | {"marks": dict.fromkeys(KEYS, shown[row["shown"]])} for row in rows]
        ratings.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        assert evaluate([*arguments, *judge(tmp_path, server), *more]) == 0
        people = {one["criterion"]: one for one in found(tmp_path)["judge"]["people"]}
        assert people["all criteria"]["kappa"]["value"] == people["action"]["spearman"]["value"] == 1.0
        assert (people["all criteria"]["n"], people["all criteria"]["answers"]) == (25, 5)
        for wrong, words in (
            ({"answer": "nobody"}, "nobody gave answer 'nobody'"), ({"marks": {"evidence": 1}}, "expected 0 to 4 for"),
            ({"marks": dict.fromkeys(KEYS, "3")}, "jsonl:1: marks"), ({"marks": dict.fromkeys(KEYS)}, ":1: marks"),
        ):  # fmt: skip
            ratings.write_text(json.dumps(rows[0] | wrong))
            assert evaluate([*arguments, *judge(tmp_path, server), *more]) == 2
            assert words in capsys.readouterr().err
        ratings.write_bytes(b"\xff" + json.dumps(rows[0]).encode())
        assert evaluate([*arguments, *judge(tmp_path, server), *more]) == 2
        assert "ratings.jsonl: no text in UTF-8" in capsys.readouterr().err
