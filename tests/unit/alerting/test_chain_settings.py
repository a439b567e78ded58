"""Refuses at the start, by name, a chain that would end in nobody."""

from pathlib import Path
from typing import Any

import pytest

from services.alerting.settings import AlertingSettings
from services.runtime.settings import SettingError, load
from tests.unit.alerting.line import SECRET

pytestmark = pytest.mark.unit
HEAD = "".join(
    f'[[receivers]]\nname = "{name}"\nurl = "http://127.0.0.1/"\nsecret = "{SECRET}"\nhours = [{hours}]\n'
    for name, hours in (("call", ""), ("day", '"07:00-19:00"'))
)


def read(folder: Path, chains: str) -> AlertingSettings:
    (folder / "alerts.toml").write_text(HEAD + chains)
    return load(AlertingSettings, folder / "alerts.toml")


def chain(*steps: tuple[str, list[str]], **facts: Any) -> str:
    head = "".join(f"{name} = {value!r}\n" for name, value in ({"name": "ward"} | facts).items())
    body = "".join(f"[[chains.steps]]\nrole = {role!r}\nchannels = {channels!r}\n" for role, channels in steps)
    return f"[[chains]]\n{head}{body or 'steps = []'}\n"


def test_it_reads_a_chain_of_people(tmp_path: Path) -> None:
    settings = read(tmp_path, chain(("carer", ["day", "call"]), ("shift lead", ["call"])))
    assert [step.role for step in settings.chains[0].steps] == ["carer", "shift lead"]


@pytest.mark.parametrize(
    ("chains", "why"),
    [
        (chain(), "ends in nobody"),
        (chain(("carer", ["call"]), ("nobody", ["call"])), "may not end in nobody"),
        (chain(("carer", ["call"]), (" ", ["call"])), "may not end in nobody"),
        (chain(("carer", ["call"]), ("lead", [])), "no channel reaches is nobody"),
        (chain(("carer", ["call"]), ("lead", ["day"])), "nobody outside 07:00-19:00"),
        (chain(("carer", ["phone"])), "no receiver is named 'phone' .known: call, day"),
        (chain(("carer", ["call"])) + chain(("carer", ["call"]), name="night"), "both take tier 1"),
        (chain(("carer", ["call"]), tiers=[3]), "tiers"),
        (chain(("carer", ["call"]), repeat_s=1), "repeat_s"),
        (chain(("carer", ["call"]), colour="red"), "colour"),
    ],
)
def test_it_refuses_a_chain_that_leaves_somebody_alone(tmp_path: Path, chains: str, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        read(tmp_path, chains)


def test_it_refuses_hours_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "alerts.toml").write_text(HEAD.replace("07:00-19:00", "7-19"))
    with pytest.raises(SettingError, match="expected hours such as"):
        load(AlertingSettings, tmp_path / "alerts.toml")
