"""The doctor tells where anybody's adapters are taken, or adapters of any weights. Kind: unit."""

from pathlib import Path

import pytest

from services.cli.doctor_adapters import Access
from services.cli.doctor_trust import look
from services.cli.doctor_vllm import Needs
from services.runtime.findings import Finding, Grade
from tests.unit.cli.test_doctor_adapters import door

pytestmark = pytest.mark.unit
NOWHERE = Access(url="http://127.0.0.1:1")


def found(access: Access, **settings: object) -> dict[str, Finding]:
    return {finding.what: finding for finding in look(access, Needs(**settings))}  # type: ignore[arg-type]


def test_it_notes_that_the_service_trusts_no_key_and_compares_no_weights() -> None:
    with door([], {}, takes={"keys": [], "weights": ""}) as url:
        told = found(Access(url=url, token="sesame"), adapters_trust=Path(__file__), base_weights="ab" * 32)
    assert [told[what].grade for what in ("adapters signed", "base weights")] == [Grade.NOTE] * 2
    assert "whoever holds the push token" in told["adapters signed"].found
    assert "ATTUNE_VLM_ADAPTERS_TRUST" in told["adapters signed"].remedy
    assert "ATTUNE_VLM_BASE_WEIGHTS" in told["base weights"].remedy


def test_it_names_the_key_and_the_weights_that_the_service_takes() -> None:
    with door([], {}, takes={"keys": ["adapters.pub 0123456789ab"], "weights": "cd" * 32}) as url:
        told = found(Access(url=url, token="sesame"))
    assert {finding.grade for finding in told.values()} == {Grade.GOOD}
    assert told["adapters signed"].found == "taken with the signature of adapters.pub 0123456789ab alone"
    assert told["base weights"].found == "adapters of cdcdcdcdcdcd alone are taken"


def test_it_says_that_the_key_is_not_where_the_setting_says(tmp_path: Path) -> None:
    told = found(NOWHERE, adapters_trust=tmp_path / "adapters.pub")
    assert told["adapters trusted"].grade is Grade.BAD
    assert "adapters.pub" in told["adapters trusted"].found and "does not start" in told["adapters trusted"].found


def test_it_looks_at_the_folder_of_keys_where_the_service_does_not_tell(tmp_path: Path) -> None:
    empty = found(NOWHERE, adapters_trust=tmp_path)
    assert empty["adapters signed"].grade is Grade.NOTE and "does not tell" in empty["adapters signed"].found
    (tmp_path / "lang.pub").write_text("a key")
    assert found(NOWHERE, adapters_trust=tmp_path)["adapters signed"].grade is Grade.GOOD
