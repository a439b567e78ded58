"""What is staged, asked and learned from: families, questions, filters, and the examples they leave. Kind: unit."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from services.simulator.benign import Ordinary
from services.simulator.episodes import Kind as Episode
from services.simulator.episodes import Scene
from services.vocabulary import Cue, CueName, Mode, Tier
from tests.unit.training.staged_lives import RULES, asked, moments, questions, settings
from training.corpus.example import ClinicalState, Kind, Layer
from training.corpus.near import SAME
from training.corpus.recipe import Recipe
from training.corpus.splits import prove_disjoint
from training.synthesis.answers import Answer, Answers
from training.synthesis.errors import SettingsInvalid, TooFew
from training.synthesis.families import ATYPICAL, Hours, families, truth_of
from training.synthesis.filters import Accepted, Unusable, Why, accepted
from training.synthesis.known import facts
from training.synthesis.questions import Asked, Form, Question, choose, in_turns, insist
from training.synthesis.scenes import plan
from training.synthesis.school import School
from training.synthesis.settings import Filters, SynthesisSettings
from training.synthesis.sifting import Sifted, sift
from training.synthesis.stored import read_lines, write_lines
from training.synthesis.teachers import rules
from training.synthesis.wording import SYSTEM, messages_of
from training.synthesis.writing import report_text, write
from vlm_service.dialogue import Reply, emotion_words, event_report, messages_for, verdict_to_json
from vlm_service.dialogue.lint import diagnosis_words
from vlm_service.rules import reason_about

pytestmark = pytest.mark.unit


def sifted(of: SynthesisSettings, folder: Path) -> Sifted:
    return sift(choose(asked(), of), School(of, Answers(folder)), {})


def thinking(tier: Tier | None = None, mode: Mode | None = None, ordinary: bool | None = None) -> Question:
    """A question of the live service's own kind about such a moment."""
    return next(
        one for one in questions(settings(scale=0.05), Form.REPORT)
        if tier in (None, one.asked.moment.event.tier)
        and mode in (None, one.asked.moment.event.evidence.mode)
        and ordinary in (None, one.asked.truth.ordinary)
    )  # fmt: skip


def refusal(question: Question, reply: Reply, filters: Filters = Filters()) -> Why:  # noqa: B008 - a frozen default
    with pytest.raises(Unusable) as found:
        accepted(question, Answer(reply), filters)
    return found.value.why


def test_it_has_a_family_with_a_source_for_everything_that_can_be_staged() -> None:
    owned = Counter(act for name, one in families().items() if name != ATYPICAL for act in one.acts)
    assert set(owned) == {*Episode, *Scene, *Ordinary} and set(owned.values()) == {1}
    assert all(one.source and one.tags for one in families().values())
    layers = {one.layer for one in families().values() if not one.ordinary}
    assert layers == {Layer.HEALTHCARE, Layer.BEHAVIOURAL, Layer.SPECIAL_NEEDS}


def test_it_calls_no_family_by_an_inner_state_or_a_diagnosis() -> None:
    labels = [one.label for one in families().values()]
    assert len(set(labels)) == len(labels)
    assert not [label for label in labels if emotion_words(label) or diagnosis_words(label)]


def test_it_stages_every_family_of_a_layer_and_more_people_change_nothing_of_the_others() -> None:
    few, many = plan(settings(people=12)), plan(settings(people=120))
    assert many[:2] == few and len(many) == 20
    roles = [role for stage in many for role in stage.roles]
    staged = {act.what for role in roles for act in role.acts}
    assert staged == {act for one in families().values() for act in one.acts}
    faces = families()[ATYPICAL]
    for role in roles:
        if ATYPICAL in role.tags:
            assert role.mode is Mode.AFFECT and role.expression in faces.expressions
    assert {role.mode for role in roles} == set(Mode)
    assert all(act.at_s >= 86_400 for role in roles for act in role.acts), "the first day teaches what is usual"
    nights = {act.what for role in roles for act in role.acts if act.at_s % 86_400 < 6 * 3600}
    assert nights <= {act for one in families().values() if one.hours is not Hours.DAY for act in one.acts}


