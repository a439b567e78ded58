"""What probe, gates, canary and watch conclude from what they are shown: pure, without a server."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.evaluation.cases import Case, CaseAnswer, Kind, answered, failed, names_conflict
from services.vocabulary import (
    UNCHECKED,
    AdapterAnswer,
    AdapterRole,
    AdapterState,
    AdapterVersion,
    Conflict,
    Opinion,
    Tier,
)
from tests.unit.vlm.bundles import sealed
from tests.unit.vlm.specimens import AGITATED, VERDICT
from vlm_service.adapters.asking import answer, question
from vlm_service.adapters.gate_run import read_cases
from vlm_service.adapters.judging import Gate, judge
from vlm_service.adapters.mirror import write_mirror, write_nothing
from vlm_service.adapters.policy import PolicyUnreadable, read_policy
from vlm_service.adapters.probing import Answer, Observed, apart
from vlm_service.adapters.probing import judge as judge_probe
from vlm_service.adapters.routing import Cast, cast_of, part_of
from vlm_service.adapters.watch import watched
from vlm_service.bundle import Probe

pytestmark = pytest.mark.unit

BASE = {"token_id:1": -0.1, "token_id:2": -3.0}
MOVED = {"token_id:2": -0.1, "token_id:1": -3.0}
PROBE = Probe(prompt="x", adapted=MOVED, base=BASE)
FLAT = {f"token_id:{n}": -6.6438 for n in range(3)}


def observed(base: Any = BASE, adapted: Any = MOVED, mirror: Any = BASE, together: Any = None) -> Observed:
    first: Answer = (adapted,)
    return Observed((base,), first, (mirror,), ((together or adapted,),), ((mirror,),))


def wrong(one: Observed, probe: Probe = PROBE) -> list[str]:
    return [finding.check for finding in judge_probe((probe,), (one,)) if not finding.passed]


def test_a_probe_passes_what_does_as_training_recorded_within_rounding() -> None:
    assert wrong(observed()) == []
    rounded = {token: value - 0.06 for token, value in MOVED.items()}
    assert wrong(observed(adapted=rounded)) == []


@pytest.mark.parametrize(
    ("one", "first"),
    [
        (observed(adapted=BASE), "effect on the server"),
        (observed(adapted=FLAT), "says something"),
        (observed(base=MOVED), "same base"),
        (observed(adapted={"token_id:3": -0.1, "token_id:4": -3.0}), "as trained"),
        (observed(together=BASE), "not mixed"),
        (observed(adapted={"token_id:2": math.nan, "token_id:1": -1.0}), "says something"),
    ],
)
def test_a_probe_names_what_is_wrong(one: Observed, first: str) -> None:
    assert wrong(one)[0] == first


def test_a_probe_that_can_prove_nothing_is_not_passed() -> None:
    assert [one.check for one in judge_probe((), ())] == ["golden prompts"]
    still = Probe(prompt="x", adapted=BASE, base=BASE)
    assert "effect recorded" in wrong(observed(adapted=BASE), still)
    assert apart(BASE, {}) == math.inf


PICTURED = Probe(
    prompt="<|im_start|>system\ncare<|im_end|>\n<|im_start|>user\nsee <|vision_start|><|image_pad|><|vision_end|>!",
    adapted=MOVED, base=BASE, pictures=("iVBORw0KGgoAAAANSUhEUg==",), without_tower=BASE,
)  # fmt: skip


def test_layers_in_the_vision_tower_must_be_seen_to_act_on_a_picture() -> None:
    def found(probe: Probe, one: Observed) -> list[str]:
        return [finding.check for finding in judge_probe((probe,), (one,), tower=True) if not finding.passed]

    assert found(PICTURED, observed()) == []
    assert found(PICTURED, observed(adapted=BASE))[0] == "tower on the server"
    assert found(PROBE, observed())[0] == "tower recorded", "no golden prompt has a picture"
    still = PICTURED.model_copy(update={"without_tower": MOVED})
    assert found(still, observed())[0] == "tower recorded", "with and without these layers it says the same"


def test_a_golden_prompt_with_a_picture_is_asked_as_a_conversation_that_goes_on() -> None:
    route, body = question(PICTURED, "house@1", 4)
    assert route == "/v1/chat/completions" and body["continue_final_message"] and not body["add_generation_prompt"]
    system, user = body["messages"]
    assert system == {"role": "system", "content": "care"}
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "text"]
    assert user["content"][1]["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
    assert user["content"][2]["text"] == "!"
    step = {"token": "token_id:1", "logprob": -0.1, "top_logprobs": [{"token": "token_id:1", "logprob": -0.1}]}
    said = json.dumps({"choices": [{"logprobs": {"content": [step]}}]})
    assert answer(PICTURED, said) == ({"token_id:1": -0.1},)
    assert question(PROBE, "house@1", 4)[0] == "/v1/completions"


def test_a_counterpart_takes_away_or_adds_nothing(tmp_path: Any) -> None:
    from safetensors.numpy import load_file

    bundle = sealed(tmp_path / "b", 1)
    for name, write, factor in (("mirror", write_mirror, -1.0), ("nothing", write_nothing, 0.0)):
        (tmp_path / name).mkdir()
        write(bundle.folder, tmp_path / name)
        was, now = (load_file(folder / "adapter_model.safetensors") for folder in (bundle.folder, tmp_path / name))
        for key, value in was.items():
            assert np.array_equal(now[key], value * (factor if "lora_B" in key else 1.0)), key


GATES = read_policy().gates


def case_answers(right: bool = True, n: int = 20, **more: Any) -> list[CaseAnswer]:
    usual: dict[str, Any] = {"thinking_chars": 400, "grounded": 0.9, "latency_s": 2.0} | more
    kinds = list(Kind)
    return [CaseAnswer(f"c{i}", kinds[i % 3], ("affect", "observables")[i % 2], "verdict", right, **usual)
            for i in range(n)]  # fmt: skip


def missed(gates: list[Gate]) -> set[str]:
    return {gate.name for gate in gates if not gate.passed}


def test_gates_pass_what_is_right_and_no_worse() -> None:
    assert missed(judge(case_answers(), case_answers(), GATES, True)) == set()


@pytest.mark.parametrize(
    ("answers", "names"),
    [
        (case_answers(thinking_chars=0), {"thinking kept", "length of thinking"}),
        (case_answers(thinking_chars=20), {"length of thinking"}),
        (case_answers(grounded=0.5), {"grounded claims"}),
        (case_answers(contradicted=True), {"contradicted answers"}),
        (case_answers(latency_s=40.0), {"latency"}),
        ([replace(one, outcome="no_verdict") for one in case_answers()], {"valid answers"}),
        (case_answers(right=False), {"must escalate", "must not escalate", "must name the conflict"}),
        ([], {"valid answers"}),
    ],
)
def test_gates_name_what_was_missed(answers: list[CaseAnswer], names: set[str]) -> None:
    assert names <= missed(judge(answers, case_answers(), GATES, True))


def test_a_gate_asks_for_no_layer_to_be_worse_than_the_one_that_is_heard() -> None:
    worse = [replace(one, right=one.layer != "affect" or int(one.case[1:]) % 4 > 0) for one in case_answers(n=60)]
    gates = judge(worse, case_answers(n=60), GATES, True)
    assert missed(gates) >= {"not worse: affect"} and "not worse: observables" not in missed(gates)
    better = judge(case_answers(n=60), worse, GATES, True)
    assert not {name for name in missed(better) if name.startswith("not worse")}


def test_an_adapter_of_another_prompt_is_not_heard_unless_the_policy_lets_it() -> None:
    assert missed(judge(case_answers(), case_answers(), GATES, False)) == {"prompt"}
    lenient = GATES.model_copy(update={"same_prompt": False})
    assert missed(judge(case_answers(), case_answers(), lenient, False)) == set()


@pytest.mark.parametrize(
    ("kind", "tier", "opinion", "right"),
    [
        (Kind.ESCALATE, Tier.IMMEDIATE, Opinion.AGREED, True), (Kind.ESCALATE, Tier.URGENT, Opinion.LOWERED, False),
        (Kind.STAY, Tier.MONITOR, Opinion.AGREED, True), (Kind.STAY, Tier.URGENT, Opinion.RAISED, False),
        (Kind.CONFLICT, Tier.URGENT, Opinion.AGREED, False),
    ],
)  # fmt: skip
def test_a_case_asks_what_its_kind_says(kind: Kind, tier: Tier, opinion: Opinion, right: bool) -> None:
    case = Case("c", kind, "affect", replace(AGITATED, tier=Tier.MONITOR) if kind is Kind.STAY else AGITATED)
    verdict = replace(VERDICT, tier=tier, opinion=opinion)
    assert answered(case, verdict, "thought", UNCHECKED, 1.0).right is right
    assert not failed(case, "timeout", 1.0).right


def test_a_conflict_is_named_by_its_evidence_or_by_both_senses() -> None:
    conflict = Conflict("face-voice", "calm", "distressed", 0.7)
    event = replace(AGITATED, evidence=replace(AGITATED.evidence, conflicts=(conflict,)))
    assert names_conflict(replace(VERDICT, context="Face and voice disagree."), event)
    assert not names_conflict(replace(VERDICT, context="The face is calm.", unknowns=()), event)


def test_the_shipped_cases_ask_everything_of_each_mode_and_of_each_layer_that_has_events() -> None:
    asked = {(case.layer, case.kind) for case in read_cases(read_policy())}
    assert asked == {(layer, kind) for layer in ("affect", "observables", "L2", "L3", "L4") for kind in Kind}


def test_a_policy_that_is_not_whole_is_refused_by_name(tmp_path: Any) -> None:
    file = tmp_path / "gates.toml"
    for text, says in (("[gates]\nvalid = 2", "gates"), ("gates = [", "gates.toml"), ("", "gates: Field required")):
        file.write_text(text)
        with pytest.raises(PolicyUnreadable, match=says.replace(".", r"\.")):
            read_policy(file)
    shipped = (read_policy().folder / "gates.toml").read_text()
    file.write_text(shipped)
    with pytest.raises(PolicyUnreadable, match="no such file beside it"):
        read_policy(file)
    (tmp_path / "gate_cases.jsonl").write_text('{"id": "x"}\n')
    with pytest.raises(PolicyUnreadable, match=r"gate_cases\.jsonl:1"):
        read_cases(read_policy(file))
    case = (read_policy().folder / "gate_cases.jsonl").read_text().splitlines()[0]
    (tmp_path / "gate_cases.jsonl").write_text(f"{case}\n{case}\n")
    with pytest.raises(PolicyUnreadable, match=r"gate_cases\.jsonl:2: id .* is taken by an earlier case"):
        read_cases(read_policy(file))


def version(state: AdapterState, digest: str, **more: Any) -> AdapterVersion:
    return AdapterVersion("agitation", digest * 64, state, "Ana", 0.0, 0.0, **more)


def test_a_canary_hears_its_share_of_events_and_the_same_ones_again() -> None:
    canary = version(AdapterState.CANARY, "b", share=0.2)
    cast = cast_of([version(AdapterState.ACTIVE, "a"), canary, version(AdapterState.SHADOW, "c")], lambda name: False)
    events = [replace(AGITATED, id=f"e{n}") for n in range(4000)]
    parts = [part_of(cast, event) for event in events]
    share = sum(part.role is AdapterRole.CANARY for part in parts) / len(parts)
    assert share == pytest.approx(0.2, abs=4 * math.sqrt(0.2 * 0.8 / len(parts)))
    assert parts == [part_of(cast, replace(event, revision=9)) for event in events]
    assert {part.beside for part in parts if part.role is AdapterRole.CANARY} == {cast.active}
    assert {part.beside for part in parts if part.role is AdapterRole.ACTIVE} == {cast.shadow}


def test_a_canary_by_room_hears_that_room_alone() -> None:
    cast = Cast("", version(AdapterState.CANARY, "b", rooms=("Room 12",)))
    inside = replace(AGITATED, evidence=replace(AGITATED.evidence, place="Room 12"))
    outside = replace(AGITATED, evidence=replace(AGITATED.evidence, place="day room"))
    assert [part_of(cast, event).role for event in (inside, outside)] == [AdapterRole.CANARY, AdapterRole.ACTIVE]
    assert part_of(cast, outside).beside is None and part_of(cast, inside).beside == ""


LIVE = read_policy().live
FINE = AdapterAnswer("a@0", AdapterRole.CANARY, "e", 0.0, 2.0, "verdict", 2, "agreed", 1.0, 0, "b@0", 2)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"outcome": "server_error", "tier": 0}, "failed"), ({"outcome": "looped", "tier": 0}, "answered invalidly"),
        ({"outcome": "timeout", "tier": 0}, "was late"), ({"latency_s": 60.0}, "was late"), ({"tier": 1}, "disagreed"),
    ],
)  # fmt: skip
def test_a_version_is_taken_back_for_what_goes_on_and_not_for_one_mishap(change: dict[str, Any], what: str) -> None:
    bad = replace(FINE, **change)
    assert not any(test.too_often for test in watched([FINE] * 30 + [bad], LIVE))
    assert [test.what for test in watched([bad] * 30, LIVE) if test.too_often] == [what]
    other = replace(FINE, outcome="no_server", tier=0)
    assert [test.n for test in watched([other] * 50, LIVE)] == [0, 0, 0, 0]


def test_a_version_within_the_policy_is_seldom_taken_back_however_often_one_looks() -> None:
    rng = np.random.default_rng(3)
    runs, taken = 200, 0
    for _ in range(runs):
        late = rng.random(300) < LIVE.late
        answers = [replace(FINE, latency_s=60.0) if one else FINE for one in late]
        taken += any(test.too_often for n in range(20, 301, 20) for test in watched(answers[:n], LIVE))
    assert taken / runs <= LIVE.alpha + 3 * math.sqrt(LIVE.alpha * (1 - LIVE.alpha) / runs)
