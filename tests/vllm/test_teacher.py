"""A real vLLM server as a teacher: what a model without sense answers is paid for once, counted, and never learned."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.training.staged_lives import questions, settings
from tests.vllm.server import VllmServer
from training.synthesis.answers import Answers
from training.synthesis.asking import ask
from training.synthesis.filters import Unusable, Why
from training.synthesis.questions import Form
from training.synthesis.school import School
from training.synthesis.settings import Protocol, TeacherSettings

pytestmark = pytest.mark.vllm


def test_it_counts_the_tokens_of_a_real_server_and_learns_no_nonsense(
    model_server: VllmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    teacher = TeacherSettings(
        name="tiny", protocol=Protocol.OPENAI, model="qwen3-vl", url=f"{model_server.url}/v1", terms="random weights",
        max_tokens=64, attempts=1, timeout_s=240.0, temperature=0.6,
    )  # fmt: skip
    of = School(settings(teacher), Answers(tmp_path))
    asked = questions(settings(scale=0.01), Form.REPORT)[:3]
    said: list[tuple[str, dict[str, object]]] = []
    asyncio.run(ask(of, of.pairs(asked), 0.0, lambda what, fields: said.append((what, fields)), lambda: None))
    assert [what for what, _ in said] == ["answered"] * 3
    assert all(isinstance(one["tokens_in"], int) and one["tokens_in"] > 300 for _, one in said)
    assert all(isinstance(one["tokens_out"], int) and 0 < one["tokens_out"] <= 64 for _, one in said)
    for one in asked:
        with pytest.raises(Unusable) as found:
            of.opinion(one, teacher)
        assert found.value.why in (Why.NO_VERDICT, Why.MALFORMED, Why.LOOPED, Why.NO_THINKING)
    money = of.estimate(of.pairs(asked))
    assert (money.known, money.new) == (3, 0)
