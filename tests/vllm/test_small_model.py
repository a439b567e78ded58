"""The small Qwen3-VL is the same model wherever it is drawn, and says why where it cannot be."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vllm.server import ROOT, interpreter, small_model

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


@pytest.mark.vllm
def test_it_draws_the_same_bytes_from_the_same_seed(vllm_there: None, tmp_path: Path) -> None:
    known = digests(small_model(interpreter()))
    for seed, weights_alike in ((0, True), (1, False)):
        folder = tmp_path / str(seed)
        command = [interpreter(), "-m", "training.tiny", folder, "--seed", str(seed)]
        subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
        drawn = digests(folder)
        assert set(drawn) == set(known)
        assert (drawn.pop("model.safetensors") == known["model.safetensors"]) is weights_alike
        assert drawn.items() <= known.items()


@pytest.mark.unit
@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("sys.modules['torch'] = None", "torch is not installed here: run it with the Python of the vLLM environment"),
        ("sys.modules['transformers'] = None; sys.modules['tokenizers'] = None", "is not installed here"),
    ],
)
def test_it_says_which_python_it_needs(prepare: str, words: str, tmp_path: Path) -> None:
    script = (
        f"import sys; {prepare}; from training.tiny.__main__ import main; sys.exit(main([{str(tmp_path / 'm')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "m").exists()
