"""A policy file is read whole or refused in words; nobody loosens tier 1 by accident."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.runtime.settings import SettingError
from services.vocabulary import Budget, Policy, Rules, Timing, relaxed
from threshold_service.policy import parsed, read_policy

pytestmark = pytest.mark.unit

WARD = """
name = "ward 2"
alarm_cues = ["scream", "cry", "fall_noise"]
[budget]
tier1 = 2.0
[timing]
cooldown_s = 240
[weights]
deviation = 0.5
[residents.room-12]
cue_threshold = 0.8
[residents.room-12.budget]
tier1 = 0.7
[residents.room-12.timing]
blind_after_s = 90
"""


def test_it_reads_what_is_said_and_leaves_the_rest_as_shipped() -> None:
    policy = parsed(WARD, "ward.toml")
    assert (policy.name, policy.budget.tier1, policy.budget.tier2) == ("ward 2", 2.0, Budget().tier2)
    assert policy.timing == replace(Timing(), cooldown_s=240.0)
    assert dict(policy.weights) == {"deviation": 0.5}


def test_it_gives_a_resident_what_is_theirs_and_else_the_deployments() -> None:
    policy = parsed(WARD, "ward.toml")
    own = policy.of("room-12")
    assert (own.budget.tier1, own.budget.tier2, own.cue_threshold) == (0.7, Budget().tier2, 0.8)
    assert (own.timing.blind_after_s, own.timing.cooldown_s) == (90.0, 240.0)
    assert own.alarm_cues == policy.alarm_cues
    assert policy.of("room-11") == policy


def test_it_names_a_policy_by_what_it_says() -> None:
    other = WARD.replace("tier1 = 0.7", "tier1 = 0.8")
    assert parsed(WARD, "a").version == parsed(WARD, "b").version != parsed(other, "a").version
    assert parsed(WARD, "a").version == parsed('approved_by = "Dr Lang"' + WARD, "a").version
    assert parsed("", "a").version == Policy().version


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("budgett = 3", "unknown key 'budgett'"),
        ("[budget]\ntier4 = 1", "unknown key 'tier4'; expected one of tier1, tier2, tier3"),
        ("[budget]\ntier1 = 'few'", "budget.tier1 = 'few'"),
        ("[budget]\ntier1 = 0", "budget.tier1 = 0.0: expected a number above 0"),
        ("[budget]\ntier1 = nan", "budget.tier1 = nan"),
        ("[weights]\nmood = 0.3", "unknown key 'mood'; expected one of deviation"),
        ("[weights]\naudio = -1", "weights.audio = -1.0: expected a number of at least 0"),
        ("[timing]\ncooldown_s = -5", "timing.cooldown_s = -5.0"),
        ("[timing]\nsustained_s = 300", "expected at most"),
        ("[timing]\ntier2_wait_s = 61", "waits no longer"),
        ("cue_threshold = 2", "cue_threshold = 2.0: expected a number from 0 to 1"),
        ('alarm_cues = ["sream"]', "alarm_cues names 'sream'"),
        ('sleeping = ["at night"]', "sleeping names 'at night': expected hours such as 21:30-06:30"),
        ('[residents.r1]\nprivate = ["07:00-07:00"]', "expected an end that is not the beginning"),
        ('rules = "strict"', "rules = 'strict'"),
        ("[residents.r1]\nweights = 1", "[residents.r1]: unknown key 'weights'"),
        ("[residents.r1.timing]\nrestart_gap_s = 1", "unknown key 'restart_gap_s'"),
        ("[residents.r1.budget]\ntier1 = -1", "budget.tier1 = -1.0"),
        ("residents = 3", "expected tables such as"),
        ("budget = [", "policy file 'ward.toml'"),
    ],
)
def test_it_refuses_a_typo_with_place_value_and_expectation(text: str, says: str) -> None:
    with pytest.raises(SettingError) as caught:
        parsed(text, "ward.toml")
    assert says in str(caught.value)


def test_it_refuses_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"nowhere\.toml"):
        read_policy(tmp_path / "nowhere.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match=r"bytes\.toml"):
        read_policy(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("after", "way"),
    [
        ("[budget]\ntier1 = 1.0", "budget.tier1 from 1.4 to 1"),
        ("cue_threshold = 0.7", "cue_threshold from 0.5 to 0.7"),
        ('alarm_cues = ["cry"]', "alarm_cues without scream, fall_noise, glass, fall"),
        ("[timing]\ncooldown_s = 900", "timing.cooldown_s from 300 to 900"),
        ("[weights]\nmotion = 0.25\naudio = 0.2\nescalation = 0.05\nvolatility = 0.1\ntransition = 0.05\n"
         "deviation = 0.3",
         "weights.deviation from 0.4 to 0.3"),
        ("envelope = 3.0", "envelope from 1.5 to 3"),
        ("[residents.r1.budget]\ntier1 = 0.2", "budget.tier1 from 1.4 to 0.2 of resident r1"),
        ('sleeping = ["21:30-06:30"]', "sleeping hours 21:30-06:30"),
        ('rules = "literal"', "rules from budget to literal"),
    ],
)  # fmt: skip
def test_it_sees_what_makes_tier_1_speak_less(after: str, way: str) -> None:
    assert way in relaxed(Policy(), parsed(after, "x"))
    assert relaxed(parsed(after, "x"), parsed(after, "x")) == ()


def test_it_lets_everybody_tighten_and_change_what_is_not_tier_1() -> None:
    stricter = parsed(
        'name = "x"\ncue_threshold = 0.4\n[budget]\ntier1 = 3\ntier2 = 1\n[timing]\ntier2_wait_s = 5', "x"
    )
    assert relaxed(Policy(), stricter) == ()
    assert parsed('rules = "literal"', "x").rules is Rules.LITERAL


def test_it_reads_the_file_that_the_documentation_shows() -> None:
    text = (Path(__file__).parents[3] / "docs" / "policy.md").read_text()
    shown = text.partition("```toml\n")[2].partition("```")[0]
    policy = parsed(shown, "docs")
    assert replace(policy, name="shipped", residents=()).version == Policy().version, "what stands there is shipped"
    assert policy.of("room-12").sleeping == ("21:30-06:30",) and relaxed(Policy(), policy)
