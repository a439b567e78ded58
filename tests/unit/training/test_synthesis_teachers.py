"""Teachers on real servers of both protocols: patience, refusals, money, and nothing asked twice. Kind: unit."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.staged_lives import questions, settings
from tests.unit.vlm.model_server import Answer as Sent
from tests.unit.vlm.model_server import ModelServer, completion, model_server, refusal
from training.corpus.errors import CorpusDamaged
from training.synthesis.answers import Answers
from training.synthesis.asking import ask
from training.synthesis.errors import BudgetSpent, NotAgreedTo, SettingsInvalid, TeacherFailed
from training.synthesis.filters import Unusable, Why
from training.synthesis.money import agree
from training.synthesis.questions import Form, Question
from training.synthesis.school import School
from training.synthesis.settings import Protocol, TeacherSettings
from training.synthesis.teachers import rules
from training.synthesis.wording import messages_of

pytestmark = pytest.mark.unit
KEY, SECRET = "ATTUNE_TEST_TEACHER_KEY", "sk-of-this-test-alone"


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def teacher(server: ModelServer, protocol: Protocol = Protocol.OPENAI, **others: Any) -> TeacherSettings:
    given = {"name": "big", "model": "m-1", "terms": "may be learned from", "key_variable": KEY, "wait_s": 0.01}
    return TeacherSettings.model_validate({"protocol": protocol, "url": f"{server.url}/v1/"} | given | others)


def school(folder: Path, *teachers: TeacherSettings, **others: object) -> School:
    return School(settings(*teachers, **({"scale": 0.002} | others)), Answers(folder / "answers"))


def reports(of: School, many: int = 1) -> list[Question]:
    """Questions that the rules can answer so that it is accepted."""
    plain = school(Path("/nowhere"))
    good = []
    for one in questions(settings(scale=0.05), Form.REPORT):
        try:
            plain.opinion(one, plain.settings.teacher[0])
        except Unusable:
            continue
        good.append(one)
    return good[:many]


def told(of: School, asked: list[Question], spent: float = 0.0) -> list[tuple[str, dict[str, object]]]:
    """Asks, and says what was written into the log."""
    said: list[tuple[str, dict[str, object]]] = []
    asyncio.run(ask(of, of.pairs(asked), spent, lambda what, fields: said.append((what, fields)), lambda: None))
    return said


def by_openai(question: Question, usage: tuple[int, int] = (1000, 500)) -> Sent:
    reply = rules.answer(question).reply
    body = json.loads(completion(reply.content, reasoning_content=reply.reasoning).body)
    body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Sent(body=json.dumps(body).encode())


def by_anthropic(question: Question) -> Sent:
    reply = rules.answer(question).reply
    content = [
        {"type": "thinking", "thinking": reply.reasoning, "signature": "x"},
        {"type": "text", "text": reply.content},
    ]
    body = {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn",
            "usage": {"input_tokens": 900, "output_tokens": 400}}  # fmt: skip
    return Sent(body=json.dumps(body).encode())


def why(of: School, question: Question) -> Why:
    with pytest.raises(Unusable) as found:
        of.opinion(question, of.settings.teacher[0])
    return found.value.why


Speaks = Callable[[Question], Sent]


@pytest.mark.parametrize(("protocol", "speaks"), [(Protocol.OPENAI, by_openai), (Protocol.ANTHROPIC, by_anthropic)])
def test_it_learns_from_a_teacher_of_either_protocol(tmp_path: Path, protocol: Protocol, speaks: Speaks) -> None:
    question = reports(school(tmp_path))[0]
    with model_server(speaks(question)) as server:
        of = school(tmp_path, teacher(server, protocol))
        told(of, [question])
        system, user = messages_of(question)
        sent = server.requests[0]
    found = of.opinion(question, of.settings.teacher[0])
    assert found.verdict is not None and found.thinking == rules.answer(question).reply.reasoning
    if protocol is Protocol.OPENAI:
        assert sent["path"] == "/v1/chat/completions"
        assert [one["content"] for one in sent["messages"]] == [system.content, user.content]
        assert server.headers[0]["authorization"] == f"Bearer {SECRET}"
    else:
        assert sent["path"] == "/v1/messages" and sent["system"] == system.content
        assert sent["messages"] == [{"role": "user", "content": user.content}]
        headers = {name.lower(): value for name, value in server.headers[0].items()}
        assert headers["x-api-key"] == SECRET and headers["anthropic-version"] == "2023-06-01"


def test_it_asks_nothing_twice_and_writes_no_key_down(tmp_path: Path) -> None:
    asked = reports(school(tmp_path), 3)
    with model_server(*(by_openai(one) for one in asked)) as server:
        of = school(tmp_path, teacher(server, at_once=1, price_in=2.0, price_out=10.0), budget=1.0)
        said = told(of, asked)
        assert len(server.requests) == 3 and [what for what, _ in said] == ["answered"] * 3
        money = of.estimate(of.pairs(asked))
        assert (money.known, money.new) == (3, 0) and money.spent == pytest.approx(3 * (2000 + 5000) / 1e6)
        assert told(of, asked) == [] and len(server.requests) == 3
    assert SECRET not in json.dumps(said)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) == 3 and not [file for file in files if SECRET in file.read_text()]


def test_it_goes_on_after_it_was_killed_between_two_answers(tmp_path: Path) -> None:
    asked = reports(school(tmp_path), 2)
    with model_server(by_openai(asked[0]), Sent(drop=True)) as server:
        of = school(tmp_path, teacher(server, at_once=1, tries=1))
        said = told(of, asked)
        assert [what for what, _ in said] == ["answered", "no answer"]
        assert why(of, asked[1]) is Why.NO_ANSWER
    with model_server(by_openai(asked[1])) as server:
        of = school(tmp_path, teacher(server, at_once=1))
        told(of, asked)
        assert len(server.requests) == 1, "another address of the same teacher is asked what is left alone"
    for one in asked:
        of.opinion(one, of.settings.teacher[0])


def test_it_waits_as_long_as_a_busy_server_asks_for(tmp_path: Path) -> None:
    question = reports(school(tmp_path))[0]
    busy = Sent(429, b"{}", (("Retry-After", "0"),))
    with model_server(busy, refusal(503, "loading"), Sent(drop=True), by_openai(question)) as server:
        of = school(tmp_path, teacher(server))
        assert [what for what, _ in told(of, [question])] == ["answered"] and len(server.requests) == 4
    with model_server(busy) as server:
        of = school(tmp_path / "b", teacher(server, tries=2))
        assert "HTTP 429, 2 times" in str(told(of, [question])[0][1]["why"])


def test_it_gives_up_on_an_answer_that_does_not_come_in_time(tmp_path: Path) -> None:
    question = reports(school(tmp_path))[0]
    with model_server(Sent(hang=True)) as server:
        of = school(tmp_path, teacher(server, tries=1, timeout_s=0.3))
        said = told(of, [question])
    assert "no answer within 0.3 s" in str(said[0][1]["why"]) and why(of, question) is Why.NO_ANSWER


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (completion("I am sorry, I cannot do that.", refusal="I cannot do that."), Why.REFUSED),
        (completion("", finish="content_filter"), Why.REFUSED),
        (completion("Sure! Here is what I think."), Why.NO_VERDICT),
        (completion("<think>" + "Wait, let me look at that again. " * 120 + '</think>{"tier":1}'), Why.LOOPED),
        (completion("<think>so much to think about", finish="length"), Why.NO_VERDICT),
        (completion('<think>hm</think>{"tier": "one"}'), Why.MALFORMED),
        (Sent(body=b"<html>a proxy's page</html>"), Why.MALFORMED),
        (Sent(body=b'{"choices": []}'), Why.MALFORMED),
    ],
)
def test_it_asks_again_once_and_then_counts_why_nothing_can_be_learned(
    tmp_path: Path, sent: Sent, reason: Why
) -> None:  # fmt: skip
    question = reports(school(tmp_path))[0]
    with model_server(sent) as server:
        of = school(tmp_path, teacher(server))
        told(of, [question])
        assert len(server.requests) == 2 and server.requests[0]["seed"] != server.requests[1]["seed"]
        told(of, [question])
        assert len(server.requests) == 2, "what was paid for is not asked again"
    assert why(of, question) is reason


def test_it_takes_the_second_answer_where_the_first_is_nonsense(tmp_path: Path) -> None:
    question = reports(school(tmp_path))[0]
    with model_server(completion("no."), by_openai(question)) as server:
        of = school(tmp_path, teacher(server))
        told(of, [question])
    assert of.opinion(question, of.settings.teacher[0]).verdict is not None


def test_it_stops_at_a_key_that_is_not_accepted_and_at_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = reports(school(tmp_path), 3)
    with model_server(refusal(401, "bad key")) as server:
        of = school(tmp_path, teacher(server, at_once=1))
        with pytest.raises(TeacherFailed, match="HTTP 401, the key is not accepted"):
            told(of, asked)
        assert len(server.requests) == 1
        monkeypatch.delenv(KEY)
        with pytest.raises(SettingsInvalid, match=f"the environment variable {KEY} is not set"):
            told(of, asked)


def test_it_passes_over_a_question_that_a_server_will_not_take(tmp_path: Path) -> None:
    asked = reports(school(tmp_path), 2)
    with model_server(refusal(400, "too long"), by_openai(asked[1])) as server:
        of = school(tmp_path, teacher(server, at_once=1))
        assert [what for what, _ in told(of, asked)] == ["no answer", "answered"]


def test_it_asks_a_person_before_it_spends_much_and_stops_before_it_spends_too_much(tmp_path: Path) -> None:
    asked = reports(school(tmp_path), 3)
    with model_server(*(by_openai(one) for one in asked)) as server:
        dear = teacher(server, at_once=1, price_in=1000.0, price_out=1000.0, max_tokens=600)
        of = school(tmp_path, dear, budget=4.0, ask_above=1.0)
        money = of.estimate(of.pairs(asked))
        assert money.new == 3 and money.cost > 1.0
        with pytest.raises(NotAgreedTo, match=r"3 questions to ask.*--yes"):
            agree(money, of.settings, yes=False)
        agree(money, of.settings, yes=True)
        with pytest.raises(BudgetSpent, match="raise budget, then run it again: nothing is asked twice"):
            told(of, asked)
        spent = of.estimate(of.pairs(asked)).spent
        assert 0.0 < spent <= 4.0 and len(server.requests) == spent / 1.5, "1000 and 500 tokens each"
        richer = school(tmp_path, dear, budget=100.0)
        told(richer, asked, spent)
        assert len(server.requests) == 3


def test_it_says_which_file_holds_no_answer(tmp_path: Path) -> None:
    question = reports(school(tmp_path))[0]
    with model_server(by_openai(question)) as server:
        of = school(tmp_path, teacher(server))
        told(of, [question])
    (file,) = (one for one in tmp_path.rglob("*.json"))
    file.write_text("half a")
    with pytest.raises(CorpusDamaged, match="remove it, and it is asked for again"):
        of.opinion(question, of.settings.teacher[0])
