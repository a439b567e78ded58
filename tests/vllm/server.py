"""A real vLLM server on loopback: the flags of deploy/vllm, with a small random Qwen3-VL in place of the 8B."""

import ctypes
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from services.runtime.ports import free_port

ROOT = Path(__file__).parents[2]
FLAGS = ROOT / "deploy" / "vllm" / "bf16.yaml"
READY_WITHIN_S = 300.0
SMALL = ("--max-num-seqs", "4", "--enforce-eager")
"""Sizes of the tests' server: few enough places that a line forms, and no compilation."""
_PR_SET_PDEATHSIG = 1
_MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json")


class NoVllm(RuntimeError):
    """There is no environment with vLLM on this machine; the text says how to make one."""


def interpreter() -> Path:
    """The Python that has vLLM.

    Raises:
        NoVllm: none was made yet.
    """
    asked = subprocess.run([ROOT / "deploy/setup/vllm_env.sh", "--where"], capture_output=True, text=True)
    if asked.returncode:
        raise NoVllm(asked.stderr.strip())
    return Path(asked.stdout.strip())


def small_model(python: Path) -> Path:
    """The folder of a random Qwen3-VL of a million parameters: drawn once, and again only where its recipe changes."""
    recipe = b"".join(file.read_bytes() for file in sorted((ROOT / "training" / "tiny").glob("*.py")))
    digest = hashlib.sha256(recipe + str(python).encode()).hexdigest()[:12]
    folder = python.parents[2] / f"tiny-{digest}"
    if all((folder / name).exists() for name in _MODEL_FILES):
        return folder
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    command = [python, "-m", "training.tiny", making]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another run was first
        making.rename(folder)
    return folder


@dataclass(slots=True, eq=False)
class VllmServer:
    """A server's process and what it says of itself. Its two processes, door and engine, form one group."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    model: Path
    gone: bool = field(default=False)

    def wait_until_ready(self, within_s: float = READY_WITHIN_S) -> "VllmServer":
        """Until it answers; a server that ends instead is told with its last words."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            assert self.process.poll() is None, f"vLLM ended before it was ready:\n{self.last_words()}"
            with suppress(httpx.RequestError):
                if httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == httpx.codes.OK:
                    return self
            time.sleep(0.2)
        raise AssertionError(f"vLLM was not ready within {within_s:.0f} s:\n{self.last_words()}")

    def metric(self, name: str) -> float:
        """The sum over all labels of one of its Prometheus metrics."""
        text = httpx.get(f"{self.url}/metrics", timeout=10, trust_env=False).text
        lines = [line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
        assert lines, f"{name}: no such metric"
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def busy(self) -> int:
        """Requests that it is answering or that wait there."""
        return int(self.metric("vllm:num_requests_running") + self.metric("vllm:num_requests_waiting"))

    def engine_process(self) -> int:
        """The process id of the part that decides what is computed next."""
        return _child(self.process.pid, "EngineCore")

    def give_no_more_memory(self) -> None:
        """Refuse the part that computes every further page of memory, as a machine does that has none left."""
        worker = _child(self.engine_process(), "Worker")
        status = Path(f"/proc/{worker}/status").read_text()
        [held_kib] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData:")]
        resource.prlimit(worker, resource.RLIMIT_DATA, (held_kib * 1024, held_kib * 1024))

    def tell(self, number: signal.Signals) -> None:
        """Send both processes a signal."""
        os.killpg(self.process.pid, number)

    def end(self) -> None:
        """End it, for good."""
        if self.gone:
            return
        self.gone = True
        with suppress(ProcessLookupError):
            self.tell(signal.SIGCONT)
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.tell(signal.SIGKILL)
        self.process.wait()

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


@contextmanager
def vllm_server(
    folder: Path, *flags: str, flag_file: Path = FLAGS, environment: Mapping[str, str] | None = None
) -> Iterator[VllmServer]:
    """A server that is starting; `folder` keeps its log. `flags` come after, and win over, those of the file.

    Raises:
        NoVllm: there is no environment with vLLM.
    """
    python = interpreter()
    model = small_model(python)
    port = free_port()
    log = folder / f"vllm-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            _command(python, flag_file, model, port, flags), stdout=out, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True, env=_environment(environment or {}),
            preexec_fn=_end_with_parent,
        )  # fmt: skip
    server = VllmServer(f"http://127.0.0.1:{port}", process, log, model)
    try:
        yield server
    finally:
        server.end()


def _child(parent: int, name: str) -> int:
    """The process id of the one child of `parent` with this in its name."""
    children = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True,
                              check=True).stdout  # fmt: skip
    [found] = [line.split()[0] for line in children.splitlines() if name in line]
    return int(found)


def _end_with_parent() -> None:
    """Have Linux end this process when whoever started it is killed, so that no server outlives its tests."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _command(python: Path, flag_file: Path, model: Path, port: int, flags: Sequence[str]) -> list[str]:
    return [
        str(python), "-m", "vllm.entrypoints.openai.api_server", "--config", str(flag_file), "--model", str(model),
        "--host", "127.0.0.1", "--port", str(port), *SMALL, *flags,
    ]  # fmt: skip


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("VLLM_", "PYTHON", "ATTUNE_"))}
    return {
        **kept, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", **more,
    }  # fmt: skip
