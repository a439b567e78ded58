"""A bundle is taken exactly as it was sealed, and everything that a server would pass over in silence is refused."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from safetensors.numpy import save_file

from vlm_service.bundle import (
    BundleError,
    CardUnreadable,
    DoesNotFit,
    FileAltered,
    FileForbidden,
    FileMissing,
    KeyUnusable,
    NotSigned,
    Server,
    WeightsUnusable,
    fits,
    make_keys,
    open_bundle,
    seal,
    trusted_keys,
)

pytestmark = pytest.mark.unit

BASE = "Qwen/Qwen3-VL-8B-Thinking"
DIGEST = "ab" * 32
WEIGHTS = "adapter_model.safetensors"
PATH = "base_model.model.model.language_model.layers.{n}.self_attn.{layer}"
CARD: dict[str, Any] = {
    "name": "agitation", "base": {"model": BASE, "weights_sha256": DIGEST}, "rank": 4, "alpha": 8.0,
    "targets": ["q_proj", "v_proj"], "prompt_version": "p1",
    "corpus": {"fingerprint": "cd" * 32, "examples": 7500, "layers": {"L1": 0.6, "L2": 0.4}},
    "made_at": "2026-11-21T22:00:00Z", "approved_by": "Dr Lang",
}  # fmt: skip
SERVER = Server(BASE, DIGEST, most_rank=16)


def tensors(rank: int = 4, path: str = PATH, filled: float = 0.01) -> dict[str, np.ndarray[Any, Any]]:
    found = {}
    for n in range(2):
        for layer in ("q_proj", "v_proj"):
            place = path.format(n=n, layer=layer)
            found[f"{place}.lora_A.weight"] = np.full((rank, 16), 0.02, np.float32)
            found[f"{place}.lora_B.weight"] = np.full((32, rank), filled, np.float32)
    return found


def written(folder: Path, weights: dict[str, np.ndarray[Any, Any]] | None = None, **card: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors() if weights is None else weights, folder / WEIGHTS)
    said = CARD | card
    (folder / "card.json").write_text(json.dumps(said))
    peft = {"peft_type": "LORA", "r": said["rank"], "lora_alpha": said["alpha"], "target_modules": said["targets"]}
    (folder / "adapter_config.json").write_text(json.dumps(peft))
    (folder / "README.md").write_text("# Agitation\n")
    return folder


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private, public = tmp_path / "key.pem", tmp_path / "key.pub"
    make_keys(private, public)
    return private, public


def test_what_training_wrote_is_sealed_signed_and_taken(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    private, public = keys
    made = seal(written(tmp_path / "b"), private)
    bundle = open_bundle(tmp_path / "b", public)
    assert bundle.served_name == made.served_name
    assert bundle.served_name.startswith("agitation@") and len(bundle.served_name) == len("agitation@") + 12
    assert (bundle.weights.rank, bundle.weights.layers, bundle.weights.targets) == (4, 2, ("q_proj", "v_proj"))
    assert bundle.weights.parameters == 4 * (4 * 16 + 32 * 4)
    fits(bundle, SERVER)
    assert (private.stat().st_mode & 0o777) == 0o600


def test_its_name_follows_from_its_contents_alone(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    one, signed = seal(written(tmp_path / "a")), seal(written(tmp_path / "elsewhere"), keys[0])
    other = seal(written(tmp_path / "c", tensors(filled=0.02)))
    assert one.served_name == signed.served_name != other.served_name


def altered(folder: Path) -> None:
    raw = bytearray((folder / WEIGHTS).read_bytes())
    raw[-1] ^= 1
    (folder / WEIGHTS).write_bytes(raw)


def escaping(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../../etc/passwd"] = {"sha256": "0" * 64, "bytes": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))


HARM: list[tuple[Callable[[Path], object], type[BundleError], str]] = [
    (altered, FileAltered, WEIGHTS),
    (escaping, FileForbidden, "plain names"),
    (lambda folder: (folder / "card.json").unlink(), FileMissing, "card.json"),
    (lambda folder: (folder / "README.md").unlink(), FileMissing, "README.md"),
    (lambda folder: (folder / "manifest.json").unlink(), FileMissing, "adapters seal"),
    (lambda folder: (folder / "manifest.json").write_text("{"), FileAltered, "manifest.json"),
    (lambda folder: (folder / "notes.md").write_text("more"), FileAltered, "notes.md"),
    (lambda folder: (folder / "pytorch_model.bin").write_bytes(b"\x80\x04"), FileForbidden, "run code"),
    (lambda folder: (folder / "setup.py").write_text("import os"), FileForbidden, "setup.py"),
    (lambda folder: (folder / "more").mkdir(), FileForbidden, "folder"),
    (lambda folder: (folder / "link.md").symlink_to("/etc/passwd"), FileForbidden, "link"),
    (lambda folder: os.mkfifo(folder / "pipe.md"), FileForbidden, "special file"),
    (shutil.rmtree, FileMissing, "missing"),
]


@pytest.mark.parametrize(("harm", "error", "says"), HARM)
def test_a_bundle_that_is_not_as_it_was_sealed_is_refused(
    harm: Callable[[Path], object], error: type[BundleError], says: str, tmp_path: Path
) -> None:
    seal(written(tmp_path / "b"))
    harm(tmp_path / "b")
    with pytest.raises(error, match=says):
        open_bundle(tmp_path / "b")


def test_a_bundle_that_is_named_by_a_relative_path_is_signed_like_any_other(
    tmp_path: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    seal(Path("here"), keys[0])
    assert open_bundle(Path("here"), keys[1]) and open_bundle(tmp_path / "here", keys[1])
    moved = Path("here").rename(tmp_path / "there")
    assert open_bundle(moved, keys[1]).card.name == "agitation"


def test_only_a_signature_of_the_trusted_key_over_these_files_counts(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    folder = written(tmp_path / "b")
    seal(folder)
    with pytest.raises(NotSigned, match="missing"):
        open_bundle(folder, keys[1])
    stranger = (tmp_path / "s.pem", tmp_path / "s.pub")
    make_keys(*stranger)
    seal(folder, stranger[0])
    open_bundle(folder, stranger[1])
    with pytest.raises(NotSigned, match=r"key\.pub"):
        open_bundle(folder, keys[1])
    seal(folder, keys[0])
    (folder / "README.md").write_text("# Another\n")
    signature = (folder / "bundle.sig").read_bytes()
    seal(folder)
    (folder / "bundle.sig").write_bytes(signature)
    with pytest.raises(NotSigned, match="other files"):
        open_bundle(folder, keys[1])
    (folder / "bundle.sig").write_text("{}")
    with pytest.raises(NotSigned):
        open_bundle(folder, keys[1])
    with pytest.raises(NotSigned, match="no such key"):
        open_bundle(folder, tmp_path / "nowhere.pub")
    with pytest.raises(NotSigned, match="private key"):
        seal(folder, keys[1])


def test_a_folder_of_keys_trusts_each_of_them_and_nobody_while_it_is_empty(
    tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    folder, trusted = written(tmp_path / "b"), tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "README.md").write_text("# Who may sign\n")
    seal(folder, keys[0])
    assert trusted_keys(trusted) == {}
    with pytest.raises(NotSigned, match="nobody is trusted"):
        open_bundle(folder, trusted)
    make_keys(tmp_path / "s.pem", trusted / "s.pub")
    with pytest.raises(NotSigned, match=r"s\.pub"):
        open_bundle(folder, trusted)
    (trusted / "z.pub").write_bytes(keys[1].read_bytes())
    open_bundle(folder, trusted)
    digits = trusted_keys(trusted)[trusted / "z.pub"]
    assert trusted_keys(keys[1]) == {keys[1]: digits} and len(digits) == 12


def test_what_is_no_public_key_is_told_and_not_passed_over(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    (tmp_path / "adapters.pub").write_bytes(keys[0].read_bytes())
    with pytest.raises(KeyUnusable, match="the private one stays"):
        trusted_keys(tmp_path)
    (tmp_path / "adapters.pub").write_bytes(
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )  # fmt: skip
    with pytest.raises(KeyUnusable, match="of another kind"):
        trusted_keys(tmp_path)


def test_keys_are_never_overwritten(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    before = keys[0].read_bytes()
    with pytest.raises(FileExistsError):
        make_keys(*keys)
    assert keys[0].read_bytes() == before


def without(part: str) -> dict[str, np.ndarray[Any, Any]]:
    return {key: value for key, value in tensors().items() if part not in key}


def with_one(key: str, value: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    return tensors() | {key: value}


FIRST = PATH.format(n=0, layer="q_proj")
WRONG_WEIGHTS = [
    (tensors(path="base_model.model.model.layers.{n}.self_attn.{layer}"), "pass over it in silence"),
    (tensors(path="base_model.model.model.language_model.layers.{n}.self_attn.x{layer}"), "no such layer"),
    (tensors(filled=0.0), "change nothing"),
    (tensors(filled=float("nan")), "not a number"),
    (without("layers.0.self_attn.q_proj.lora_B"), "half of it"),
    (with_one(f"{FIRST}.lora_A.weight", np.ones((3, 16), np.float32)), "shapes"),
    ({**tensors(), **{k.replace("layers.1", "layers.7"): v for k, v in tensors(2).items()}}, "one rank"),
    (with_one("base_model.model.lm_head.weight", np.ones((2, 2), np.float32)), "no weight of a LoRA"),
    (with_one(f"{FIRST}.lora_B.weight", np.ones((32, 4), np.float64)), "F64"),
    ({}, "holds no weights"),
]


@pytest.mark.parametrize(("weights", "says"), WRONG_WEIGHTS)
def test_weights_that_a_server_would_not_use_are_refused(
    weights: dict[str, np.ndarray[Any, Any]], says: str, tmp_path: Path
) -> None:
    with pytest.raises(WeightsUnusable, match=says):
        seal(written(tmp_path / "b", weights))
    assert not (tmp_path / "b" / "manifest.json").exists()


def test_a_file_that_only_says_it_is_safetensors_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "b")
    whole = (folder / WEIGHTS).read_bytes()
    for raw in (b"", b"\x80\x04pickle", whole[:-7], b"\xff" * 64):
        (folder / WEIGHTS).write_bytes(raw)
        with pytest.raises(WeightsUnusable, match="damaged or no safetensors"):
            seal(folder)


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ({"rank": 8}, "one rank"),
        ({"targets": ["q_proj"]}, "targets"),
        ({"name": "../agitation"}, "name"),
        ({"name": "Agitation 2"}, "name"),
        ({"corpus": CARD["corpus"] | {"layers": {"L1": 0.6}}}, "together 1"),
        ({"corpus": CARD["corpus"] | {"fingerprint": "none"}}, "SHA-256"),
        ({"base": {"model": BASE}}, "weights_sha256"),
        ({"mood": "fine"}, "mood"),
    ],
)
def test_a_card_that_does_not_say_what_it_must_is_refused(card: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(CardUnreadable, match=says):
        seal(written(tmp_path / "b", **card))


@pytest.mark.parametrize(
    "extra", [{"use_dora": True}, {"peft_type": "IA3"}, {"modules_to_save": ["lm_head"]}, {"bias": "all"}]
)
def test_what_vllm_does_not_serve_is_refused(extra: dict[str, Any], tmp_path: Path) -> None:
    folder = written(tmp_path / "b")
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | extra))
    with pytest.raises(CardUnreadable, match="plain LoRA"):
        seal(folder)


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (Server("Qwen/Qwen3-8B", DIGEST), "is for Qwen/Qwen3-VL-8B-Thinking"),
        (Server(BASE, "ef" * 32), "was trained on weights"),
        (Server(BASE, DIGEST, most_rank=2), "--max-lora-rank 4"),
    ],
)
def test_a_sound_bundle_that_does_not_fit_the_server_is_refused(server: Server, says: str, tmp_path: Path) -> None:
    bundle = seal(written(tmp_path / "b"))
    with pytest.raises(DoesNotFit, match=says):
        fits(bundle, server)


BLOCK, MERGER = "base_model.model.model.visual.blocks.0.{}", "base_model.model.model.visual.{}.linear_fc1"


def beyond(*paths: str) -> dict[str, np.ndarray[Any, Any]]:
    """A LoRA on layers of these paths."""
    halves = {"A": np.full((4, 16), 0.02, np.float32), "B": np.full((32, 4), 0.01, np.float32)}
    return {f"{path}.lora_{half}.weight": weights for path in paths for half, weights in halves.items()}


def test_a_changed_vision_tower_needs_a_server_and_a_card_that_know_of_it(tmp_path: Path) -> None:
    weights = tensors() | beyond(BLOCK.format("attn.qkv"), MERGER.format("merger"))
    told: dict[str, Any] = {
        "targets": ["linear_fc1", "q_proj", "qkv", "v_proj"], "parts": ["merger", "vision", "language"],
    }  # fmt: skip
    with pytest.raises(CardUnreadable, match=r"changes the vision tower and the merger, and card\.json says"):
        seal(written(tmp_path / "text", weights, **told))
    with pytest.raises(CardUnreadable, match=r"parts language, .*: language, vision, merger: expected the same"):
        seal(written(tmp_path / "untold", weights, targets=told["targets"], sees="frames"))
    bundle = seal(written(tmp_path / "frames", weights, sees="frames", **told))
    with pytest.raises(DoesNotFit, match=r"--enable-tower-connector-lora, and .* ATTUNE_VLM_TOWER_ADAPTERS=true"):
        fits(bundle, SERVER)
    fits(bundle, Server(BASE, DIGEST, tower=True))
    assert (bundle.weights.layers, bundle.weights.first, bundle.weights.tower) == (2, 0, True)
    alone = beyond(MERGER.format("deepstack_merger_list.2"))
    merger = seal(written(tmp_path / "merger", alone, targets=["linear_fc1"], parts=["merger"], sees="frames"))
    assert (merger.weights.parts, merger.weights.layers, merger.weights.first) == (("merger",), 0, None)


@pytest.mark.parametrize("path", [BLOCK.format("attn.q_proj"), "base_model.model.model.visual.patch_embed.proj",
                                  "base_model.model.model.visual.merger.proj"])  # fmt: skip
def test_a_layer_that_no_vision_tower_has_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnusable, match="the served model has no such layer"):
        seal(written(tmp_path / "b", tensors() | beyond(path), sees="frames"))


PNG = "iVBORw0KGgoAAAANSUhEUg=="
SEEN = "<|im_start|>user\nsee <|vision_start|><|image_pad|><|vision_end|> now"


@pytest.mark.parametrize(
    ("prompt", "pictures", "says"),
    [
        (SEEN, [], "0 pictures for 1 place holders"),
        (SEEN + SEEN, [PNG], "1 pictures for 2 place holders"),
        (SEEN.removeprefix("<|im_start|>"), [PNG], "expected a conversation by the template"),
        (SEEN, ["/9j/4AAQSkZJRg=="], r"probes\.0\.pictures\.0"),
    ],
)
def test_a_golden_prompt_has_a_picture_for_each_place(
    prompt: str, pictures: list[str], says: str, tmp_path: Path
) -> None:
    probe = {"prompt": prompt, "pictures": pictures, "adapted": {"token_id:1": -0.1}, "base": {"token_id:2": -0.1}}
    with pytest.raises(CardUnreadable, match=says):
        seal(written(tmp_path / "b", probes=[probe]))
    seal(written(tmp_path / "c", probes=[probe | {"prompt": SEEN, "pictures": [PNG]}]))


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli.main", "adapters", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_makes_keys_seals_checks_and_refuses_in_words(tmp_path: Path) -> None:
    private, public, folder = tmp_path / "a.key", tmp_path / "a.pub", written(tmp_path / "agitation")
    assert run("keys", "--private", private, "--public", public).returncode == 0
    assert run("seal", folder, "--key", private).returncode == 0
    told = run("check", folder, "--trust", public, "--model", BASE, "--weights", DIGEST, "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["served_name"].startswith("agitation@")
    shown = run("check", folder)
    assert "Dr Lang" in shown.stdout and "its effect cannot be proven" in shown.stdout
    altered(folder)
    refused = run("check", folder, "--trust", public)
    assert refused.returncode == 1
    assert "refused (file_altered): adapter_model.safetensors" in refused.stderr
    again = run("keys", "--private", private, "--public", public)
    assert again.returncode == 2 and "never overwritten" in again.stderr
