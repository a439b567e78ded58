"""A person decides about examples on the page of a review, in a real browser; composing takes it. Kind: browser."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.facility.page_house import launched
from tests.unit.training.test_reviewing import corpus_of, plenty, verdict
from training.corpus.reviewed import Choice, Decisions, read_review
from training.curating.command import PAGE, main

pytestmark = pytest.mark.browser
MISSING = "Missing: a reason, and by whom"


def test_a_relabelling_that_would_change_no_word_is_mended_on_the_page(tmp_path: Path) -> None:
    examples = (*plenty(), replace(verdict(), quality=0.1))
    corpus_of(tmp_path / "corpus", examples)
    assert main([str(tmp_path / "corpus"), "--out", str(tmp_path / "review")]) == 0
    with launched() as browser:
        page = browser.new_page()
        page.goto((tmp_path / "review" / PAGE).as_uri())
        page.fill("#by", "M. Ito")
        card = page.locator('article[data-example="v"]')
        assert not card.locator("textarea[name=new_answer]").is_visible()
        card.locator("input[value=relabel]").check()
        card.locator("input[name=reason]").fill("too low")
        card.locator("input[name=new_label]").fill("tier 1")
        page.click("#save")
        assert "a new answer, for this one does not name its label" in page.inner_text("#told")
        card.locator("textarea[name=new_answer]").fill('{"tier": 1}')
        page.click("#save")
        assert "new thoughts" in page.inner_text("#told")
        card.locator("textarea[name=new_thinking]").fill("A cry.\nGo now.")
        with page.expect_download() as saved:
            page.click("#save")
        saved.value.save_as(tmp_path / "saved.jsonl")
        card.locator("input[value=keep]").check()
        with page.expect_download() as kept:
            page.click("#save")
        kept.value.save_as(tmp_path / "kept.jsonl")
    outcome = Decisions.read([tmp_path / "saved.jsonl"]).applied(examples)
    (one,) = (one for one in outcome.examples if one.id == "v")
    assert (one.answer, one.messages[-1].thinking) == ('{"tier": 1}', "A cry.\nGo now.")
    assert Decisions.read([tmp_path / "kept.jsonl"]).applied(examples).kept == 1


def test_what_is_decided_on_the_page_is_saved_and_taken(tmp_path: Path) -> None:
    corpus_of(tmp_path / "corpus", plenty())
    assert main([str(tmp_path / "corpus"), "--out", str(tmp_path / "review")]) == 0
    complaints: list[str] = []
    with launched() as browser:
        page = browser.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith("file:") else None)
        page.goto((tmp_path / "review" / PAGE).as_uri())
        cards = page.locator("article")
        odd = page.locator('article[data-example="odd"]')
        assert cards.count() == len(read_review(tmp_path / "review" / "review.jsonl"))
        odd.locator("input[value=drop]").check()
        page.click("#save")
        assert page.inner_text("#told").startswith(MISSING)
        odd.locator("input[name=reason]").fill("not of this house")
        page.fill("#by", "M. Ito")
        with page.expect_download() as saved:
            page.click("#save")
        saved.value.save_as(tmp_path / "saved.jsonl")
        assert page.inner_text("#count").startswith("1 of ")
    assert [one for one in complaints if not one.startswith("blob:")] == []
    outcome = Decisions.read([tmp_path / "saved.jsonl"]).applied(plenty())
    assert outcome.dropped == {"not of this house": 1} and "odd" not in {one.id for one in outcome.examples}
    assert {one.decision for one in read_review(tmp_path / "saved.jsonl")} <= {Choice.DROP, Choice.OPEN}
