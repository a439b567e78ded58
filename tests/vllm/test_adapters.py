"""Adapters on a real vLLM: proven or refused, judged, tried, heard and taken back, by the real command line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.doctor_adapters import Access, look
from services.ledger import AdapterAnswerRepository, AuditRepository
from services.vocabulary import AdapterRole, AdapterState
from tests.unit.vlm.bundles import sealed
from tests.vllm.house import MOVES, PROMPTS, House, house, policy, recorded, short, trained
from tests.vllm.server import VllmServer
from vlm_service.bundle import Bundle
from vlm_service.failures import NotProven
from vlm_service.metrics import PROOFS

pytestmark = [pytest.mark.vllm, pytest.mark.usefixtures("short")]
__all__ = ["short"]


@pytest.fixture(scope="session")
def bundles(model_server: VllmServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Bundle]:
    """Two adapters of the same name with other contents, each with what training recorded of it."""
    folder = tmp_path_factory.mktemp("bundles")
    return trained(folder / "one", model_server.model, 1), trained(folder / "two", model_server.model, 2)


def test_an_adapter_goes_from_push_to_active_and_back(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            one, two = [await home.pushed(bundle) for bundle in bundles]
            assert (await home.ask(0))[1] == ""
            await home.told("promote", one, "--by", "Mr Vogel", "--why", "first of its kind")
            assert (await home.ask(0))[1] == one
            await home.told("shadow", two)
            assert (await home.ask(1))[1] == one
            await home.until(lambda: bool(answers(home, two)))
            [unheard] = answers(home, two)
            assert (unheard.role, unheard.event, unheard.beside) == (AdapterRole.SHADOW, "event-1", one)
            assert unheard.tier and unheard.beside_tier
            await home.ready(two)
            await home.told("canary", two, "--share", "0.5")
            heard = {(await home.ask(number))[1] for number in range(12)}
            assert heard == {one, two}
            looked = await asyncio.to_thread(lambda: list(look(Access(url=home.url), most_rank=32)))
            found = {finding.what: finding for finding in looked}
            assert found["adapter active"].found == one
            assert found["adapter canary"].found == f"{two}, heard for 50 % of all events"
            assert [found[f"proof of {name}"].found for name in (one, two)] == ["at 1 of 1 servers"] * 2
            shown = await home.cli("show", "canary")
            for words in ("canary, 50%", "as trained", "valid answers", "on real events", "first of its kind"):
                assert words in shown.stdout + (await home.cli("show", one)).stdout, words
            compared = await home.cli("diff", one, two)
            assert "the same gate cases" in compared.stdout and "second - first" in compared.stdout
            await home.told("promote", two)
            assert (await home.ask(2))[1] == two
            taken = await home.told("rollback", "--why", "the ward asked for it")
            assert taken["served_name"] == two and (await home.ask(2))[1] == one
            with home.database.read() as connection:
                assert AuditRepository(connection).verify() is None
            await home.until(lambda: two not in held(model_server))
            assert one in held(model_server)

    asyncio.run(lived())


def answers(home: House, served_name: str) -> list[Any]:
    with home.database.read() as connection:
        return AdapterAnswerRepository(connection).of(served_name)


def held(server: VllmServer) -> set[str]:
    return {model["id"] for model in httpx.get(f"{server.url}/v1/models", timeout=30).json()["data"]}


@pytest.mark.parametrize(
    ("seed", "scale", "says"),
    [
        (1, 1e-6, "effect on the server: the server answers as without it"),
        (1, 1e30, "says something: every token is as likely as any other"),
        (3, MOVES, "as trained: the server answers otherwise with it than training recorded"),
    ],
)
def test_an_adapter_that_is_not_what_training_recorded_is_refused_in_words(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], seed: int, scale: float, says: str, tmp_path: Path
) -> None:
    probes = [probe.model_dump() for probe in bundles[0].card.probes]

    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            name = await home.pushed(sealed(tmp_path / "b", seed, scale, probes=probes))
            version = home.registry.find(name)
            assert version.state is AdapterState.REFUSED and says in version.why, version.why
            refused = await home.cli("promote", name)
            assert refused.returncode == 1 and "is refused and cannot become active" in refused.stderr

    asyncio.run(lived())


def test_what_was_trained_on_another_model_or_recorded_nothing_is_refused(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    swapped = [{**probe.model_dump(), "base": dict(probe.adapted)} for probe in bundles[0].card.probes]

    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            for number, (probes, says) in enumerate(((swapped, "same base"), ([], "golden prompts"))):
                name = await home.pushed(sealed(tmp_path / f"b{number}", 1, MOVES, probes=probes))
                why = home.registry.find(name).why
                assert why.startswith(f"probe: {says}"), why

    asyncio.run(lived())


def test_what_training_records_lies_well_within_the_tolerance(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            name = await home.pushed(bundles[0], judged=False)
            rows = {row[0]: row for row in json.loads(home.registry.reports(name)["probe"].body)["rows"]}
            assert set(rows) >= {"same base", "as trained", "not mixed"}
            for check in ("same base", "as trained", "not mixed"):
                assert float(rows[check][2]) < 0.1 < float(rows[check][3]), rows[check]

    asyncio.run(lived())


def test_gates_that_are_not_passed_keep_an_adapter_unheard(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    async def lived() -> None:
        async with house(tmp_path, model_server.url, policy(tmp_path, thinking_chars=100_000)) as home:
            name = await home.pushed(bundles[0])
            refused = await home.cli("canary", name, "--share", "0.1")
            assert refused.returncode == 1 and "did not pass its gates" in refused.stderr
            shown = (await home.cli("show", name)).stdout
            assert "length of thinking" in shown and "it was trained to think less" in shown
            await home.told("shadow", name)

    asyncio.run(lived())


def test_a_canary_that_is_late_too_often_is_taken_back_by_itself(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    async def lived() -> None:
        live = {"late_s": 0.001}
        async with house(tmp_path, model_server.url, policy(tmp_path, live=live)) as home:
            name = await home.pushed(bundles[0])
            await home.told("canary", name, "--share", "1")
            for number in range(6):
                assert (await home.ask(number))[1] in (name, "")
            await home.until(lambda: home.registry.find(name).state is AdapterState.RETIRED)
            last = home.registry.history(name)[-1]
            assert (last.by, last.cause.value) == ("vlm_service", "rolled_back")
            assert last.why.startswith("was late") and "allowed 10%" in last.why
            assert (await home.ask(99))[1] == ""

    asyncio.run(lived())


def test_a_server_that_forgot_its_adapter_proves_it_again_before_it_is_heard(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    """As after a restart: the service still thinks that it is there."""

    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            name = await home.pushed(bundles[0])
            await home.told("promote", name)
            before = (await home.ask(7))[0]
            away = {"lora_name": name}
            gone = await home.engine.client.post(f"{model_server.url}/v1/unload_lora_adapter", json=away, timeout=60)
            assert gone.status_code == 200 and name not in held(model_server)
            with pytest.raises(NotProven, match="is being proven there"):
                await home.ask(7)
            replica = home.engine.replicas.all[0]
            await home.until(lambda: name in replica.proven)
            assert await home.ask(7) == (before, name)


def test_an_adapter_whose_file_was_altered_is_not_heard_from_a_server_that_came_back(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            name = await home.pushed(bundles[0])
            await home.told("promote", name)
            (weights,) = (tmp_path / "adapters").rglob(f"{name}/adapter_model.safetensors")
            whole = weights.read_bytes()
            weights.chmod(0o644)
            weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 0x80]))
            failed = PROOFS.labels("failed")._value.get()
            away = {"lora_name": name}
            await home.engine.client.post(f"{model_server.url}/v1/unload_lora_adapter", json=away, timeout=60)
            with pytest.raises(NotProven):
                await home.ask(7)
            await home.until(lambda: PROOFS.labels("failed")._value.get() > failed)
            with pytest.raises(NotProven):
                await home.ask(7)
            assert name not in home.engine.replicas.all[0].proven

    asyncio.run(lived())


def test_a_swap_under_load_fails_nobody_and_mixes_nothing(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            one, two = [await home.pushed(bundle) for bundle in bundles]
            expected = {}
            for name in (one, two):
                await home.ready(name)
                await home.told("promote", name)
                expected[name] = {number: (await home.ask(number))[0] for number in range(4)}
            assert expected[one] != expected[two]
            early = await home.cli("promote", one)
            assert early.returncode == 1 and f"beside the base model, and {two} is heard" in early.stderr
            await home.ready(one)
            load = [asyncio.create_task(home.ask(number % 4)) for number in range(24)]
            await home.told("promote", one)
            load += [asyncio.create_task(home.ask(number % 4)) for number in range(24)]
            said = await asyncio.gather(*load)
            assert {name for _, name in said} == {one, two}
            for number, (opinion, name) in enumerate(said):
                assert opinion == expected[name][number % 4], (number, name)

    asyncio.run(lived())


def test_the_base_model_answers_as_itself_while_adapters_do(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    """vLLM on a CPU takes the weights of whatever lies in its last place for adapters; a stand-in keeps it right."""

    async def lived() -> None:
        async with house(tmp_path, model_server.url) as home:
            alone = {number: (await home.ask(number))[0] for number in range(3)}
            one = await home.pushed(bundles[0])
            await home.told("canary", one, "--share", "0.5")
            said = await asyncio.gather(*(home.ask(number) for number in range(12)))
            assert {name for _, name in said} == {"", one}
            by_base = {number: opinion for number, (opinion, name) in enumerate(said) if name == "" and number < 3}
            assert by_base == {number: alone[number] for number in by_base}

    asyncio.run(lived())


def test_the_recorded_prompts_of_two_adapters_tell_them_apart(
    model_server: VllmServer, bundles: tuple[Bundle, Bundle]
) -> None:
    again = recorded(model_server.model, bundles[0].folder, PROMPTS)
    assert [probe["adapted"] for probe in again] == [probe.adapted for probe in bundles[0].card.probes]
    assert bundles[0].card.probes[0].adapted != bundles[1].card.probes[0].adapted
