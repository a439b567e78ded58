"""What the senses said of a film stands in the words beside its pictures, and nothing where they said nothing.
Kind: unit."""

from pathlib import Path

import pytest

from edge_agent.score_file import CUES, columns
from tests.unit.training.dataset_folders import FOLDERS, write
from training.corpus.building import CorpusSettings, build
from training.corpus.command import main
from training.corpus.errors import RecipeInvalid
from training.corpus.example import Role
from training.corpus.items import Shown
from training.corpus.parts import Modality, Recorded
from training.corpus.scores import AUDIO, BODY, FilmScores

pytestmark = pytest.mark.unit
CHANNELS = ("motion.ratio", "audio.loudness", "audio.vocal_energy", "emotion.neutral", "emotion.anger",
            "emotion.fear", "affect.valence")  # fmt: skip


def table(file: Path, films: dict[str, list[dict[str, float]]]) -> Path:
    """A table with the columns that the agent writes: a row a second of each film; what is not said is empty."""
    names = columns(CHANNELS)
    lines = [",".join(names)]
    for film, seconds in films.items():
        for k, second in enumerate(seconds, start=1):
            row = {"time": float(k), "resident": film, "persons": 1, "gaps": ""} | second
            lines.append(",".join(str(row.get(name, "")) for name in names))
    return write(file, "\n".join(lines) + "\n")


def scores(folder: Path) -> FilmScores:
    second = {"audio.loudness": -31.0, "emotion.anger": 0.2, "emotion.neutral": 0.7, "emotion.fear": 0.04}
    louder = {"audio.loudness": -12.0, "emotion.anger": 0.8, "emotion.neutral": 0.1, "emotion.fear": 0.02}
    louder |= {"audio.cue.cry": 0.4, "audio.cue.cough": 0.1}
    heard = louder | {"audio.cue.cry": 0.81, "audio.cue.cough": 0.3}
    return FilmScores.read(table(folder / "t.csv", {"clips/00001.mp4": [second, louder, {}, heard]}))


def shown(name: str, start_s: float = 0.0, end_s: float | None = None) -> Shown:
    return Shown(Path("data/MAFW/clips") / name, Modality.VIDEO, start_s, end_s)


def test_it_says_each_second_in_the_words_of_the_live_report(tmp_path: Path) -> None:
    assert scores(tmp_path).text(shown("00001.mp4")).splitlines() == [
        'Measured in the film, oldest first; "not seen" means missing, never zero.',
        "Expression: anger 0.20 -> 0.80 -> not seen -> 0.80, neutral 0.70 -> 0.10 -> not seen -> 0.10",
        "Audio: loudness -31 dBFS -> -12 dBFS -> not seen -> -12 dBFS",
        "Sounds: cry 0.81 at +2s to +4s, cough 0.30 at +4s",
    ]


def test_it_tells_of_the_part_that_is_shown_alone_and_of_a_long_film_in_equal_parts(tmp_path: Path) -> None:
    part = scores(tmp_path).text(shown("00001.mp4", 1.0, 3.0))
    assert "loudness -12 dBFS -> not seen\n" in part and "Sounds: cry 0.40 at +1s\n" in part
    long = [{"audio.loudness": -30.0 + k // 2} for k in range(16)]
    of = FilmScores.read(table(tmp_path / "long.csv", {"00002.mp4": long}))
    assert of.text(shown("00002.mp4")).count("->") == 7 and "-30 dBFS -> -29 dBFS" in of.text(shown("00002.mp4"))
    assert of.text(shown("00001.mp4")) == "" == of.text(shown("00002.mp4", 90.0, 95.0))


def test_what_it_tells_of_is_what_an_agent_measures() -> None:
    from services.vocabulary import describe, known_channels

    assert set(BODY) <= set(known_channels()) and all(describe(name).sense.value == "audio" for name in AUDIO)
    assert all(name.startswith(("audio.cue.", "vocalisation.")) for name in CUES)


def settings(folder: Path, more: str) -> CorpusSettings:
    text = f'use = "evaluation"\n[[source]]\ndataset = "MAFW"\nfolder = "MAFW"\n{more}'
    return CorpusSettings.read(write(folder / "corpus.toml", text))


def test_scores_stand_before_the_question_and_change_what_the_corpus_is_made_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FOLDERS["MAFW"][0](tmp_path / "MAFW")
    with_scores = 'scores = "mafw.csv"\n'
    with pytest.raises(RecipeInvalid, match=r"record-scores FOLDER --mode affect --out FILE.*attune assets pull"):
        build(settings(tmp_path, with_scores), tmp_path / "none", lambda what, fields: None)
    table(tmp_path / "mafw.csv", {"00001.mp4": [{"audio.loudness": -20.0}] * 2})
    plain = build(settings(tmp_path, ""), tmp_path / "plain", lambda what, fields: None)
    assert main(["build", str(tmp_path / "corpus.toml"), "--out", str(tmp_path / "plain")]) == 0
    made = build(settings(tmp_path, with_scores), tmp_path / "out", lambda what, fields: None)
    assert made.unscored == {"MAFW": 1} and not plain.unscored
    assert settings(tmp_path, with_scores).made_from != settings(tmp_path, "").made_from
    first = next(one for one in made.corpus.examples() if one.source.item == "00001.mp4")
    asked = next(one for one in first.messages if one.role is Role.USER)
    assert "Audio: loudness -20 dBFS -> -20 dBFS\nSounds: no events\nWhat state" in asked.text
    assert any(isinstance(part, Recorded) for part in asked.parts), "and the pictures follow"
    settings(tmp_path, with_scores)
    assert main(["build", str(tmp_path / "corpus.toml"), "--out", str(tmp_path / "out")]) == 0
    assert "MAFW: 1 examples with films of which no scores tell anything" in capsys.readouterr().out
