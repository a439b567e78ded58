"""Holds the signatures to what receivers check: our own, the field's library, and the snippets of the documentation."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from standardwebhooks import Webhook

from services.runtime.webhook.endpoint import Endpoint
from services.runtime.webhook.signing import NotVerified, Signer, Verifier, new_key

pytestmark = pytest.mark.unit
OLD, NEW = ("whsec_" + letter * 40 for letter in "ab")
BODY, AT = '{"type":"alert.opened","data":{"room":"Zimmer 12 \u00fc"}}', 1_750_000_000
SNIPPETS = Path(__file__).parents[3] / "docs" / "receivers"


def headers(signer: Signer, message: str = "m1", at: int = AT, body: str = BODY) -> dict[str, str]:
    return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": signer.sign(message, at, body)}


def snippet() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify", SNIPPETS / "verify.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_python(told: dict[str, str], body: str, key: str, now: float) -> bool:
    module = snippet()
    try:
        return bool(module.verify(body.encode(), told, [key], now) == json.loads(body))
    except module.NotFromAttune:
        return False


def in_javascript(told: dict[str, str], body: str, key: str, now: float) -> bool:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node: apt-get install nodejs")
    script = (
        f"const {{ verify }} = require({json.dumps(str(SNIPPETS / 'verify.js'))});"
        f"try {{ const m = verify(Buffer.from({json.dumps(body)}), {json.dumps(told)}, [{json.dumps(key)}], {now});"
        "process.stdout.write(m.type); } catch (e) { process.stderr.write(e.message); process.exit(3); }"
    )
    ended = subprocess.run([node, "-e", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode in (0, 3), ended.stderr
    return ended.returncode == 0 and ended.stdout == json.loads(body)["type"]


def in_the_house(told: dict[str, str], body: str, key: str, now: float) -> bool:
    try:
        Verifier([key]).verify(told, body.encode(), now)
    except NotVerified:
        return False
    return True


RECEIVERS = [in_the_house, in_python, in_javascript]


@pytest.mark.parametrize("verified", RECEIVERS)
def test_it_is_believed_by_every_receiver_that_knows_any_of_the_keys(verified: object) -> None:
    private, public = new_key()
    told = headers(Signer([NEW, OLD], private))
    for key in (OLD, NEW, public):
        assert verified(told, BODY, key, AT + 10)  # type: ignore[operator]


@pytest.mark.parametrize("verified", RECEIVERS)
def test_it_is_not_believed_when_changed_replayed_or_signed_by_somebody_else(verified: object) -> None:
    private, public = new_key()
    told = headers(Signer([OLD], private))
    changed = BODY.replace("12", "13")
    for key in (OLD, public):
        assert not verified(told, changed, key, AT)  # type: ignore[operator]
        assert not verified(told, BODY, key, AT + 301)  # type: ignore[operator]
        assert not verified(told | {"webhook-id": "m2"}, BODY, key, AT)  # type: ignore[operator]
        assert not verified(told | {"webhook-timestamp": str(AT + 1)}, BODY, key, AT)  # type: ignore[operator]
        assert not verified(told | {"webhook-signature": "v1,AAAA v1a,AAAA v9,x junk"}, BODY, key, AT)  # type: ignore[operator]
    assert not verified(told, BODY, NEW, AT)  # type: ignore[operator]
    assert not verified(told, BODY, new_key()[1], AT)  # type: ignore[operator]


def test_it_is_what_the_library_of_the_field_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    at = int(time.time())
    told = headers(Signer([NEW, OLD], new_key()[0]), at=at)
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(BODY.encode(), told)["type"] == "alert.opened"


def test_it_reads_an_endpoint_whose_secret_is_being_changed(tmp_path: Path) -> None:
    private, public = new_key()
    (tmp_path / "old").write_text(OLD + "\n")
    (tmp_path / "key").write_text(private + "\n")
    endpoint = Endpoint(
        name="ward", url="http://127.0.0.1/", secret=NEW, also=[str(tmp_path / "old")],  # type: ignore[arg-type]
        ed25519_key_file=tmp_path / "key",
    )  # fmt: skip
    told = headers(endpoint.signer)
    assert all(in_the_house(told, BODY, key, AT) for key in (OLD, NEW, public))
    alone = Endpoint(name="ward", url="http://127.0.0.1/", ed25519_key_file=tmp_path / "key")
    assert in_the_house(headers(alone.signer), BODY, public, AT)


@pytest.mark.parametrize("facts", [{}, {"also": ["whsec_short"], "secret": NEW}, {"secret": "whsec_c2hvcnQ="}])
def test_it_refuses_an_endpoint_that_cannot_sign(facts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected") as refusal:
        Endpoint(name="ward", url="http://127.0.0.1/", **facts)  # type: ignore[arg-type]
    assert "short" not in str(refusal.value).split("[type=")[0]