def test_it_keeps_plans_and_moments_as_they_are_on_disk(tmp_path: Path) -> None:
    from services.simulator.staged import Moment, Stage

    stages = plan(settings())
    write_lines(tmp_path / "plan.jsonl", stages)
    assert tuple(read_lines(tmp_path / "plan.jsonl", Stage)) == stages
    write_lines(tmp_path / "moments.jsonl", moments())
    again = list(read_lines(tmp_path / "moments.jsonl", Moment))
    assert [event_report(one.event) for one in again] == [event_report(one.event) for one in moments()]
    assert [truth_of(one) for one in again] == [truth_of(one) for one in moments()]


def test_it_asks_for_thinking_in_the_words_of_the_live_service_and_otherwise_in_others() -> None:
    of = settings(scale=0.01, facility=({"name": "Haus Linde"},))
    assert {one.form for one in questions(of)} == set(Form)
    for one in questions(of):
        said = messages_of(one)
        if one.form is Form.REPORT:
            assert said == messages_for(one.asked.moment.event, one.facility) and "Haus Linde" in said[0].content
        else:
            assert said[0].content == SYSTEM and "<think>" not in said[0].content
            assert "Assess the situation" not in said[1].content
            assert said[1].content.startswith("EVENT REPORT:")


def test_it_asks_about_a_moment_once_for_a_teacher_and_once_for_what_is_known() -> None:
    of = questions(settings(scale=0.02))
    for taught in (True, False):
        keys = [(one.asked.person, one.asked.moment.event.id) for one in of if one.taught is taught]
        assert len(set(keys)) == len(keys) > 20
    assert len({one.id for one in of}) == len(of)
    assert all(one.asked.truth.ordinary for one in of if one.kind is Kind.FALSE_POSITIVE)
    assert not [one for one in of if one.form is Form.STATE and one.asked.moment.event.evidence.mode is not Mode.AFFECT]


def test_false_positives_choose_first_where_moments_are_few() -> None:
    few = choose(asked(), settings(scale=0.5))
    kinds = [one.share.kind for one in few]
    assert kinds == [one.kind for one in Recipe.read("default").part if one.layer is not Layer.GENERAL]
    ordinary = sum(one.truth.ordinary for one in asked())
    (false,) = (one for one in few if one.share.kind is Kind.FALSE_POSITIVE)
    assert len(false.questions) + false.crowding == ordinary < false.wanted


def test_it_takes_turns_so_that_what_is_frequent_does_not_crowd_out_what_is_rare() -> None:
    keys = (lambda one: one.truth.family, lambda one: one.moment.event.tier)
    taken = [one.truth.family for one in in_turns(asked(), keys)]
    kinds = len(set(taken))
    assert sorted(taken[:kinds]) == sorted(set(taken)) and len(taken) == len(asked())


def test_it_refuses_to_begin_where_lives_gave_too_few_moments() -> None:
    with pytest.raises(TooFew, match=r"L2 thinking: \d+ of 1593.*raise people or days"):
        insist(choose(asked(), settings(scale=1.0)))


def test_it_answers_facts_with_what_stands_in_the_report() -> None:
    seen = set()
    for one in asked():
        report = event_report(one.moment.event)
        for fact in facts(one.moment.event):
            seen.add(fact.question)
            if "sounds" in fact.question:
                continue
            for piece in fact.answer.replace("baseline ", "").replace(": ", ", ").split(", "):
                assert piece in report or piece in ("above", "below", "at"), (fact, report)
    assert len(seen) == 5


def test_it_accepts_what_the_rules_write_and_thinks_along_the_evidence() -> None:
    for mode in Mode:
        question = thinking(mode=mode, ordinary=False)
        found = accepted(question, rules.answer(question), Filters())
        assert found.verdict is not None and found.verdict.tier is question.asked.moment.event.tier
        assert len(found.thinking) > 120 and found.grounded >= 0.6
        assert "What fired" not in found.text, "no report tells which rule spoke"


