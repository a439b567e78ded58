"""Holds the pure decision of an escalation to its promises, for every chain, reach and passing of time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.escalation import Chain, Move, Reach, Step, begun, next_move
from services.vocabulary import Alert, AlertStatus, EscalationState, Tier

pytestmark = pytest.mark.unit
NAMES = ("a", "b", "c", "d")
FALL = Alert("1", "e", "r", "12", Tier.IMMEDIATE, AlertStatus.NOTIFIED, "A fall was seen.", 0.0, 0.0, 0.0)

steps = st.builds(
    Step,
    role=st.sampled_from(("carer", "lead")),
    channels=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple),
    answer_s=st.floats(1, 600),
    failover_s=st.floats(1, 60),
    together=st.booleans(),
)
chains = st.builds(
    Chain,
    name=st.just("ward"),
    steps=st.lists(steps, min_size=1, max_size=4).map(tuple),
    repeat_s=st.floats(10, 600),
    expire_s=st.floats(60, 7200),
    until_over=st.booleans(),
)
reaches = st.lists(st.sampled_from(Reach), min_size=1, max_size=40)
usable = st.frozensets(st.sampled_from(NAMES))


def run(chain: Chain, answers: list[Reach], inside: frozenset[str]) -> list[tuple[float, Move]]:
    """Every move until the answers are used up or the asking ends, each at the time it was due."""
    moves = [(0.0, begun(chain, "1", 0.0, inside))]
    for answer in answers:
        at = moves[-1][1].after.due_at
        moves.append((at, next_move(chain, moves[-1][1].after, FALL, answer, at, inside)))
        if moves[-1][1].after.state is not EscalationState.RUNNING:
            break
    return moves


@given(chains, reaches, usable)
def test_it_is_always_due_again_while_it_runs(chain: Chain, answers: list[Reach], inside: frozenset[str]) -> None:
    for at, move in run(chain, answers, inside):
        running = move.after.state is EscalationState.RUNNING
        assert not running or (at < move.after.due_at or at == 0.0) or move.after.due_at >= chain.expire_s


@given(chains, reaches, usable)
def test_it_asks_somebody_whenever_it_asks(chain: Chain, answers: list[Reach], inside: frozenset[str]) -> None:
    for _, move in run(chain, answers, inside):
        if move.asked is not None:
            assert move.asked.channels and set(move.asked.channels) <= set(chain.channels)
            assert move.asked.role and move.after.asked[-1] == move.asked


@given(chains, usable, st.sampled_from([Reach.WAITING, Reach.LOST, Reach.REACHED]))
def test_it_comes_to_the_last_one_in_bounded_time(chain: Chain, inside: frozenset[str], how: Reach) -> None:
    patient = replace(chain, expire_s=1e6)
    longest = sum(max(s.answer_s, 0) + s.failover_s * len(s.channels) for s in chain.steps) + chain.repeat_s
    moves = run(patient, [how] * 200, inside)
    assert any(m.after.step == len(chain.steps) - 1 and at <= longest for at, m in moves)


@given(chains, reaches, usable, st.sampled_from(Reach))
def test_it_never_asks_after_somebody_took_it(
    chain: Chain, answers: list[Reach], inside: frozenset[str], how: Reach
) -> None:
    taken = replace(FALL, acknowledged_at=5.0, acknowledged_by="Ana")
    for at, move in run(chain, answers, inside):
        after = next_move(chain, move.after, taken, how, at + 1e4, inside)
        assert after.asked is None and after.after.state is not EscalationState.RUNNING


@given(chains, reaches, usable)
def test_it_ends_when_time_is_up_and_not_before(chain: Chain, answers: list[Reach], inside: frozenset[str]) -> None:
    for at, move in run(chain, answers, inside):
        if move.after.state is EscalationState.EXPIRED:
            assert at >= chain.expire_s
        late = next_move(chain, move.after, FALL, Reach.REACHED, chain.expire_s, inside)
        assert late.after.state is EscalationState.EXPIRED and late.asked is None


@given(chains, usable)
def test_it_begins_with_who_is_on_shift_and_never_with_nobody(chain: Chain, inside: frozenset[str]) -> None:
    first = begun(chain, "1", 0.0, inside)
    assert first.asked is not None
    reached = set(first.asked.channels) & inside
    assert reached or not any(set(step.channels) & inside for step in chain.steps[first.after.step :])
