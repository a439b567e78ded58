"""Signs a bundle with the facility's own key and checks whose it is, without a network (OpenSSF model signing)."""

import hashlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vlm_service.bundle.errors import KeyUnusable, NotSigned
from vlm_service.bundle.manifest import SIGNATURE


def make_keys(private: Path, public: Path) -> None:
    """A new key pair (NIST P-256) as PEM files; the private one is readable by its owner alone.

    Raises:
        FileExistsError: one of them exists: keys are never overwritten.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    private.touch(mode=0o600, exist_ok=False)
    private.write_bytes(secret)
    with public.open("xb") as file:
        file.write(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )


def sign(folder: Path, private: Path) -> None:
    """Write the signature of everything in `folder`.

    Raises:
        NotSigned: the key cannot be read, or is no P-256 key.
    """
    from model_signing import hashing, signing  # half a second to load: only who signs or checks waits for it

    folder = folder.resolve()  # the library notes what it passes over, and takes a relative path for another file
    signature = folder / SIGNATURE
    signature.unlink(missing_ok=True)
    rules = hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=False)
    try:
        config = signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(rules)
        config.sign(folder, signature)
    except (OSError, ValueError, TypeError) as error:
        raise NotSigned(f"{private.name}: cannot be signed with ({error}); expected the facility's private key, "
                        "which `attune adapters keys` makes") from error  # fmt: skip


def trusted_keys(trusted: Path) -> dict[Path, str]:
    """The public keys that `trusted` names, itself or every *.pub where it is a folder, each with the first twelve
    digits of the SHA-256 of what it says (DER).

    Raises:
        KeyUnusable: one cannot be read, or is no public key of an elliptic curve.
    """
    try:
        files = sorted(trusted.glob("*.pub")) if trusted.is_dir() else [trusted]
        return {file: _fingerprint(file) for file in files}
    except OSError as error:
        raise KeyUnusable(f"{trusted}: no such key ({error.strerror}); expected the public key of whoever signs "
                          "adapters, or a folder of *.pub") from error  # fmt: skip


def check(folder: Path, trusted: Path) -> None:
    """
    Raises:
        NotSigned: no signature, one of no key that is trusted, or files that it does not cover.
        KeyUnusable: what `trusted` names is no public key.
    """
    folder = folder.resolve()
    signature = folder / SIGNATURE
    if not signature.is_file():
        raise NotSigned(f"{SIGNATURE}: missing; `attune adapters seal --key` writes it")
    refused = []
    for public in trusted_keys(trusted):
        try:
            _verify(folder, signature, public)
        except NotSigned as error:
            refused.append(str(error))
        else:
            return
    raise NotSigned("; ".join(refused) or f"{trusted}: no such key: the folder holds no *.pub, so nobody is trusted")


def _verify(folder: Path, signature: Path, public: Path) -> None:
    from model_signing import verifying

    try:
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(folder, signature)
    except Exception as error:
        raise NotSigned(f"{SIGNATURE}: not of the key {public.name}, or of other files ({error}); have the "
                        "bundle sealed by whoever answers for it") from error  # fmt: skip


def _fingerprint(public: Path) -> str:
    """
    Raises:
        KeyUnusable: it holds something else than a public key of an elliptic curve.
    """
    expected = "expected the public key (PEM) that `attune adapters keys` makes; the private one stays where it is"
    try:
        key = serialization.load_pem_public_key(public.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"{public.name}: no public key; {expected}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise KeyUnusable(f"{public.name}: a key of another kind; {expected}")
    told = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(told).hexdigest()[:12]
