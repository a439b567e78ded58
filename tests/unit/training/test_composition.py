"""Recipes, leaks, nested builds, the report, and the two commands as processes. Kind: unit."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.training.corpus_examples import example, picture
from tests.unit.training.dataset_folders import FOLDERS, write
from training.corpus.composing import Composed, composed, insist
from training.corpus.errors import RecipeInvalid
from training.corpus.example import Example, Kind, Layer, Split
from training.corpus.joined import PLOT, REPORT, Joined
from training.corpus.leakage import Why, sieved
from training.corpus.near import SAME, Near, Signed, jaccard, shingles
from training.corpus.parts import Modality, Recorded, Text
from training.corpus.recipe import NAMED, Recipe
from training.corpus.report import report_text
from training.corpus.splits import prove_disjoint
from training.corpus.store import Corpus, CorpusWriter

pytestmark = pytest.mark.unit
WORDS = ("gait", "pacing", "shout", "quiet", "chair", "door", "window", "night", "cough", "turn", "slow", "fast",
         "arm", "lean", "fall", "sit", "rise", "call", "hum", "rock")  # fmt: skip


def told(name: str, kind: Kind, layer: Layer, split: Split = Split.TRAIN, subject: str = "") -> Example:
    """An example whose words nobody else uses in this order."""
    of = random.Random(name)
    return example(name, kind, layer, split, subject or name, " ".join(of.choices(WORDS, k=30)))


@cache
def plenty(each: int = 32) -> list[Example]:
    return [told(f"{layer}-{kind}-{k}", kind, layer) for layer in Layer for kind in Kind for k in range(each)] + [
        told(f"{layer}-{split}", Kind.FACTUAL, layer, split)
        for layer in Layer
        for split in (Split.VALIDATION, Split.TEST)
    ]


SMALL = Recipe.model_validate({"name": "small", "part": [
    {"layer": "L1", "kind": "thinking", "count": 30}, {"layer": "L2", "kind": "thinking", "count": 20},
    {"layer": "L3", "kind": "thinking", "count": 10}, {"layer": "L4", "kind": "thinking", "count": 5},
    {"kind": "false_positive", "count": 12}, {"kind": "factual", "count": 8},
]})  # fmt: skip


def test_it_asks_by_default_for_7500_examples_three_quarters_of_them_thinking() -> None:
    parts = Recipe.read("default").part
    thinking = [part.low for part in parts if part.kind is Kind.THINKING]
    assert thinking == [2653, 1274, 1061, 637]
    assert sum(part.low for part in parts) == 7500 and sum(thinking) / 7500 == 0.75
    assert [part.low for part in parts if part.kind is not Kind.THINKING] == [781, 625, 469]


def test_it_has_two_further_recipes_each_opening_with_its_command() -> None:
    assert [(part.low, part.high) for part in Recipe.read("broad").part] == [
        (4000, 5000), (1500, 2000), (1000, 1500), (500, 1000),
    ]  # fmt: skip
    assert [part.low for part in Recipe.read("lean").part] == [2500, 1200, 1000, 600, 500, 400, 300]
    recipes = Path(__file__).parents[3] / "training" / "corpus" / "recipes"
    assert {file.stem for file in recipes.glob("*.toml")} == set(NAMED)
    for name in NAMED:
        assert (recipes / f"{name}.toml").read_text().startswith(f"# attune train compose CORPUS... --recipe {name} ")


def test_its_recipe_for_the_second_pass_asks_for_pictures_alone_in_the_shares_of_the_default() -> None:
    parts, default = Recipe.read("frames").part, Recipe.read("default").part
    assert all(part.pictures for part in parts)
    assert (sum(part.low for part in parts), sum(part.high for part in parts)) == (10_000, 15_000)
    for part, like in zip(parts, default, strict=True):
        assert (part.layer, part.kind) == (like.layer, like.kind)
        assert abs(part.low / 10_000 - like.low / 7500) < 1e-3 > abs(part.high / 15_000 - like.low / 7500)


def test_it_tells_examples_with_pictures_from_films_and_words() -> None:
    assets = ["sha256:" + name * 64 for name in "abc"]
    shown = [example(f"p{n}", asset=asset, subject=f"p{n}") for n, asset in enumerate(assets)]
    film = replace(shown[0].messages[0], parts=(Recorded(Modality.VIDEO, assets[2], 0.0, 2.0), Text("What is seen?")))
    films = [replace(told("film", Kind.CLASSIFICATION, Layer.GENERAL), messages=(film, shown[0].messages[1]))]
    words = [told(f"w{n}", Kind.CLASSIFICATION, Layer.HEALTHCARE) for n in range(4)]
    recipe = Recipe.model_validate({"name": "two", "part": [{"pictures": True, "least": 2, "most": 9},
                                                            {"pictures": False, "count": 1}]})  # fmt: skip
    of = composed([*shown, *films, *words], recipe)
    assert [len(part.examples) for part in of.parts] == [3, 1]
    assert {one.id for one in of.parts[0].examples} == {"p0", "p1", "p2"}
    report = report_text(of, prove_disjoint(of.training), "f")
    assert "4 training examples, 0.0% of them thinking, 75.0% with pictures" in report
    assert "| any all kinds with pictures | 2 to 9 | 3 | 3 | 75.0% |" in report
    assert "| L1 | 0 | 0 | 3 | 0 | 3 | 75.0% | 100.0% |" in report and "| 25.0% | 0.0% |" in report


def test_it_takes_exactly_what_the_recipe_asks_for() -> None:
    of = composed(plenty(), SMALL)
    assert [len(part.examples) for part in of.parts] == [30, 20, 10, 5, 12, 8]
    assert len({one.id for one in of.training}) == 85
    assert all(part.share.fits(one) for part in of.parts for one in part.examples)
    assert len(of.evaluation) == 8


def test_it_chooses_the_same_whatever_the_order() -> None:
    examples = plenty()
    mixed = random.Random(1).sample(examples, len(examples))
    assert {one.id for one in composed(examples, SMALL).training} == {one.id for one in composed(mixed, SMALL).training}


def test_it_nests_a_build_of_fewer_layers_in_one_of_more() -> None:
    layers = list(Layer)
    builds = [composed(plenty(), SMALL, frozenset(layers[:k])) for k in range(1, 5)]
    ids = [{one.id for one in build.training} for build in builds]
    assert all(few < more for few, more in pairwise(ids))
    assert {one.layer for one in builds[0].training + list(builds[0].evaluation)} == {Layer.GENERAL}


def test_it_says_what_is_missing_with_every_number() -> None:
    of = composed(plenty(25), SMALL)
    with pytest.raises(RecipeInvalid, match=r"L1 thinking: 25 of 30"):
        insist(of)
    insist(composed(plenty(25), SMALL, frozenset({Layer.HEALTHCARE})))  # L1 is not built, so nothing is missing


def test_it_lets_no_frequent_label_crowd_out_a_rare_one() -> None:
    many = [replace(told(f"m{k}", Kind.THINKING, Layer.GENERAL), label="neutral") for k in range(100)]
    rare = [replace(told(f"r{k}", Kind.THINKING, Layer.GENERAL), label="disgust") for k in range(10)]
    of = composed(many + rare, Recipe.model_validate({"name": "r", "part": [{"count": 20}]}))
    assert [one.label for one in of.training].count("disgust") == 10


def test_it_learns_from_no_subject_file_or_words_of_evaluation() -> None:
    kind, layer = Kind.FACTUAL, Layer.GENERAL
    asset = "sha256:" + "a" * 64
    tried = [told("t1", kind, layer, Split.TEST, "anna"), example("t2", split=Split.TEST, subject="bo", asset=asset)]
    repeated = replace(tried[0], id="x", split=Split.TRAIN, source=replace(tried[0].source, item="x", subject="cy"))
    learned = [
        told("l1", kind, layer, subject="anna"), example("l2", subject="di", asset=asset), repeated,
        told("l3", kind, layer), replace(told("l3", kind, layer), id="y"),
    ]  # fmt: skip
    found = sieved(tried + learned)
    assert [one.id for one in found.training] == ["l3"] and found.evaluation == tried
    assert found.dropped == dict.fromkeys(Why, 1)


def test_it_does_not_take_two_pictures_asked_about_alike_for_one() -> None:
    two = [example(name, asset="sha256:" + name * 64, subject=name) for name in "ab"]
    assert len(sieved(two).training) == 2


def test_it_finds_near_duplicates_as_the_exact_index_does() -> None:
    of = random.Random(0)
    texts = [" ".join(of.choices(WORDS, k=40)) for _ in range(150)]
    for text in texts[:100]:
        words = text.split()
        for _ in range(of.randrange(5)):
            words[of.randrange(len(words))] = of.choice(WORDS)
        texts.append(" ".join(words))
    near, sets, missed = Near(), [], 0
    for number, text in enumerate(texts):
        exact = max((jaccard(shingles(text), one) for one in sets), default=0.0)
        assert (near.like(Signed.of(text)) is None) == (exact < SAME)
        near.add(str(number), Signed.of(text))
        sets.append(shingles(text))
        missed += exact >= SAME
    assert missed > 20  # there was something to find


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name = 'x'\n[[part]]\nlayer = 'L5'\ncount = 1", "part.0.layer"),
        ("name = 'x'\n[[part]]\nlayer = 'L1'", "count, or both"),
        ("name = 'x'\n[[part]]\nleast = 5\nmost = 1", "more than most"),
        ("name = 'x'\nspice = 1\n[[part]]\ncount = 1", "spice"),
        ("name = ", "no TOML"),
    ],
)
def test_it_says_what_is_wrong_with_a_recipe(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RecipeInvalid, match=why):
        Recipe.read(str(write(tmp_path / "r.toml", text)))
    with pytest.raises(RecipeInvalid, match="expected default, broad, lean"):
        Recipe.read("breakfast")


def corpus_of(folder: Path, examples: list[Example]) -> Path:
    writer = CorpusWriter(folder, "test")
    writer.add_all(examples)
    return writer.finish().folder


def test_it_writes_a_composition_with_its_pictures_report_and_plot(tmp_path: Path) -> None:
    writer = CorpusWriter(tmp_path / "a", "test")
    asset = writer.assets.add(picture(tmp_path), Modality.IMAGE)
    writer.add_all([*plenty(), example("shown", Kind.FALSE_POSITIVE, asset=asset, subject="s")])
    writer.finish()
    joined = Joined.read([tmp_path / "a"])
    recipe = Recipe.model_validate({"name": "all", "part": [{"least": 1, "most": 5000}]})
    of: Composed = composed(joined.examples, recipe)
    corpus = joined.write(of, tmp_path / "out")
    Corpus.open(tmp_path / "out").check()
    assert corpus.manifest.rows == 16 * 32 + 8 + 1
    report = (tmp_path / "out" / REPORT).read_text()
    assert "513 training examples" in report and "| L1 |" in report and corpus.manifest.fingerprint in report
    assert (tmp_path / "out" / PLOT).read_bytes().startswith(b"\x89PNG")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli.main", "train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_it_goes_from_folders_to_a_composition_at_the_command_line(tmp_path: Path) -> None:
    for dataset in ("MAFW", "DFEW", "EIBench"):
        FOLDERS[dataset][0](tmp_path / "data" / dataset)
    sources = "".join(f'[[source]]\ndataset = "{one}"\nfolder = "data/{one}"\n' for one in ("MAFW", "DFEW", "EIBench"))
    settings = write(tmp_path / "corpus.toml", f'use = "research"\n{sources}')
    made = run("corpus", settings, "--out", tmp_path / "corpus", "--log", tmp_path / "log.jsonl")
    assert made.returncode == 0, made.stderr
    assert "nothing is proven: DFEW, MAFW" in made.stdout
    recipe = write(tmp_path / "r.toml", 'name = "tiny"\n[[part]]\nlayer = "L1"\nkind = "thinking"\ncount = 400\n')
    command = ("compose", tmp_path / "corpus", "--recipe", recipe, "--out", tmp_path / "out", "--layers", "L1")
    refused = run(*command)
    assert refused.returncode == 2 and "L1 thinking" in refused.stderr and "of 400" in refused.stderr
    done = run(*command, "--short", "--log", tmp_path / "log.jsonl")
    assert done.returncode == 0, done.stderr
    assert "# Composition `tiny` of L1" in done.stdout
    events = [json.loads(line)["event"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert events[0] == "built" and events[-1] == "composed"


def test_it_refuses_at_the_command_line_in_one_line(tmp_path: Path) -> None:
    settings = write(tmp_path / "c.toml", 'use = "product"\n[[source]]\ndataset = "MAFW"\nfolder = "x"\n')
    refused = run("corpus", settings, "--out", tmp_path / "out")
    assert refused.returncode == 2
    assert refused.stderr.strip().splitlines()[-1].startswith("attune: MAFW: its terms")
    empty = run("compose", tmp_path, "--out", tmp_path / "out")
    assert empty.returncode == 2 and "manifest.json" in empty.stderr
