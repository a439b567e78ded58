"""The door for adapters as ML engineers and leads meet it: the real command line, a real VLM service between."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import select

from services.ledger import AuditRepository, Database
from services.ledger.tables import audit
from services.runtime.ports import free_port
from tests.unit.vlm.bundles import BASE, DIGEST, sealed, tensors, written
from vlm_service.adapters.intake import NO_WEIGHTS
from vlm_service.bundle import make_keys, seal

pytestmark = pytest.mark.facility


@dataclass(frozen=True, slots=True)
class Service:
    """A running VLM service."""

    url: str
    folder: Path

    def cli(self, *arguments: object, token: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "services.cli.main", "adapters", *map(str, arguments)]
        environment = os.environ | {"ATTUNE_ADAPTERS_URL": self.url, "ATTUNE_ADAPTERS_TOKEN": token}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def told(self, *arguments: object, token: str = "") -> Any:
        done = self.cli(*arguments, "--json", token=token)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextmanager
def service(folder: Path, **settings: object) -> Iterator[Service]:
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_VLM_")}
    environment |= {
        "ATTUNE_DATABASE_URL": f"sqlite:///{folder}/attune.db", "ATTUNE_VLM_PORT": "0", "ATTUNE_VLM_HEALTH_PORT": "0",
        "ATTUNE_VLM_ADAPTERS_PORT": str(port), "ATTUNE_VLM_ADAPTERS_FOLDER": str(folder / "adapters"),
    }  # fmt: skip
    environment |= {f"ATTUNE_VLM_{key.upper()}": str(value) for key, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "vlm_service"], env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield Service(url, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        finally:
            process.kill()


def _wait_for(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx.get(f"{url}/api/v1/adapters", timeout=2)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the VLM service did not start")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder / "a.key", folder / "a.pub")
    return folder / "a.key", folder / "a.pub"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, keys: tuple[Path, Path]) -> Iterator[Service]:
    with service(
        tmp_path_factory.mktemp("door"), push_token="ml-team", promote_token="lead", adapters_trust=keys[1], most_rank=8
    ) as running:
        yield running


def signed(folder: Path, keys: tuple[Path, Path], seed: int = 0, **card: Any) -> Path:
    seal(written(folder, tensors(seed), **card), keys[0])
    return folder


def test_a_push_is_kept_under_its_contents_and_the_same_again_changes_nothing(
    guarded: Service, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    one = guarded.told("push", signed(tmp_path / "a", keys), "--by", "Ana", token="ml-team")
    again = guarded.told("push", tmp_path / "a", "--by", "Ben", token="ml-team")
    other = guarded.told("push", signed(tmp_path / "b", keys, seed=1), token="ml-team")
    assert one["not_checked"] == [NO_WEIGHTS.format(model=BASE)], "its maker was checked"
    assert (one["state"], one["pushed_by"]) == ("verified", "Ana") == (again["state"], again["pushed_by"])
    assert one["served_name"] == again["served_name"] != other["served_name"]
    assert other["name"] == one["name"]
    kept = guarded.folder / "adapters" / "bundles" / one["served_name"]
    assert (kept / "adapter_model.safetensors").read_bytes() == (tmp_path / "a/adapter_model.safetensors").read_bytes()
    listed = {item["served_name"] for item in guarded.told("list", token="lead")}
    assert {one["served_name"], other["served_name"]} <= listed
    shown = guarded.cli("show", one["served_name"], token="lead")
    assert "uploaded" in shown.stdout and "Dr Lang" in shown.stdout and "q_proj" in shown.stdout


def test_each_role_does_its_own_and_a_stranger_nothing(
    guarded: Service, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    bundle = signed(tmp_path / "a", keys, seed=5)
    for token, says in (("", "no-token"), ("guess", "no-token"), ("lead", "wrong-role")):
        refused = guarded.cli("push", bundle, token=token)
        assert refused.returncode == 1 and says in refused.stderr
    name = guarded.told("push", bundle, token="ml-team")["served_name"]
    assert "wrong-role" in guarded.cli("shadow", name, token="ml-team").stderr
    early = guarded.cli("promote", name, token="lead")
    assert early.returncode == 1 and "verified and cannot become active: expected probed" in early.stderr
    retired = guarded.told("retire", name, "--by", "Mr Vogel", "--why", "not needed", token="lead")
    assert (retired["state"], retired["why"]) == ("retired", "not needed")
    shown = guarded.told("show", name, token="lead")["moves"]
    claimed = [(move["by"], move["token"]) for move in shown]
    assert claimed[1:] == [("vlm_service", ""), ("Mr Vogel", "promote")] and claimed[0][1] == "push"
    assert "promote" in guarded.cli("show", name, token="lead").stdout, "beside the name that was claimed"


def test_a_person_answers_for_a_version_by_name_and_the_audit_chain_has_it(
    guarded: Service, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    name = guarded.told("push", signed(tmp_path / "a", keys, seed=7, approved_by=""), token="ml-team")["served_name"]
    assert "wrong-role" in guarded.cli("approve", name, token="ml-team").stderr
    done = guarded.cli("approve", name, "--by", "Dr Lang", "--why", "read its evaluation", token="lead")
    assert done.returncode == 0 and f"Dr Lang answers for {name}" in done.stderr
    [report] = guarded.told("show", name, token="lead")["reports"]
    assert (report["kind"], report["body"]["rows"]) == ("approval", [["Dr Lang", "read its evaluation"]])
    database = Database(f"sqlite:///{guarded.folder}/attune.db")
    with database.read() as connection:
        [told] = connection.scalars(select(audit.c.body).where(audit.c.kind == "adapter.approved"))
        assert AuditRepository(connection).verify() is None
    database.close()
    assert json.loads(told) == {"by": "Dr Lang", "served_name": name, "token": "promote", "why": "read its evaluation"}
    assert guarded.cli("approve", "nobody", token="lead").returncode == 1


def test_what_must_not_be_served_is_refused_in_words(guarded: Service, keys: tuple[Path, Path], tmp_path: Path) -> None:
    def altered(folder: Path) -> None:
        (folder / "card.json").write_text((folder / "card.json").read_text().replace("7500", "7501"))

    harm = {
        "file_missing": lambda folder: (folder / "adapter_config.json").unlink(),
        "file_altered": altered,
        "file_forbidden": lambda folder: (folder / "adapter_model.bin").write_bytes(b"\x80\x04"),
        "not_signed": lambda folder: (folder / "bundle.sig").unlink(),
    }
    for number, (reason, do) in enumerate(harm.items()):
        folder = signed(tmp_path / reason, keys, seed=20 + number)
        do(folder)
        refused = guarded.cli("push", folder, token="ml-team")
        assert refused.returncode == 1 and f"refused ({reason})" in refused.stderr, refused.stderr
    for number, (card, says) in enumerate((
        ({"base": {"model": "Qwen/Qwen3-8B", "weights_sha256": "ab" * 32}}, "is for Qwen/Qwen3-8B"),
        ({"rank": 16}, "--max-lora-rank 16"),
    )):  # fmt: skip
        folder = tmp_path / f"unfit{number}"
        seal(written(folder, tensors(number, rank=card.get("rank", 4)), **card), keys[0])  # type: ignore[arg-type]
        refused = guarded.cli("push", folder, token="ml-team")
        assert refused.returncode == 1 and "does_not_fit" in refused.stderr and says in refused.stderr
    states = {item["why"].partition(":")[0]: item["state"] for item in guarded.told("list", token="lead")}
    assert states["does_not_fit"] == states["not_signed"] == "refused"


def test_a_path_that_escapes_reaches_nothing(guarded: Service) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:") as tar:
        member = tarfile.TarInfo("../../escaped.json")
        member.size = 2
        tar.addfile(member, io.BytesIO(b"{}"))
    answer = httpx.post(
        f"{guarded.url}/api/v1/adapters", params={"by": "eve"}, content=raw.getvalue(),
        headers={"Authorization": "Bearer ml-team"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["type"]) == (422, "file_forbidden")
    assert not list(guarded.folder.rglob("escaped*")) and not list((guarded.folder / "adapters" / "incoming").iterdir())


def test_no_page_of_a_browser_reaches_a_service_without_tokens(tmp_path: Path) -> None:
    with service(tmp_path) as open_to_loopback:
        at = f"{open_to_loopback.url}/api/v1/adapters"
        assert httpx.get(at).status_code == 200
        for headers in ({"Origin": "http://127.0.0.1"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
            assert httpx.get(at, headers=headers).status_code == 403
        bundle = sealed(tmp_path / "a")
        pushed = open_to_loopback.told("push", bundle.folder)
        assert pushed["served_name"] == bundle.served_name and "no key is trusted" in pushed["why"]
        again = open_to_loopback.cli("push", bundle.folder)
        assert "nobody checked who made it" in again.stderr and "ATTUNE_VLM_BASE_WEIGHTS" in again.stderr
        nobody = open_to_loopback.cli("show", "night")
        assert nobody.returncode == 1 and bundle.served_name in nobody.stderr
        for path, body in ((f"{at}/agitation/canary", {"by": "Ana"}), (f"{at}/agitation/canary", {"share": 2.0})):
            assert httpx.post(path, json=body).status_code == 422


def test_a_key_that_is_put_beside_the_others_counts_at_once_and_an_unsigned_push_is_refused(
    keys: tuple[Path, Path], tmp_path: Path
) -> None:
    trusted = tmp_path / "trust"
    trusted.mkdir()
    with service(tmp_path, adapters_trust=trusted, base_weights=DIGEST) as running:
        unsigned, later = sealed(tmp_path / "a"), sealed(tmp_path / "b", seed=1)
        [told] = running.told("push", unsigned.folder)["not_checked"]
        assert told.startswith("nobody checked who made it")
        (trusted / "adapters.pub").write_bytes(keys[1].read_bytes())
        refused = running.cli("push", later.folder)
        assert refused.returncode == 1 and "refused (not_signed)" in refused.stderr
        assert running.told("push", signed(tmp_path / "c", keys, seed=2))["not_checked"] == []
        takes = httpx.get(f"{running.url}/api/v1/adapters").json()["takes"]
        assert takes["weights"] == DIGEST and takes["keys"][0].startswith("adapters.pub ")


def test_the_command_line_says_where_nobody_listens() -> None:
    done = Service(f"http://127.0.0.1:{free_port()}", Path()).cli("list")
    assert done.returncode == 2 and "attune run vlm" in done.stderr


def test_weights_of_another_kind_are_refused_before_they_are_kept(guarded: Service, tmp_path: Path) -> None:
    folder = written(tmp_path / "zero", {k: np.zeros_like(v) for k, v in tensors().items()})
    (folder / "manifest.json").write_text('{"format": 1, "files": {}}')
    refused = guarded.cli("push", folder, token="ml-team")
    assert refused.returncode == 1
    assert not [item for item in guarded.told("list", token="lead") if item["why"].startswith("weights")]
