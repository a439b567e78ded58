"""Holds alerting's settings to refusing what cannot work, by name."""

import json
from pathlib import Path

import pytest

from services.alerting.settings import AlertingSettings
from services.runtime.settings import SettingError, load
from tests.unit.alerting.line import SECRET

pytestmark = pytest.mark.unit
GOOD = {"name": "nurse", "url": "http://127.0.0.1:7085/hook", "secret": SECRET}


def test_it_reads_receivers_from_a_file_and_their_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "alerts.toml").write_text(
        '[networks]\nlan = ["10.0.0.0/8", "fd00::/8"]\n[[receivers]]\nname = "nurse"\nurl = "https://nurse.lan/hook"\n'
        f'secret_file = "{tmp_path / "secret"}"\ntiers = [1]\nnetworks = ["lan"]\n'
    )
    settings = load(AlertingSettings, tmp_path / "alerts.toml")
    assert settings.receivers[0].signing_secret == SECRET
    assert settings.receivers[0].tiers == {1}
    assert [str(network) for network in settings.guard(settings.receivers[0]).networks] == ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("networks", "change", "expected"),
    [
        ({"lan": ["10.0.0.0/8"]}, {"networks": ["lna"]}, r"receiver 'nurse' names the network 'lna'.*one of lan, loop"),
        (
            {"lan": ["10.0.0.0/8"]},
            {"url": "http://10.1.2.3/"},
            r"'nurse' is 10\.1\.2\.3 \(it lies in the network 'lan'",
        ),
        (
            {"lan": ["10.0.0.0/8"]},
            {"networks": ["lan"]},
            r"127\.0\.0\.1 \(it lies in the network 'loopback'\), outside",
        ),
        ({}, {"url": "http://169.254.169.254/"}, r"169\.254\.169\.254, outside the allowed networks"),
        ({}, {"url": "http://[::ffff:10.0.0.1]/"}, "outside the allowed networks"),
        ({"loopback": ["10.0.0.0/8"]}, {}, "which is this machine"),
        ({"lan": ["10.0.0.0/33"]}, {}, "networks"),
        ({}, {"networks": []}, r"outside the allowed networks \(none\)"),
    ],
)
def test_it_refuses_a_receiver_on_a_network_that_it_did_not_name(
    monkeypatch: pytest.MonkeyPatch, networks: dict[str, object], change: dict[str, object], expected: str
) -> None:
    monkeypatch.setenv("ATTUNE_ALERTS_NETWORKS", json.dumps(networks))
    monkeypatch.setenv("ATTUNE_ALERTS_RECEIVERS", json.dumps([GOOD | change]))
    with pytest.raises(SettingError, match=expected):
        load(AlertingSettings)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"url": "ftp://x/"}, "expected http"), ({"url": "http://u:p@x/"}, "without user"),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64"), ({"secret": ""}, "exactly one of"), ({"tiers": [3]}, "tiers"),
        ({"tiers": []}, "tiers"), ({"colour": "red"}, "unknown setting"), ({"name": "a b"}, "name"),
        ({"secret": "", "secret_file": "/nowhere/at/all"}, "secret_file"),
    ],
)  # fmt: skip
def test_it_refuses_a_receiver_that_cannot_work(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], expected: str
) -> None:
    monkeypatch.setenv("ATTUNE_ALERTS_RECEIVERS", json.dumps([GOOD | change]))
    with pytest.raises(SettingError, match=expected):
        load(AlertingSettings)


def test_it_refuses_two_receivers_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_ALERTS_RECEIVERS", json.dumps([GOOD, GOOD]))
    with pytest.raises(SettingError, match="two receivers are named 'nurse'"):
        load(AlertingSettings)


def test_it_bounds_the_wait_for_a_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_ALERTS_TIER2_WAIT_S", "61")
    with pytest.raises(SettingError, match="tier2_wait_s"):
        load(AlertingSettings)


def test_it_never_repeats_a_secret_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for change in ({"url": "ftp://x/"}, {"secret": "whsec_tooshort"}, {"secret": SECRET, "secret_file": "/x"}):
        monkeypatch.setenv("ATTUNE_ALERTS_RECEIVERS", json.dumps([GOOD | change]))
        with pytest.raises(SettingError) as refusal:
            load(AlertingSettings)
        assert "whsec_" not in str(refusal.value).replace("expected whsec_ and", "")


def test_it_waits_and_is_late_as_the_policy_file_says(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('name = "ward"\n[budget]\ntier1 = 2\n[timing]\ntier1_late_s = 300\ncooldown_s = 60\n')
    timing = AlertingSettings(policy=policy, tier2_wait_s=5.0, tier1_late_s=77.0).timing
    assert (timing.tier1_late_s, timing.tier2_wait_s) == (300.0, 5.0)


@pytest.mark.parametrize("text", ["[timing]\ntier1_late_s = 'long'", "[timing]\ntier1_late_s = -1", "[timing"])
def test_it_refuses_a_policy_file_that_says_no_seconds(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.toml").write_text(text)
    (tmp_path / "alerts.toml").write_text(f'policy = "{tmp_path / "policy.toml"}"\n')
    with pytest.raises(SettingError, match=r"policy\.toml"):
        load(AlertingSettings, tmp_path / "alerts.toml")