def test_it_refuses_an_answer_with_the_reason() -> None:
    question = thinking(Tier.IMMEDIATE, Mode.OBSERVABLES, ordinary=False)
    event = question.asked.moment.event
    good = rules.answer(question).reply
    thought, verdict = good.reasoning or "", reason_about(event)
    said = good.content or ""

    def saying(**changes: str) -> Reply:
        return Reply(verdict_to_json(replace(verdict, **changes)), thought)

    assert refusal(question, Reply("", thought)) is Why.NO_VERDICT
    assert refusal(question, Reply(said[:60], thought, "length")) is Why.NO_VERDICT
    assert refusal(question, Reply("I cannot help with that.", thought)) is Why.NO_VERDICT
    assert refusal(question, Reply('{"tier":1}', thought)) is Why.MALFORMED
    assert refusal(question, Reply(said.replace('"evidence":"', '"evidence":"no.', 1), thought)) is Why.MALFORMED
    assert refusal(question, Reply(said, "Wait, let me look at that again. " * 100)) is Why.LOOPED
    assert refusal(question, Reply(said, "")) is Why.NO_THINKING
    assert refusal(question, Reply(said, thought + " They seem very angry.")) is Why.NO_THINKING, "it is withheld"
    assert refusal(question, Reply(said, thought + " It looks like delirium.")) is Why.FORBIDDEN
    assert refusal(question, saying(context="Looks like a stroke.")) is Why.FORBIDDEN
    assert refusal(question, saying(action="Restrain them until help comes.")) is Why.UNSAFE
    assert refusal(question, saying(action="Give another dose of the medicine.")) is Why.UNSAFE
    assert refusal(question, Reply(said, thought + " In this scenario a visit is right.")) is Why.OF_ITSELF
    assert refusal(question, Reply(said, thought + " Loudness is 71.5 above usual.")) is Why.CONTRADICTED
    assert refusal(question, good, Filters(least_grounded=1.0, shortest_thinking=10**6)) is Why.NO_THINKING
    calm = verdict_to_json(replace(verdict, tier=Tier.MONITOR, urgency="at the next round"))
    assert refusal(question, Reply(calm, thought.partition(" Weighed")[0].partition(" All in")[0])) is Why.LESS_URGENT
    with pytest.raises(Unusable, match="the teacher refused"):
        accepted(question, Answer(good, refusal="content filter"), Filters())
    with pytest.raises(Unusable, match="no chat completion"):
        accepted(question, Answer(Reply(None), wrong="no chat completion"), Filters())


def test_it_lets_ordinary_life_be_no_emergency() -> None:
    question = next(one for one in questions(settings(scale=0.01), Form.VISIT))
    assert refusal(question, Reply("visit: somebody has to look in.")) is Why.MORE_URGENT
    assert refusal(question, Reply("Nothing to worry about.")) is Why.MALFORMED
    assert refusal(question, Reply("ordinary: somebody screams for help.")) is Why.CONTRADICTED
    found = accepted(question, Answer(Reply("<think>\nhm\n</think>\nOrdinary: little of it lasts.")), Filters())
    assert found == Accepted("ordinary: little of it lasts.", "", "ordinary", None, 1.0)


def test_it_makes_examples_of_every_kind_with_everything_to_find_them_by(tmp_path: Path) -> None:
    found = sifted(settings(scale=0.01), tmp_path)
    assert {one.kind for one in found.all} == set(Kind)
    assert {one.layer for one in found.all} == {Layer.HEALTHCARE, Layer.BEHAVIOURAL, Layer.SPECIAL_NEEDS}
    states = {one.state for one in found.all if one.layer is Layer.HEALTHCARE}
    assert states == set(ClinicalState)
    for one in found.all:
        axes = {tag.partition(".")[0] for tag in one.domains if "." in tag}
        assert axes >= {"family", "population", "age", "mode", "tier", "language"}
        assert one.source.made_by.startswith("synthesis 2, teacher ") and one.source.subject and one.source.licence
        assert one.usual or "not known" in one.question
        if one.kind is Kind.CLASSIFICATION:
            assert one.answer == one.label and one.answer in one.question
    assert prove_disjoint(found.all).subjects <= 6
    assert found.examples == sifted(settings(scale=0.01), tmp_path).examples, "equal questions, equal examples"


