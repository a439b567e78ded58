"""Signs a bundle with the facility's own key and checks whose it is, without a network (OpenSSF model signing)."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing, verifying

from vlm_service.bundle.errors import NotSigned
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


def check(folder: Path, public: Path) -> None:
    """
    Raises:
        NotSigned: no signature, another key's, or files that it does not cover.
    """
    folder = folder.resolve()
    signature = folder / SIGNATURE
    if not signature.is_file():
        raise NotSigned(f"{SIGNATURE}: missing; `attune adapters seal --key` writes it")
    if not public.is_file():
        raise NotSigned(f"{public}: no such key; expected the public key of whoever signs adapters")
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(folder, signature)
    except Exception as error:
        raise NotSigned(f"{SIGNATURE}: not of the key {public.name}, or of other files ({error}); have the "
                        "bundle sealed by whoever answers for it") from error  # fmt: skip
