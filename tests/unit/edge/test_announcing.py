"""What an agent says at its start of the senses that it has. Kind: unit, with real models."""

import pytest

from edge_agent.models import FindModel
from edge_agent.senses import announce
from edge_agent.sensing.blendshapes import LANDMARKS
from edge_agent.sensing.roster import roster
from services.vocabulary import Mode

pytestmark = pytest.mark.unit


def test_each_sense_is_told_with_what_its_own_models_run_on(
    find_model: FindModel, capsys: pytest.CaptureFixture[str]
) -> None:
    found = roster(find_model, Mode.OBSERVABLES)
    next(model for model in found.models if model.name == LANDMARKS).provider = "CUDA"
    announce(found.senses, found.models)
    said = capsys.readouterr()
    lines = {sense.title: next(line for line in (said.out + said.err).splitlines() if f"={sense.title}" in _plain(line))
             for sense in found.senses}  # fmt: skip
    assert {title for title, line in lines.items() if "CUDA" in line} == {"blendshapes"}
    assert "CPU" in lines["faces"] and "CPU" in lines["blendshapes"]


def _plain(line: str) -> str:
    return "".join(part.partition("m")[2] if place else part for place, part in enumerate(line.split("\x1b[")))