def test_it_refuses_what_nearly_repeats_another_example(tmp_path: Path) -> None:
    of = settings(scale=0.01)
    chosen = choose(asked(), of)
    first = chosen[0].questions[0]
    event = first.asked.moment.event
    twin = replace(event, id=event.id[:-1] + "x", opened_at=event.opened_at + 1.0)
    again = replace(first, asked=Asked(replace(first.asked.moment, event=twin), first.asked.truth))
    doubled = (replace(chosen[0], questions=(first, again)),)
    found = sift(doubled, School(of, Answers(tmp_path)), {})
    assert found.refused == {(chosen[0].share.name, Why.NEAR): 1} and len(found.all) == 1 and SAME == 0.8


def test_it_writes_a_corpus_and_tells_what_it_holds(tmp_path: Path) -> None:
    of = settings(scale=0.01, filters={"most_share": 0.3})
    school, chosen = School(of, Answers(tmp_path)), choose(asked(), of)
    found = sift(chosen, school, {})
    corpus = write(found, tmp_path)
    corpus.check()
    assert corpus.manifest.rows == len(found.all)
    again = write(found, tmp_path)
    assert again.manifest == corpus.manifest and again.folder == tmp_path / "corpus"
    text = report_text(chosen, found, of, school.estimate(school.pairs(questions(of))), corpus)
    assert "| L2 thinking |" in text and "above 30%: there are too few others" in text and "Quality: lowest" in text
    assert sum(one.crowding for one in chosen) > 0 and "| crowding |" in text
    assert all(why.value in text for _, why in found.refused)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"people": 7}, "multiple of 6"),
        ({"days": 1}, "greater than or equal to 2"),
        ({"languages": {"de": 1.0}}, "the rules write English alone"),
        ({"languages": {"en": 0.0}}, "at least one above 0"),
        ({"teacher": [RULES, RULES]}, "two of one name"),
        ({"teacher": [{"name": "big", "protocol": "openai", "model": "m"}]}, "model, url and terms are needed"),
        ({"teacher": [{"name": "big", "protocol": "openai", "model": "m", "url": "u", "terms": "t", "price_in": 1}]},
         "what may be spent at most"),
        ({"teacher": [{"name": "big", "protocol": "anthropic", "model": "m", "url": "u", "terms": "t",
                       "thinking_tokens": 5000}]}, "leave nothing of max_tokens"),
    ],
)  # fmt: skip
def test_it_refuses_settings_that_contradict_themselves(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        settings(**({"languages": {"en": 1.0}} | wrong))


def test_it_names_the_file_the_field_and_the_remedy_of_bad_settings(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    with pytest.raises(SettingsInvalid, match="expected a TOML file"):
        SynthesisSettings.read(file)
    file.write_text("people = ")
    with pytest.raises(SettingsInvalid, match=r"s\.toml: is no TOML"):
        SynthesisSettings.read(file)
    file.write_text('people = 6\nsurprise = 1\n[[teacher]]\nname = "rules"\nprotocol = "rules"\n')
    with pytest.raises(SettingsInvalid, match="surprise: Extra inputs"):
        SynthesisSettings.read(file)
    file.write_text('people = 6\nrecipe = "none"\n[[teacher]]\nname = "rules"\nprotocol = "rules"\n')
    with pytest.raises(SettingsInvalid, match="recipe 'none'"):
        SynthesisSettings.read(file)


def test_it_says_that_a_fall_was_told_of_as_a_fall(tmp_path: Path) -> None:
    event = asked()[0].moment.event
    heard = replace(event, evidence=replace(event.evidence, cues=(Cue(CueName.FALL, 0.9, 40.0),)))
    assert [one.answer for one in facts(heard) if "falls" in one.question] == ["a fall"]


def test_it_understands_the_settings_that_its_manual_shows(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "training.md").read_text(encoding="utf-8")
    shown = [part.partition("```")[0] for part in manual.split("```toml\n")[1:]]
    mine = [text for text in shown if text.startswith("# attune train synthesize ")]
    assert len(mine) == 2
    for number, text in enumerate(mine):
        (tmp_path / f"{number}.toml").write_text(text)
        SynthesisSettings.read(tmp_path / f"{number}.toml")
