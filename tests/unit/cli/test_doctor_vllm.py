"""The doctor tells a vLLM that lacks what Attune needs, and flags that ask for too much or too little."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import doctor_vllm, doctor_vllm_flags
from services.cli.doctor_vllm import Needs
from services.cli.main import app
from services.runtime.findings import Finding, Grade
from services.runtime.model_geometry import QWEN3_VL_8B, GeometryError, geometry_of
from services.runtime.vllm_flags import FlagsError, VllmFlags
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.unit
FLAGS = Path(__file__).parents[3] / "deploy" / "vllm"
PLAIN = {"id": "qwen3-vl", "max_model_len": 4096}


@pytest.fixture
def old_server() -> Iterator[str]:
    """A server of long ago that knows models and chat alone, for whoever shows the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers: Mapping[str, object] = {"/v1/models": {"data": [PLAIN]}, "/version": {"version": "0.8.5"}}
            allowed = self.headers.get("Authorization") == "Bearer sesame"
            self._say(200 if self.path in answers else 404, answers.get(self.path, {})) if allowed else self._say(
                401, {}
            )

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "priority" in asked:
                self._say(400, {"message": "Got priority 1 but Priority scheduling is not enabled."})
            elif self.path == "/v1/chat/completions":
                self._say(200, {"choices": [{"message": {"content": "Good morning."}}]})
            else:
                self._say(404, {"detail": "Not Found"})

        def _say(self, status: int, body: object) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def by_name(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def test_it_finds_all_that_an_old_server_lacks(old_server: str) -> None:
    needs = Needs(server_key="sesame", priorities=True, thinking_token_budget=4000, adapter="calm@0123456789ab")
    found = by_name(doctor_vllm.look(f"{old_server}/v1/", needs))
    for what in ("vLLM version", "context", "adapter", "priorities", "adapters", "pictures by address"):
        assert found[what].grade is Grade.BAD, what
        assert found[what].remedy
    assert "Priority scheduling is not enabled" in found["priorities"].found
    assert found["thinking"].grade is Grade.NOTE


def test_it_needs_the_key(old_server: str) -> None:
    [finding] = doctor_vllm.look(old_server, Needs())
    assert finding.grade is Grade.BAD
    assert "ATTUNE_VLM_SERVER_KEY" in finding.remedy


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://[", "nonsense"])
def test_it_says_that_vllm_does_not_answer(address: str) -> None:
    [finding] = doctor_vllm.look(address, Needs())
    assert (finding.what, finding.grade) == ("vLLM", Grade.BAD)


def test_layers_of_an_adapter_in_the_vision_tower_need_a_flag_and_memory(tmp_path: Path) -> None:
    needs, shipped = Needs(priorities=True, tower_adapters=True), FLAGS / "bf16.yaml"
    [bad] = [one for one in doctor_vllm_flags.look(shipped, needs) if one.grade is Grade.BAD]
    assert "enable-tower-connector-lora is off" in bad.found and "ATTUNE_VLM_TOWER_ADAPTERS=false" in bad.remedy
    file = tmp_path / "flags.yaml"
    file.write_text(shipped.read_text().replace("tower-connector-lora: false", "tower-connector-lora: true"))
    assert {one.grade for one in doctor_vllm_flags.look(file, needs)} == {Grade.GOOD}
    with_tower, without = (doctor_vllm_flags.memory(VllmFlags.read(one), QWEN3_VL_8B) for one in (file, shipped))
    block, merger = 1152 * 4 + 1152 * 2 + 2 * (1152 + 4304), 4608 * 2 + 4608 + 4096
    assert with_tower.adapters - without.adapters == 3 * 32 * (27 * block + 4 * merger) * 2


def test_it_needs_what_the_vlm_service_asks_for() -> None:
    """Both read the same variables; a default that differs would compare with what nobody asks for."""
    for name, field in Needs.model_fields.items():
        assert VlmSettings.model_fields[name].default == field.default, name


@pytest.mark.parametrize("profile", ["bf16", "fp8", "4bit", "data-parallel"])
def test_it_is_content_with_the_flags_that_ship(profile: str) -> None:
    found = by_name(doctor_vllm_flags.look(FLAGS / f"{profile}.yaml", Needs(priorities=True)))
    assert {finding.grade for finding in found.values()} == {Grade.GOOD}, found


@pytest.mark.parametrize(("profile", "card"), [("bf16", 48), ("fp8", 24), ("4bit", 24), ("data-parallel", 48)])
def test_it_names_the_card_that_a_profile_is_for(profile: str, card: int) -> None:
    found = by_name(doctor_vllm_flags.look(FLAGS / f"{profile}.yaml", Needs()))
    assert f"with all requests at once (a card of {card})" in found["GPU memory"].found


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("enable-lora", "false", "enable-lora"),
        ("max-lora-rank", "8", "rank 32"),
        ("max-loras", "2", "max-loras 2"),
        ("reasoning-parser", '""', "no reasoning-parser"),
        ("scheduling-policy", "fcfs", "scheduling-policy fcfs"),
        ("max-num-queued-reqs", "16", "16 are sent at once"),
        ("allowed-media-domains", "null", "fetched from anywhere"),
        ("limit-mm-per-prompt", '{"image": 4}', "videos"),
        ("served-model-name", "other", "other"),
    ],
)
def test_it_names_the_flag_that_is_missing(flag: str, value: str, words: str, tmp_path: Path) -> None:
    import yaml

    flags = yaml.safe_load((FLAGS / "bf16.yaml").read_text())
    (tmp_path / "flags.yaml").write_text(yaml.safe_dump({**flags, flag: yaml.safe_load(value)}))
    found = list(doctor_vllm_flags.look(tmp_path / "flags.yaml", Needs(priorities=True)))
    [bad] = [finding for finding in found if finding.grade is Grade.BAD]
    assert words in bad.found
    assert bad.remedy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max-loras: 2", "model"),
        ("model: a\nmax-loras: many", "max-loras"),
        ("[", "no YAML"),
        ("just words", "flag: value"),
        (None, "No such file"),
    ],
)
def test_it_says_why_a_file_is_no_file_of_flags(text: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "flags.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(FlagsError, match=words):
        VllmFlags.read(file)
    [finding] = doctor_vllm_flags.look(file, Needs())
    assert finding.grade is Grade.BAD


def test_it_counts_the_parameters_of_the_8b_as_its_maker_does() -> None:
    """8,767,123,696 is what the published weights hold (model.safetensors.index.json: 17,534,247,392 bytes of bf16)."""
    assert QWEN3_VL_8B.parameters == 8_767_123_696


def test_it_asks_a_smaller_share_of_two_cards() -> None:
    flags = VllmFlags.read(FLAGS / "bf16.yaml")
    one = doctor_vllm_flags.memory(flags, QWEN3_VL_8B)
    two = doctor_vllm_flags.memory(flags.model_copy(update={"tensor_parallel_size": 2}), QWEN3_VL_8B)
    assert two.weights == one.weights / 2
    assert two.least_gib < one.least_gib


def test_it_knows_a_model_by_its_folder_and_refuses_what_is_none(tmp_path: Path) -> None:
    assert geometry_of(str(tmp_path)) is None
    (tmp_path / "config.json").write_text('{"hidden_size": 128}')
    with pytest.raises(GeometryError, match="text_config"):
        geometry_of(str(tmp_path))


def test_it_says_that_flags_were_not_compared(old_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["doctor", "--json", "--vllm", old_server])
    found = {one["what"]: one for one in json.loads(done.output)}
    assert "--vllm-flags" in found["vLLM flags"]["remedy"]
    assert done.exit_code == 1
