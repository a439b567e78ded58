"""Where two teachers disagree a person decides, on a page, and the decision comes back in. Kind: unit."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.vocabulary import Tier
from tests.unit.training.staged_lives import RULES, questions, settings
from tests.unit.training.test_synthesis_teachers import reports, school, teacher, told
from tests.unit.vlm.model_server import completion, model_server
from training.corpus.errors import CorpusDamaged
from training.corpus.recipe import Share
from training.synthesis.answers import Answers
from training.synthesis.errors import SettingsInvalid
from training.synthesis.filters import Why
from training.synthesis.questions import Chosen, Form, Question
from training.synthesis.review import DECIDED, Choice, Review
from training.synthesis.review_page import page_server
from training.synthesis.school import School
from training.synthesis.sifting import Sifted, sift
from training.synthesis.teachers import rules
from vlm_service.dialogue import verdict_to_json
from vlm_service.rules import reason_about

pytestmark = pytest.mark.unit


@pytest.fixture
def of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[School, Question]]:
    """The rules and a second teacher that finds a tier-1 event a little less urgent."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    question = next(
        one for one in reports(school(tmp_path), 99)
        if one.asked.moment.event.tier is Tier.IMMEDIATE and not one.asked.truth.ordinary
    )  # fmt: skip
    calmer = replace(reason_about(question.asked.moment.event), tier=Tier.URGENT, urgency="within 10 minutes")
    thinking = (rules.answer(question).reply.reasoning or "").partition(" tier 1")[0] + " a visit soon."
    with model_server(completion(verdict_to_json(calmer), reasoning=thinking)) as server:
        both = School(
            settings(RULES, teacher(server, name="calm", key_variable=""), second_share=1.0),
            Answers(tmp_path / "answers"),
        )
        told(both, [question])
        yield both, question


def sifted(of: School, question: Question, review: Review) -> Sifted:
    found = sift([Chosen(Share(count=1), 1, 1, (question,))], of, review.decisions())
    review.write(found.disagreements)
    return found


@contextmanager
def served(review: Review) -> Iterator[str]:
    server = page_server(review)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def token_of(page: str) -> str:
    return re.findall(r'name="token" value="([^"]+)"', page)[0]


def test_it_learns_nothing_from_a_disagreement_until_somebody_decides(
    of: tuple[School, Question], tmp_path: Path
) -> None:
    review = Review(tmp_path)
    found = sifted(*of, review)
    assert found.refused == {("any all kinds", Why.DISAGREED): 1} and not found.all
    (waiting,) = review.waiting()
    assert (waiting.first.label, waiting.second.label) == ("tier 1", "tier 2")
    assert waiting.asked.startswith("EVENT REPORT:") and waiting.truth == of[1].asked.truth.label


@pytest.mark.parametrize(
    ("choice", "learned"), [(Choice.FIRST, "rules"), (Choice.SECOND, "calm"), (Choice.NEITHER, "")]
)
def test_it_takes_in_what_was_decided_on_the_page(
    of: tuple[School, Question], tmp_path: Path, choice: Choice, learned: str
) -> None:
    review = Review(tmp_path)
    sifted(*of, review)
    with served(review) as url, httpx.Client(trust_env=False, follow_redirects=True) as client:
        page = client.get(url)
        assert "Two teachers disagree" in page.text and "1 wait, 0 decided" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        form = {"question": of[1].id, "choice": choice.value, "note": "seen <b>often</b>", "token": token_of(page.text)}
        assert "Nothing waits" in client.post(url, data=form).text
    assert review.waiting() == [] and review.decisions()[of[1].id].note == "seen <b>often</b>"
    found = sifted(*of, review)
    if learned:
        assert [one.source.made_by for one in found.all] == [f"synthesis 2, teacher {learned}"]
    else:
        assert found.refused == {("any all kinds", Why.REJECTED): 1}


def test_it_keeps_no_word_of_a_form_that_is_not_of_this_page(of: tuple[School, Question], tmp_path: Path) -> None:
    review = Review(tmp_path)
    sifted(*of, review)
    with served(review) as url, httpx.Client(trust_env=False) as client:
        token = token_of(client.get(url).text)
        good = {"question": of[1].id, "choice": "first", "token": token}
        assert client.post(url, data={**good, "token": "guessed"}).status_code == 403
        assert client.post(url, data={**good, "choice": "both"}).status_code == 400
        assert client.post(url, data={**good, "question": "another"}).status_code == 400
        assert client.post(url, data=good, headers={"Host": "elsewhere.example:80"}).status_code == 400
        assert client.get(url, headers={"Host": "elsewhere.example:80"}).status_code == 404
        assert client.get(f"{url}decisions.jsonl").status_code == 404
    assert not (tmp_path / DECIDED).exists()


def test_it_shows_what_a_teacher_wrote_as_words_and_not_as_a_page(of: tuple[School, Question], tmp_path: Path) -> None:
    review = Review(tmp_path)
    (one,) = sifted(*of, review).disagreements
    loud = one.model_copy(update={"first": one.first.model_copy(update={"text": "<script>alert(1)</script>"})})
    review.write([loud])
    with served(review) as url:
        page = httpx.get(url, trust_env=False).text
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_it_lets_a_later_decision_count_and_names_a_line_that_is_none(
    of: tuple[School, Question], tmp_path: Path
) -> None:
    review = Review(tmp_path)
    sifted(*of, review)
    review.decide(of[1].id, Choice.FIRST)
    review.decide(of[1].id, Choice.NEITHER, "after all")
    assert review.decisions()[of[1].id].choice is Choice.NEITHER
    with (tmp_path / DECIDED).open("a") as file:
        file.write(json.dumps({"question": of[1].id, "choice": "perhaps"}) + "\n")
    with pytest.raises(CorpusDamaged, match=r"decisions\.jsonl: a line is no decision"):
        review.decisions()
    with pytest.raises(SettingsInvalid, match="is no folder"):
        page_server(Review(tmp_path / "nowhere"))


def test_it_compares_two_teachers_on_a_share_of_the_questions(tmp_path: Path) -> None:
    other = RULES.model_copy(update={"name": "again"})
    asked = questions(settings(scale=0.05), Form.REPORT)
    shares = {share: School(settings(RULES, other, second_share=share), Answers(tmp_path)) for share in (0.0, 0.5, 1.0)}
    both = {share: sum(len(of.teachers(one)) == 2 for one in asked) / len(asked) for share, of in shares.items()}
    assert both[0.0] == 0.0 and both[1.0] == 1.0 and 0.2 < both[0.5] < 0.8
    assert shares[1.0].pairs(asked) == [], "the rules need no server"
