"""The settings of a training are read whole or refused by name; a run is held to what it was begun with. Kind: unit."""

from pathlib import Path

import pytest

from training.corpus.example import Kind, Layer
from training.qlora import record
from training.qlora.errors import BaseChanged, CheckpointDamaged, SettingsInvalid, TemplateChanged
from training.qlora.settings import TrainingSettings

pytestmark = pytest.mark.unit
LEAST = 'base = "Qwen/Qwen3-VL-8B-Thinking"\nmodel = "models/8b"\n'


def written(folder: Path, more: str = "") -> Path:
    file = folder / "qlora.toml"
    file.write_text(LEAST + more)
    return file


def test_two_lines_are_enough_and_mean_thinking_first_in_four_bits(tmp_path: Path) -> None:
    read = TrainingSettings.read(written(tmp_path))
    assert read.model == tmp_path / "models/8b" and read.precision == "nf4"
    assert read.layers == tuple(Layer)
    assert [phase.kinds for phase in read.phase] == [(Kind.THINKING,), tuple(Kind)]


def test_where_the_base_lies_changes_nothing_and_everything_else_does(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    here, there = TrainingSettings.read(written(tmp_path)), TrainingSettings.read(written(tmp_path / "elsewhere"))
    assert here.digest == there.digest
    assert here.digest != TrainingSettings.read(written(tmp_path, "seed = 1\n")).digest


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('precison = "nf4"\n', "precison: Extra inputs are not permitted (is 'nf4')"),
        ('precision = "int8"\n', "precision: Input should be 'nf4' or 'bfloat16' (is 'int8')"),
        ('layers = ["L5"]\n', "layers.0: Input should be 'L1', 'L2', 'L3' or 'L4' (is 'L5')"),
        ("[pace]\nrate = 0\n", "pace.rate: Input should be greater than 0 (is 0)"),
        ('[[phase]]\nkinds = ["musing"]\n', "phase.0.kinds.0:"),
        ("seed = \n", "is no TOML"),
    ],
)
def test_a_value_that_cannot_be_is_named(more: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        TrainingSettings.read(written(tmp_path, more))
    assert words in str(raised.value)
    with pytest.raises(SettingsInvalid, match="No such file or directory; expected a TOML file"):
        TrainingSettings.read(tmp_path / "none.toml")


def test_a_run_goes_on_with_nothing_but_what_it_was_begun_with(tmp_path: Path) -> None:
    base = record.BaseNamed(model="b", weights_sha256="1" * 64)
    begun = record.Begun(base=base, template="t", prompt_version="p", corpus="c", settings="s")
    record.begin(tmp_path / "run", begun)
    record.begin(tmp_path / "run", begun)
    for change, kind, words in (
        ({"base": base.model_copy(update={"weights_sha256": "2" * 64})}, BaseChanged, "other base weights"),
        ({"template": "u"}, TemplateChanged, "another chat template"),
        ({"prompt_version": "q"}, TemplateChanged, "another prompt"),
        ({"corpus": "d"}, SettingsInvalid, "another corpus"),
        ({"settings": "r"}, SettingsInvalid, "other settings"),
        ({"began_as": "a"}, SettingsInvalid, "another beginning"),
    ):
        with pytest.raises(kind, match=words):
            record.begin(tmp_path / "run", begun.model_copy(update=change))
    (tmp_path / "run" / record.BEGUN).write_text("{")
    with pytest.raises(CheckpointDamaged, match="name another folder"):
        record.begin(tmp_path / "run", begun)
    with pytest.raises(CheckpointDamaged, match="expected the folder of a finished"):
        record.Run.read(tmp_path / "run")
