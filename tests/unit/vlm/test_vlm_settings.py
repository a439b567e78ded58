"""Wrong settings are refused at start, naming key, value and expectation."""

import pytest

from services.runtime.settings import SettingError, load
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("ATTUNE_VLM_SERVER_URL", "gpu-box:8000", "expected an address such as"),
        ("ATTUNE_VLM_MODEL", "Rules", "name of the fallback reasoner"),
        ("ATTUNE_VLM_SAMPLING", "hot", "'qwen', 'warm' or 'greedy'"),
        ("ATTUNE_VLM_HOST", "0.0.0.0", "set ATTUNE_VLM_TOKEN"),
        ("ATTUNE_VLM_DEADLINE_TIER1_S", "0", "greater than 0"),
        ("ATTUNE_VLM_ADAPTERS_HOST", "0.0.0.0", "ATTUNE_VLM_PROMOTE_TOKEN"),
        ("ATTUNE_VLM_ADAPTERS_TRUST", "nowhere.pub", "no such key"),
        ("ATTUNE_VLM_BASE_WEIGHTS", "latest", "pattern"),
        ("ATTUNE_VLM_SEVER_URL", "http://127.0.0.1:8000", "unknown setting"),
    ],
)
def test_it_refuses_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, key: str, value: str, expected: str) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingError) as refusal:
        load(VlmSettings)
    assert expected in str(refusal.value)
    assert value in str(refusal.value)


def test_it_wants_a_token_for_each_role_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_VLM_PUSH_TOKEN", "ml-team")
    with pytest.raises(SettingError, match="expected both"):
        load(VlmSettings)
    monkeypatch.setenv("ATTUNE_VLM_PROMOTE_TOKEN", "ml-team")
    with pytest.raises(SettingError, match="one for each role"):
        load(VlmSettings)
    monkeypatch.setenv("ATTUNE_VLM_PROMOTE_TOKEN", "lead")
    assert load(VlmSettings).promote_token == "lead"


def test_it_lets_a_wider_bind_be_made_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_VLM_HOST", "0.0.0.0")
    monkeypatch.setenv("ATTUNE_VLM_TOKEN", "long-and-secret")
    assert load(VlmSettings).host == "0.0.0.0"


def test_it_takes_an_address_with_or_without_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_VLM_SERVER_URL", "http://gpu-box:8000/v1/")
    assert load(VlmSettings).server_url == "http://gpu-box:8000"
