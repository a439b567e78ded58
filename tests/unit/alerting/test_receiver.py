"""Holds the small receiver to checking signatures and to the idempotency key."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from services.alerting.receiver import Book, server
from tests.unit.alerting.line import SECRET

pytestmark = pytest.mark.unit
BODY = json.dumps({"type": "alert.opened", "timestamp": "", "data": {"alert": "a", "tier": 1, "headline": "H."}})


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    listening = server("127.0.0.1", 0, Book(tmp_path / "got.jsonl", SECRET))
    threading.Thread(target=lambda: listening.serve_forever(0.02), daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/hook"
    listening.shutdown()
    listening.server_close()


def headers(message: str = "m1", secret: str = SECRET, body: str = BODY) -> dict[str, str]:
    now = datetime.fromtimestamp(int(time.time()), UTC)
    signature = Webhook(secret).sign(message, now, body)
    return {"webhook-id": message, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "got.jsonl").read_text().splitlines()]


def test_it_takes_a_message_once(address: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert httpx.post(address, content=BODY, headers=headers(), trust_env=False).status_code == 204
    first, again = lines(tmp_path)
    assert first["verified"] and first["tier"] == 1 and first["alert"] == "a" and not first["duplicate"]
    assert again["verified"] and again["duplicate"]


def test_it_knows_a_message_from_before_a_restart(address: str, tmp_path: Path) -> None:
    httpx.post(address, content=BODY, headers=headers(), trust_env=False)
    later = Book(tmp_path / "got.jsonl", SECRET).take(BODY.encode(), headers(), time.time())
    assert later["duplicate"]


@pytest.mark.parametrize(
    "changed",
    [{"webhook-signature": "v1,AAAA"}, {"webhook-signature": "nonsense"}, {"webhook-id": "m2"},
     {"webhook-timestamp": "1"}, {"webhook-timestamp": "soon"}],
)  # fmt: skip
def test_it_believes_nothing_that_does_not_verify(address: str, tmp_path: Path, changed: dict[str, str]) -> None:
    answer = httpx.post(address, content=BODY, headers=headers() | changed, trust_env=False)
    assert answer.status_code == 401
    line = lines(tmp_path)[0]
    assert (line["verified"], line["type"], line["headline"]) == (False, "", "")


def test_it_outlives_a_body_that_is_no_message(address: str) -> None:
    for body in ("[]", "{}", '{"type": 1}', "\ud7ff"):
        answer = httpx.post(address, content=body.encode(), headers=headers(body=body), trust_env=False)
        assert answer.status_code == 401
    assert httpx.post(address, content=BODY, headers=headers(), trust_env=False).status_code == 204


def receiver(*arguments: str, **told: str) -> "subprocess.Popen[str]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ATTUNE_")} | told
    return subprocess.Popen(
        [sys.executable, "-m", "services.alerting.receiver", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_it_reads_the_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    process = receiver("--secret-file", str(tmp_path / "secret"), "--log", str(tmp_path / "got.jsonl"))
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    assert httpx.post(address, content=BODY, headers=headers(), trust_env=False).status_code == 204
    process.terminate()
    process.communicate(timeout=90)
    assert process.returncode == 0


def test_it_reads_the_secret_from_a_variable(tmp_path: Path) -> None:
    log = str(tmp_path / "got.jsonl")
    process = receiver("--secret-variable", "HOOK_SECRET", "--log", log, HOOK_SECRET=SECRET)
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    assert httpx.post(address, content=BODY, headers=headers(), trust_env=False).status_code == 204
    process.terminate()
    process.communicate(timeout=90)
    unset = receiver("--secret-variable", "HOOK_SECRET", "--log", log)
    assert "--secret-variable 'HOOK_SECRET': expected" in unset.communicate(timeout=90)[1] and unset.returncode == 2


def test_it_takes_no_secret_that_everybody_can_read(tmp_path: Path) -> None:
    process = receiver("--secret", SECRET, "--log", str(tmp_path / "got.jsonl"))
    assert "ambiguous option" in process.communicate(timeout=90)[1] and process.returncode == 2


def test_it_names_a_secret_file_that_cannot_be_read(tmp_path: Path) -> None:
    process = receiver("--secret-file", str(tmp_path / "none"), "--log", str(tmp_path / "got.jsonl"))
    said = process.communicate(timeout=90)[1]
    assert process.returncode == 2
    assert "none': No such file or directory; expected a readable file" in said
