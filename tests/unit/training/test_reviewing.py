"""Which examples a person is shown, what becomes of their decisions, and the command from corpus to composition.
Kind: unit."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.corpus_examples import example, picture
from training.corpus.composing import composed
from training.corpus.errors import ReviewInvalid
from training.corpus.example import Example, Kind, Message
from training.corpus.joined import Joined
from training.corpus.parts import Modality, Text
from training.corpus.recipe import Recipe
from training.corpus.report import report_text
from training.corpus.reviewed import Choice, Decisions, Reviewed, read_review, relabelled
from training.corpus.rows import digest
from training.corpus.splits import prove_disjoint
from training.corpus.store import Corpus, CorpusWriter
from training.curating.command import REVIEW, lines_of, main
from training.curating.doubts import DIFFER, NOWHERE, Why, look
from training.curating.page import page
from training.curating.surprise import read_surprise

pytestmark = pytest.mark.unit
NIGHT = ("pacing", "corridor", "window", "door", "steps", "turning", "lamp", "bed")
MEAL = ("spoon", "plate", "chair", "table", "bread", "cup", "water", "chewing")
STRANGE = "violin orchestra kettledrum trumpet rehearsal conductor applause violin orchestra"


def told(name: str, words: tuple[str, ...], label: str, **others: Any) -> Example:
    """An example whose question is of these words, in an order of its own, and whose answer is its label."""
    made = example(name, subject=name, question=" ".join(random.Random(name).choices(words, k=40)))
    answer = Message(made.messages[-1].role, (Text(label.replace("_", " ")),))
    return replace(made, label=label, messages=(*made.messages[:-1], answer), **others)


@cache
def plenty() -> tuple[Example, ...]:
    """Two groups of 30 alike, of which one has the other's label, and one that is like nothing."""
    groups = [told(f"n{k}", NIGHT, "walking_about") for k in range(30)] + [
        told(f"m{k}", MEAL, "meal") for k in range(30)
    ]
    wrong = told("wrong", NIGHT, "meal")
    return (*groups, wrong, told("odd", tuple(STRANGE.split()), "meal"))


def corpus_of(folder: Path, examples: tuple[Example, ...]) -> Corpus:
    writer = CorpusWriter(folder, "test")
    writer.add_all(examples)
    return writer.finish()


def decided(one: Example, decision: Choice, **others: str) -> Reviewed:
    return Reviewed(example=one.id, digest=digest(one), decision=decision,
                    **{"reason": "unclear", "by": "M. Ito"} | others)  # type: ignore[arg-type]  # fmt: skip


def test_it_finds_the_label_that_no_neighbour_has_and_what_is_like_nothing() -> None:
    looked = look(plenty(), {})
    found = {one.example.id: one for one in looked.suspects}
    assert found["wrong"].suggested == "walking_about" and found["wrong"].against[Why.LABEL] > 0.5
    assert Why.OUTLIER in found["odd"].against
    assert len(found) <= 5, "the others are ordinary"
    assert len(set(looked.clusters) - {NOWHERE}) == 2
    assert [one.doubt for one in looked.suspects] == sorted((one.doubt for one in looked.suspects), reverse=True)


def test_it_shows_what_surprises_a_model_what_is_poor_and_what_teachers_disagreed_about() -> None:
    examples = list(plenty())
    examples[3] = replace(examples[3], quality=0.3)
    examples[4] = replace(examples[4], domains=(DIFFER,))
    looked = look(examples, {one.id: 9.0 if one.id == "m7" else 0.5 for one in examples})
    found = {one.example.id: one.against for one in looked.suspects}
    assert found["n3"] == {Why.QUALITY: 0.7} and found["n4"] == {Why.TEACHERS: 1.0}
    assert found["m7"] == {Why.SURPRISING: 1.0}


def test_it_does_not_judge_by_words_where_a_picture_decides(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path / "c", "test")
    shown = []
    for k in range(30):
        asset = writer.assets.add(picture(tmp_path, f"{k}.png", bytes([k])), Modality.IMAGE)
        one = replace(example(f"p{k}", asset=asset, subject=f"p{k}"), label="joy" if k % 3 else "fear")
        shown.append(replace(one, quality=0.1) if k == 5 else one)
    writer.add_all(shown)
    corpus = writer.finish()
    looked = look(shown, {})
    assert looked.unjudged == 30 and not any(Why.LABEL in one.against for one in looked.suspects)
    text = page(looked, lines_of(looked, 9, shown, ()), 9, corpus.assets, "c")
    assert "Labels of 30 could not be compared" in text and "data:image/png;base64," in text


def test_it_says_that_few_examples_want_reading_not_counting() -> None:
    with pytest.raises(ReviewInvalid, match="at least 20"):
        look(plenty()[:19], {})


