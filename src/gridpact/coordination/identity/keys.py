"""Signatures of parties: Ed25519, one key each, told to all in the roster by its public half.

Data are signed under a purpose ("a call", "a record"), so that a signature under one is none under another:
signature of SHA-256(purpose | 0 | data).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gridpact.errors import InputError, Issue

SIGNATURE, DIGEST, KEY = 64, 32, 32


@dataclass(frozen=True, eq=False)
class Signer:
    """Who can sign; ``public`` is what others check by, as 64 hexadecimal digits."""

    _private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, purpose: str, data: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(purposed(purpose, data))

    def secret(self, purpose: str) -> bytes:
        """32 bytes that only the owner of the key can make, the same for a purpose every time."""
        raw = self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return HKDF(SHA256(), DIGEST, None, purpose.encode()).derive(raw)

    def write(self, path: Path) -> None:
        """The private key as PEM in a new file that its owner alone can read."""
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_secret(path, pem)


def new_signer() -> Signer:
    """A key that nobody has."""
    return Signer(Ed25519PrivateKey.generate())


def signer_of(seed: bytes) -> Signer:
    """The key made from 32 bytes: for tests and simulations, where the same is to happen again."""
    return Signer(Ed25519PrivateKey.from_private_bytes(seed))


def read_signer(path: Path) -> Signer:
    """The key of a file; raises ``InputError`` where there is none."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    fix = "Give the folder that `gridpact market init` made for this party."
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise InputError([Issue(f"no private key can be read: {type(error).__name__}", fix, str(path))]) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError([Issue("the private key is not an Ed25519 key", fix, str(path))])
    return Signer(key)


def signed_by(public: str, purpose: str, data: bytes, signature: bytes) -> bool:
    """Whether the signature of the data under the purpose is that of the key."""
    return _verified(public, purposed(purpose, data), signature)


def purposed(purpose: str, data: bytes) -> bytes:
    """What is signed."""
    return hashlib.sha256(purpose.encode() + b"\0" + data).digest()


def write_secret(path: Path, data: bytes) -> None:
    """A new file that its owner alone can read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


@lru_cache(4096)
def _verified(public: str, digest: bytes, signature: bytes) -> bool:
    """Whoever goes through a journal, or plays many parties, verifies the same again."""
    try:
        _public(public).verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(1024)
def _public(key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
