"""What crowds out the others is not learned from, and each example says what it is worth. Kind: unit."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.training.staged_lives import RULES, asked, settings
from training.corpus.composing import composed
from training.corpus.example import Kind
from training.corpus.recipe import Recipe
from training.synthesis.answers import Answers
from training.synthesis.balance import balanced
from training.synthesis.filters import Why
from training.synthesis.quality import Agreement, quality
from training.synthesis.questions import Asked, choose, insist
from training.synthesis.school import School
from training.synthesis.settings import Filters
from training.synthesis.sifting import sift

pytestmark = pytest.mark.unit


def held(of: list[Asked], filters: Filters) -> bool:
    """That nothing is on more than its share, rounded up, or an equal share."""
    for axis in ("family", "tier", "mode"):
        values = Counter(dict(one.tags)[axis] for one in of)
        share = max(filters.share_of(axis), 1.0 / len({dict(one.tags)[axis] for one in asked()}))
        if max(values.values()) > share * len(of) + 1.0:
            return False
    return True


def test_it_holds_families_tiers_and_modes_to_their_shares_and_says_of_what_there_was_too_much() -> None:
    filters = Filters(most_share=0.2, most_mode=0.5)
    kept, refused = balanced(asked(), lambda one: one.tags, filters)
    assert not held(list(asked()), filters) and held(kept, filters)
    assert len(kept) + len(refused) == len(asked()) and kept == [one for one in asked() if one in kept]
    assert {why.partition(" ")[0] for _, why in refused} <= {"family", "tier", "mode"}


def test_it_takes_nothing_from_what_is_balanced_or_cannot_be() -> None:
    alike = [one for one in asked() if one.tags == asked()[0].tags]
    assert balanced(alike, lambda one: one.tags, Filters(most_share=0.1)) == (alike, [])
    assert balanced([], lambda one: (), Filters()) == ([], [])
    halves = ["a", "b"] * 5
    assert balanced(halves, lambda one: [("tier", one)], Filters(most_share=0.1)) == (halves, [])


def test_it_pays_for_no_answer_that_would_crowd_and_counts_those_that_do(tmp_path: Path) -> None:
    strict = settings(scale=0.01, filters={"most_share": 0.4})
    chosen, free = choose(asked(), strict), choose(asked(), settings(scale=0.01, filters={"most_share": 1.0}))
    assert sum(one.crowding for one in chosen) > 0 == sum(one.crowding for one in free)
    assert sum(len(one.questions) for one in chosen) < sum(len(one.questions) for one in free)
    found = sift(free, School(strict, Answers(tmp_path)), {})
    crowded = sum(count for (_, why), count in found.refused.items() if why is Why.CROWDED)
    assert crowded > 0 and found.shown[Why.CROWDED].partition(": ")[2].partition(" ")[0] in ("family", "tier", "mode")
    with pytest.raises(Exception, match="raise most_share or most_mode"):
        insist([replace(one, there=0) for one in chosen])


def test_an_example_is_worth_what_its_claims_and_a_second_teacher_say(tmp_path: Path) -> None:
    both = settings(RULES, RULES.model_copy(update={"name": "again"}), scale=0.01, second_share=0.5)
    found = sift(choose(asked(), both), School(both, Answers(tmp_path)), {}).all
    tags = {Agreement.ALONE.value: 0.95, Agreement.AGREE.value: 1.0}
    for one in found:
        told = [tag for tag in one.domains if tag.startswith("teachers.")]
        if one.kind in (Kind.CLASSIFICATION, Kind.FACTUAL):
            assert not told and one.quality == 1.0
        else:
            assert one.quality <= tags[told[0]] and one.quality > 0.5
    assert {tag for one in found for tag in one.domains if tag.startswith("teachers.")} == set(tags)
    recipe = Recipe.model_validate({"name": "q", "least_quality": 0.97, "part": [{"least": 0, "most": 999}]})
    of = composed(found, recipe)
    assert of.below_quality > 0 and all(one.quality >= 0.97 for one in of.training)
    assert quality(0.8, Agreement.DIFFER) == 0.68