def test_it_makes_one_page_that_loads_nothing_and_cannot_be_written_into(tmp_path: Path) -> None:
    forged = told("forged", NIGHT, "</script><img src=x>", quality=0.1)
    examples = (*plenty(), forged)
    looked = look(examples, {})
    text = page(looked, lines_of(looked, 200, examples, ()), 200, corpus_of(tmp_path / "c", examples).assets, "<c>")
    assert text.count("</script>") == 2 and "<img src=x>" not in text and "&lt;c&gt;" in text
    assert "http" not in text.replace("http-equiv", "") and 'src="/' not in text
    assert text.count("<article") == len(looked.suspects) and text.count('class="ring"') == len(looked.suspects)
    assert "{{" not in text


def test_it_keeps_what_was_decided_while_the_words_are_the_same(tmp_path: Path) -> None:
    looked = look(plenty(), {})
    wrong, calm = plenty()[60], plenty()[0]
    earlier = [decided(wrong, Choice.DROP), decided(calm, Choice.KEEP)]
    lines = {one.example: one for one in lines_of(looked, 200, plenty(), earlier)}
    assert lines["wrong"].decision is Choice.DROP and lines["wrong"].doubt > 0.0
    assert lines["n0"].decision is Choice.KEEP, "it is no suspect any more, and its decision stays"
    other = [one.model_copy(update={"digest": "another"}) for one in earlier]
    assert all(one.decision is Choice.OPEN for one in lines_of(looked, 200, plenty(), other))


def test_it_drops_relabels_and_keeps_as_people_decided_and_counts_it() -> None:
    wrong, odd, calm = plenty()[60], plenty()[61], plenty()[0]
    decisions = Decisions({one.example: one for one in (
        decided(wrong, Choice.RELABEL, new_label="walking_about", reason="a | night"),
        decided(odd, Choice.DROP), decided(calm, Choice.KEEP), decided(example("gone"), Choice.DROP),
    )})  # fmt: skip
    outcome = decisions.applied(plenty())
    by_id = {one.id: one for one in outcome.examples}
    assert "odd" not in by_id and by_id["n0"] == calm
    assert by_id["wrong"].label == "walking_about" and by_id["wrong"].answer == "walking about"
    assert by_id["wrong"].source.made_by.endswith("relabelled in review")
    assert (outcome.dropped, outcome.relabelled) == ({"unclear": 1}, {"a | night": 1})
    assert (outcome.kept, outcome.absent) == (1, 1)
    of = composed(outcome.examples, Recipe.model_validate({"name": "all", "part": [{"least": 0, "most": 99}]}))
    report = report_text(replace(of, reviewed=outcome), prove_disjoint(of.training), "f")
    assert "| dropped in review: unclear | 1 |" in report and "| a \\| night | 1 |" in report
    assert "1 kept, 1 dropped, 1 relabelled; 1 decisions are about examples that are not" in report


def test_it_refuses_decisions_about_other_words_and_thoughts_for_the_old_label() -> None:
    wrong = plenty()[60]
    stale = Decisions({wrong.id: decided(wrong, Choice.DROP).model_copy(update={"digest": "another"})})
    with pytest.raises(ReviewInvalid, match="says something else than when"):
        stale.applied(plenty())
    thinks = replace(example("t", Kind.THINKING), label="fear")
    answer = replace(thinks.messages[1], thinking="This is fear.", parts=(Text("The emotion shown is fear."),))
    thinks = replace(thinks, messages=(thinks.messages[0], answer))
    with pytest.raises(ReviewInvalid, match="new_thinking, or drop it"):
        relabelled(thinks, decided(thinks, Choice.RELABEL, new_label="joy"))
    again = decided(thinks, Choice.RELABEL, new_label="joy", new_thinking="A smile.", new_answer="joy")
    assert relabelled(thinks, again).messages[1].thinking == "A smile."


def verdict() -> Example:
    """A staged one that is answered by a verdict and labelled by what happened."""
    made = example("v", Kind.THINKING)
    answer = replace(made.messages[1], parts=(Text('{"tier": 2, "situation": "Falls asleep."}'),), thinking="Calm.")
    return replace(made, label="falls", messages=(made.messages[0], answer))


@pytest.mark.parametrize(
    ("one", "new"),
    [
        (verdict(), "tier 1"),
        (replace(told("f", NIGHT, "company"), kind=Kind.FALSE_POSITIVE), "visit"),
        (replace(told("c", NIGHT, "walking_about"), label="cannot_map"), "meal"),
        (replace(told("s", NIGHT, "fearful"), label="fear"), "joy"),
    ],
)
def test_a_new_label_that_would_change_no_word_of_the_answer_is_refused(one: Example, new: str) -> None:
    with pytest.raises(ReviewInvalid, match=f"{one.id}.*does not name its label '{one.label}'; write new_answer"):
        relabelled(one, decided(one, Choice.RELABEL, new_label=new))
    thoughts = {"new_thinking": "A cry."} if one.kind is Kind.THINKING else {}
    answered = relabelled(one, decided(one, Choice.RELABEL, new_label=new, new_answer="Another.", **thoughts))
    assert (answered.label, answered.answer) == (new, "Another.")


