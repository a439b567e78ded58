"""What the tests marked vllm share, each made when a test first asks for it: two real servers, a training."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vllm.schooling import corpus, lessons, settings, train
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
def school(vllm_there: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus of L2, settings, and a training that nobody interrupted, by one process."""
    folder = tmp_path_factory.mktemp("school")
    corpus(folder / "composed", lessons())
    settings(folder)
    done = train("qlora", folder / "qlora.toml", "--corpus", folder / "composed", "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    return folder


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
    """A third one, which starts when a test first asks for it, and adapts vision tower and merger, too."""
    with vllm_server(tmp_path_factory.mktemp("late"), "--enable-tower-connector-lora") as server:
        yield server


@pytest.fixture(scope="session")
def starved_server(late_server: VllmServer) -> VllmServer:
    """The same one, ready, for the test that takes its memory away: it comes last."""
    return late_server.wait_until_ready()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever kills a server does so when nobody else needs it."""
    items.sort(key=lambda item: bool({"doomed_server", "starved_server"} & set(getattr(item, "fixturenames", ()))))
