"""The two real servers that all tests marked vllm share; each starts with the first test that asks for it."""

from collections.abc import Iterator

import pytest

from tests.vllm.server import NoVllm, VllmServer, interpreter, vllm_server

KEY = "a-key-of-the-second-server"


@pytest.fixture(scope="session")
def vllm_there() -> None:
    """Skips where no environment with vLLM was made."""
    try:
        interpreter()
    except NoVllm as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def model_servers(
    vllm_there: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[VllmServer, VllmServer]]:
    """Both, still starting: together they need less time than one after the other."""
    folder = tmp_path_factory.mktemp("vllm")
    with (
        vllm_server(folder) as first,
        vllm_server(folder, "--max-num-seqs", "1", "--max-num-queued-reqs", "3", "--reasoning-parser", "deepseek_r1",
                    "--api-key", KEY) as second,
    ):  # fmt: skip
        yield first, second


@pytest.fixture(scope="session")
def model_server(model_servers: tuple[VllmServer, VllmServer]) -> VllmServer:
    """A server with the flags that ship."""
    return model_servers[0].wait_until_ready()


@pytest.fixture(scope="session")
def narrow_server(model_servers: tuple[VllmServer, VllmServer]) -> VllmServer:
    """One with room for one request and a line of two, the older reasoning parser and an API key."""
    return model_servers[1].wait_until_ready()


@pytest.fixture(scope="session")
def doomed_server(narrow_server: VllmServer) -> VllmServer:
    """The same one, for tests that may hang and kill it: they come last."""
    return narrow_server


@pytest.fixture(scope="session")
def late_server(vllm_there: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """A third one, which starts when a test first asks for it."""
    with vllm_server(tmp_path_factory.mktemp("late")) as server:
        yield server


@pytest.fixture(scope="session")
def starved_server(late_server: VllmServer) -> VllmServer:
    """The same one, ready, for the test that takes its memory away: it comes last."""
    return late_server.wait_until_ready()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever kills a server does so when nobody else needs it."""
    items.sort(key=lambda item: bool({"doomed_server", "starved_server"} & set(getattr(item, "fixturenames", ()))))