def test_it_says_of_every_example_what_a_relabelling_needs(tmp_path: Path) -> None:
    poor = [replace(one, quality=0.1) for one in (verdict(), told("plain", NIGHT, "meal"))]
    examples = (*plenty(), *poor)
    looked = look(examples, {})
    text = page(looked, lines_of(looked, 99, examples, ()), 99, corpus_of(tmp_path / "c", examples).assets, "c")
    assert 'data-example="v" data-unnamed data-thinks>' in text and 'data-example="plain">' in text


def test_an_example_that_is_decided_twice_in_one_file_is_named(tmp_path: Path) -> None:
    one = plenty()[60]
    lines = [decided(one, Choice.KEEP), decided(plenty()[0], Choice.KEEP), decided(one, Choice.DROP)]
    file = tmp_path / "review.jsonl"
    file.write_text("".join(f"{line.model_dump_json()}\n" for line in lines))
    with pytest.raises(ReviewInvalid, match="line 3: example 'wrong' is decided in line 1 too; keep one"):
        read_review(file)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"example": "a", "digest": "d", "decision": "keep", "new_thinking": "x"}', "so does new_thinking"),
        ('{"example": "a", "digest": "d", "decision": "drop"}', "without reason or by"),
        ('{"example": "a", "digest": "d", "decision": "relabel", "reason": "r", "by": "b"}', "belong to a relabelling"),
        ('{"example": "a", "digest": "d", "decision": "keep", "new_label": "x"}', "belong to a relabelling"),
        ('{"example": "a", "digest": "d", "decision": "perhaps"}', "decision: Input should be"),
        ("no json", "line 1"),
    ],
)
def test_it_says_which_line_of_a_review_is_wrong(tmp_path: Path, line: str, why: str) -> None:
    file = tmp_path / "review.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(ReviewInvalid, match=why):
        read_review(file)
    with pytest.raises(ReviewInvalid, match="cannot be read"):
        read_review(tmp_path / "none.jsonl")


def test_it_reads_how_surprised_a_model_was_of_the_same_words_alone(tmp_path: Path) -> None:
    one, other = plenty()[:2]
    file = tmp_path / "s.jsonl"
    lines = [{"example": one.id, "digest": digest(one), "nats": 2.5, "entropy": 1.0, "tokens": 4},
             {"example": other.id, "digest": "another", "nats": 9.0, "entropy": 1.0, "tokens": 4}]  # fmt: skip
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"example": "cut')
    assert read_surprise(file, plenty()) == {one.id: 2.5}
    assert file.read_text().endswith("}\n"), "the line that was cut off is taken out"
    with pytest.raises(ReviewInvalid, match="of none of these"):
        read_surprise(file, plenty()[5:])
    with pytest.raises(ReviewInvalid, match="--settings --run makes it"):
        read_surprise(tmp_path / "none", plenty())


def test_it_goes_from_a_corpus_over_a_person_to_a_composition_at_the_command_line(tmp_path: Path) -> None:
    corpus_of(tmp_path / "corpus", plenty())
    done = run("review", tmp_path / "corpus", "--out", tmp_path / "review", "--log", tmp_path / "log.jsonl")
    assert done.returncode == 0, done.stderr
    assert "62 examples" in done.stdout and "no model was asked" in done.stdout
    file = tmp_path / "review" / REVIEW
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        if line["example"] == "odd":
            line |= {"decision": "drop", "reason": "not of this house", "by": "M. Ito"}
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main([str(tmp_path / "corpus"), "--out", str(tmp_path / "review")]) == 0
    (tmp_path / "r.toml").write_text('name = "all"\n[[part]]\nleast = 0\nmost = 99\n')
    composing = ("compose", tmp_path / "corpus", "--recipe", tmp_path / "r.toml", "--out", tmp_path / "out")
    taken = run(*composing, "--reviewed", file)
    assert taken.returncode == 0 and "| dropped in review: not of this house | 1 |" in taken.stdout, taken.stderr
    assert "odd" not in {one.id for one in Joined.read([tmp_path / "out"]).examples}
    other = run(*composing)
    assert other.returncode == 2 and "holds a corpus made from" in other.stderr, "other decisions, another composition"
    bare = run("review", tmp_path / "corpus")
    assert bare.returncode == 2 and "is a corpus: name" in " ".join(bare.stderr.replace("│", " ").split())


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli.main", "train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
