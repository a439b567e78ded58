"""The settings of a training are read whole or refused by name; a run is held to what it was begun with. Kind: unit."""

from pathlib import Path

import pytest

from training.corpus.example import Kind, Layer
from training.qlora import places, record
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
        ('backend = "axolotl"\n', "backend: Input should be 'transformers' or 'unsloth'"),
        ('backend = "unsloth"\nshard = true\n', "a base that unsloth loads is not spread"),
        ("[lora]\nparts = []\n", "lora.parts: Tuple should have at least 1 item"),
        ('[lora]\nparts = ["eyes"]\n', "lora.parts.0: Input should be 'language', 'vision' or 'merger'"),
        ('[lora]\nparts = ["merger", "merger"]\n', "parts: expected each once"),
        ('[lora]\nparts = ["vision"]\nfrom_layer = 2\n', "from_layer counts layers of the language model"),
        ("[lora]\nfrom_layer = 1.0\n", "lora.from_layer"),
        ("[lora]\nfrom_layer = -1\n", "lora.from_layer"),
        ("[lora]\nfrom_layer = true\n", "lora.from_layer"),
    ],
)
def test_a_value_that_cannot_be_is_named(more: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        TrainingSettings.read(written(tmp_path, more))
    assert words in str(raised.value)
    with pytest.raises(SettingsInvalid, match="No such file or directory; expected a TOML file"):
        TrainingSettings.read(tmp_path / "none.toml")


LANGUAGE = [f"model.language_model.layers.{n}.{layer}" for n in range(4)
            for layer in ("self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj")]  # fmt: skip
VISION = [f"model.visual.blocks.{n}.{layer}" for n in range(2)
          for layer in ("attn.qkv", "attn.proj", "mlp.linear_fc1", "mlp.linear_fc2")]  # fmt: skip
MERGER = [f"model.visual.{which}.linear_fc{n}" for which in ("merger", "deepstack_merger_list.1") for n in (1, 2)]
OTHERS = ["lm_head", "model.visual.patch_embed.proj", "model.visual.blocks.0.attn.q_proj", "model.visual.merger.norm",
          "model.language_model.embed_tokens", "model.language_model.layers.0.self_attn.q_norm",
          "model.language_model.layers.0.self_attn.q_proj.base_layer"]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ("", LANGUAGE),
        ("[lora]\nfrom_layer = 0.5\n", LANGUAGE[8:]),
        ("[lora]\nfrom_layer = 3\n", LANGUAGE[12:]),
        ('[lora]\nparts = ["vision"]\n', VISION),
        ('[lora]\nparts = ["merger", "language"]\nfrom_layer = 1\n', [*LANGUAGE[4:], *MERGER]),
        ('[lora]\nparts = ["language", "vision", "merger"]\n', [*LANGUAGE, *VISION, *MERGER]),
    ],
)
def test_the_parts_that_are_asked_for_learn_and_no_other_layer(more: str, taken: list[str], tmp_path: Path) -> None:
    wanted = places.asked(TrainingSettings.read(written(tmp_path, more)).lora, 4)
    assert [name for name in (*LANGUAGE, *VISION, *MERGER, *OTHERS) if wanted.take(name)] == taken
    assert places.found_in(taken, 4) == wanted
    assert wanted.tower == any("visual" in name for name in taken)
    first = places.asked(TrainingSettings.read(written(tmp_path)).lora, 4)
    both = first | wanted
    assert all(both.take(name) for name in (*LANGUAGE, *taken)) and not any(map(both.take, OTHERS))


def test_a_layer_beyond_the_last_one_is_refused_with_those_there_are(tmp_path: Path) -> None:
    lora = TrainingSettings.read(written(tmp_path, "[lora]\nfrom_layer = 36\n")).lora
    with pytest.raises(SettingsInvalid, match=r"lora.from_layer = 36: the base has the layers 0 to 35"):
        places.asked(lora, 36)


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
