"""Answers are worth what the dialogue that serves makes of them; a bundle is packed only of parts that belong together.
Kind: unit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.evaluation.lift import Level, What, lifts
from services.evaluation.opinions import Measure, figures
from services.simulator.benign import Ordinary
from services.vocabulary import Event, Tier
from tests.unit.training.staged_lives import asked, moments, questions, settings
from training.bundle.command import main as bundle
from training.corpus.example import Example, Kind, Layer, Message, Role, Source, Split
from training.corpus.parts import Text
from training.corpus.store import CorpusWriter
from training.evaluating.command import main as evaluate
from training.evaluating.lifting import noticed
from training.evaluating.scoring import moment_of, moments_of, score
from training.synthesis.answers import Answers
from training.synthesis.questions import Form, choose
from training.synthesis.school import School
from training.synthesis.sifting import sift
from training.synthesis.stored import write_lines
from vlm_service.dialogue import verdict_from_json, verdict_to_json

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Example, dict[str, Event], str]:
    """An example that the rules answered, its event, and its whole answer as a model would write it."""
    chosen = choose(asked(), settings())
    examples = sift(chosen, School(settings(), Answers(tmp_path_factory.mktemp("answers"))), {}).all
    by_id = {one.id: one for one in questions(settings(), Form.REPORT)}
    example = next(one for one in examples if one.kind is Kind.THINKING and one.id in by_id)
    question = by_id[example.id]
    events = {example.source.item.rpartition("/")[0]: question.asked.moment.event}
    return example, events, f"{example.messages[-1].thinking}\n</think>\n\n{example.answer}"


def test_the_corpus_own_answer_is_worth_everything(taught: tuple[Example, dict[str, Event], str]) -> None:
    example, events, text = taught
    counted = score(example, text, events).counted
    assert counted[Measure.VALID] == counted[Measure.TIER] == counted[Measure.THINKS] == 1.0
    assert counted[Measure.GROUNDED] >= 0.8 and counted[Measure.UNCONTRADICTED] == 1.0
    assert counted[Measure.LENGTH] == len(example.messages[-1].thinking.strip())


def test_it_is_counted_by_population_age_mode_and_family(taught: tuple[Example, dict[str, Event], str]) -> None:
    example, events, text = taught
    said = score(example, text, events)
    assert [tag.partition(".")[0] for tag in said.slices] == ["family", "population", "age", "mode"]
    (age,) = (tag for tag in said.slices if tag.startswith("age."))
    other = replace(said, case="other", slices=("age.child" if age != "age.child" else "age.adult",))
    parts = {one.part: one.n for one in figures([said, other]) if one.measure is Measure.VALID}
    assert parts[""] == 2 and parts[age] == parts[other.slices[0]] == 1


def test_each_fault_costs_what_it_should_and_nothing_else(taught: tuple[Example, dict[str, Event], str]) -> None:
    example, events, text = taught
    unfinished = score(example, text.partition("</think>")[0], events).counted
    assert unfinished[Measure.VALID] == unfinished[Measure.TIER] == 0.0 and unfinished[Measure.THINKS] == 1.0
    assert Measure.GROUNDED not in unfinished, "what was not said is neither grounded nor not"
    silent = score(example, f"\n</think>\n\n{example.answer}", events).counted
    assert silent[Measure.THINKS] == 0.0 and silent[Measure.VALID] == 1.0
    blind = score(example, text, {}).counted
    assert blind[Measure.VALID] == 1.0 and Measure.GROUNDED not in blind, "without its event nothing is checked"
    [event] = events.values()
    verdict = verdict_from_json(example.answer, event.tier)
    other = next(tier for tier in type(verdict.tier) if tier is not verdict.tier)
    wrong = text.replace(example.answer, verdict_to_json(replace(verdict, tier=other)))
    assert score(example, wrong, events).counted[Measure.TIER] == 0.0


def test_an_opinion_is_counted_beside_what_was_staged_and_an_unusable_one_changes_nothing(tmp_path: Path) -> None:
    chosen = choose(asked(), settings())
    examples = sift(chosen, School(settings(), Answers(tmp_path / "answers")), {}).all
    reports = [one for one in examples if one.kind is Kind.THINKING]
    write_lines(tmp_path / "00000.jsonl", moments())
    known = moments_of(tmp_path)
    assert {moment_of(one) for one in reports} <= set(known)
    loud = {one.id: verdict_to_json(replace(verdict_from_json(one.answer, Tier.URGENT), tier=Tier.IMMEDIATE))
            for one in reports}  # fmt: skip
    for said, wanted in ((loud, Tier.IMMEDIATE), (dict.fromkeys(loud, "no."), None)):
        found = [one for one in noticed(reports, said, known) if one.asked]
        assert len(found) == len(reports) and {one.opinion for one in found} == {wanted}
        truth = {moment_of(one): known[moment_of(one)] for one in reports}
        ordinary = sum(one.act is None or isinstance(one.act.what, Ordinary) for one in truth.values())
        assert sum(not one.episode for one in found) == ordinary
    assert {one.person for one in noticed(reports[:1], loud, known)} == {reports[0].source.subject}
    gains = {(one.what, one.level): one.gain.value for one in lifts(noticed(reports, loud, known)) if one.n}
    assert gains[What.FALSE, Level.AT_ONCE] > 0.0, "who always cries wolf raises false alarms"


def test_a_short_answer_is_right_or_not() -> None:
    turns = Message(Role.USER, (Text("?"),)), Message(Role.ASSISTANT, (Text("Two cries."),))
    source = Source("MADE", "x", "CC0-1.0", "p", "test")
    example = Example("x", Layer.HEALTHCARE, Kind.FACTUAL, Split.TEST, source, turns)
    for text, right in (("two  cries", 1.0), ("\n</think>\n\nTwo cries.", 1.0), ("three cries", 0.0), ("", 0.0)):
        assert score(example, text, {}).counted == {Measure.RIGHT: right}, text


def test_answers_that_are_incomplete_or_of_another_corpus_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turns = Message(Role.USER, (Text("?"),)), Message(Role.ASSISTANT, (Text("yes"),))
    source = Source("MADE", "x", "CC0-1.0", "p", "test")
    writer = CorpusWriter(tmp_path / "corpus", "tests")
    writer.add(Example("x", Layer.HEALTHCARE, Kind.FACTUAL, Split.TEST, source, turns))
    corpus = writer.finish()
    run = tmp_path / "run"
    run.mkdir()
    arguments = [str(run), "--corpus", str(tmp_path / "corpus")]

    def refused() -> str:
        assert evaluate(arguments) == 2
        return capsys.readouterr().err

    assert "`attune train evaluate` asks for them" in refused()
    told: dict[str, Any] = {
        "adapter": "a" * 64,
        "beside": "",
        "corpus": "sha256:0",
        "file": "a.jsonl",
        "examples": ["x"],
    }
    (run / "answers.json").write_text(json.dumps(told))
    assert "answers about corpus sha256:0" in refused()
    (run / "answers.json").write_text(json.dumps(told | {"corpus": corpus.manifest.fingerprint}))
    lines = [
        json.dumps({"example": "x", "who": who, "text": said}) for who, said in (("adapter", "yes"), ("beside", "no"))
    ]
    (run / "a.jsonl").write_text(f"{lines[0]}\n")
    assert "1 of 1 examples are not answered" in refused()
    (run / "a.jsonl").write_text("\n".join(lines))
    assert evaluate(arguments) == 0
    assert "not shown" not in capsys.readouterr().err, "it is beside its base"
    other = told | {"corpus": corpus.manifest.fingerprint, "beside": "first/adapter"}
    (run / "answers.json").write_text(json.dumps(other))
    assert evaluate(arguments) == 0
    (run / "a.jsonl").write_text(
        "\n".join(lines).replace('"no"', '"other"').replace('"yes"', '"no"').replace('"other"', '"yes"')
    )
    assert evaluate(arguments) == 3
    assert "not shown to be within 0.05 of first/adapter: right short answers, L2: -1.000" in capsys.readouterr().err
    (run / "a.jsonl").write_text("\n".join(lines))
    (run / "answers.json").write_text(json.dumps(told | {"corpus": corpus.manifest.fingerprint}))
    assert evaluate(arguments) == 0
    found = json.loads((run / "evaluation.json").read_text())
    gain = next(one for one in found["gains"] if one["measure"] == "right short answers" and not one["part"])
    assert (gain["value"], gain["n"], gain["not_worse"]) == (1.0, 1, True)
    assert "grounded claims: name the staged moments with --moments" in found["not_measured"]
    assert found["between_residents"] == [] == found["over_the_detector"], "one answer about one person says nothing"
    assert "what the opinion adds to the detector: name the staged moments with --moments" in found["not_measured"]
    page = (run / "evaluation.html").read_text()
    assert "<td>all<td>right short answers<td>100% (2% to 100%)" in page and "://" not in page


def test_a_run_without_its_parts_is_not_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path / "run"), "--name", "house", "--out", str(tmp_path / "b")]
    assert bundle(arguments) == 2 and "expected the folder of a finished training" in capsys.readouterr().err
    (tmp_path / "b").mkdir()
    assert bundle(arguments) == 2 and "a bundle is never changed" in capsys.readouterr().err
