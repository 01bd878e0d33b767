"""Keys of a member: made by whoever convenes, or by the member itself, so that nobody else ever has the secret ones.

    DIR/sign.key, DIR/tls.key    secret; they stay with the member
    DIR/public.json              for whoever convenes: JSON {key, sealing, tls, signature}

``key`` (Ed25519) and ``sealing`` (X25519) are hexadecimal, ``tls`` is the public key (P-256) for which a certificate is
asked, PEM. The ``signature`` by the first is over the others: who compares the key by another way has compared all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gridpact.coordination.derived_masks import SealingKey
from gridpact.coordination.identity.authority import TlsKey, new_tls_key
from gridpact.coordination.identity.keys import Signer, new_signer, read_signer, signed_by, write_secret
from gridpact.coordination.identity.members import HEX, Member
from gridpact.errors import InputError, Issue

SIGN_KEY, TLS_KEY, TLS_CERTIFICATE, PUBLIC = "sign.key", "tls.key", "tls.pem", "public.json"
A_KEY = "public keys"
MOST_BYTES = 2**14


@dataclass(frozen=True, eq=False)
class Keys:
    """Public keys of a member, and its ``signer`` where whoever convenes makes or has it; ``tls`` None: a new one."""

    public: str
    sealing: str
    signer: Signer | None = None
    tls: TlsKey | None = None


def new_keys() -> Keys:
    """Keys that whoever convenes makes for a member."""
    return _of(new_signer())


def make_own_keys(folder: Path) -> str:
    """New keys in a new folder; the public one, by which the others are signed. Raises ``InputError`` if it exists."""
    if folder.exists():
        raise InputError([Issue("this exists already", "Choose another folder, nothing is overwritten.", str(folder))])
    folder.mkdir(parents=True, mode=0o700)
    signer, tls = new_signer(), new_tls_key()
    signer.write(folder / SIGN_KEY)
    write_secret(folder / TLS_KEY, tls.secret)
    said = {"key": signer.public, "sealing": sealing_key(signer).public, "tls": tls.public_pem.decode()}
    signature = signer.sign(A_KEY, _bytes(said)).hex()
    (folder / PUBLIC).write_text(json.dumps({**said, "signature": signature}, indent=2) + "\n", encoding="utf-8")
    return signer.public


def read_public(path: Path) -> Keys:
    """The public keys of a file; raises ``InputError``."""
    try:
        data = path.read_bytes()[:MOST_BYTES]
        known = json.loads(data)
        said = {name: known[name] for name in ("key", "sealing", "tls")}
        signature = bytes.fromhex(known["signature"])
        tls = load_pem_public_key(said["tls"].encode())
        fits = all(HEX.fullmatch(said[name]) for name in ("key", "sealing"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _unreadable(path, f"no public keys can be read: {type(error).__name__}") from None
    if not fits or not isinstance(tls, EllipticCurvePublicKey) or not isinstance(tls.curve, SECP256R1):
        raise _unreadable(path, "these are not an Ed25519, an X25519 and a P-256 key")
    if not signed_by(said["key"], A_KEY, _bytes(said), signature):
        raise _unreadable(path, "the keys are not signed by the first of them")
    return Keys(said["key"], said["sealing"], None, TlsKey(tls))


def earlier_keys(member: Member, folder: Path) -> Keys:
    """Those of a member of an earlier market: all that its folder still has, else the public ones of its roster."""
    if (folder / SIGN_KEY).is_file():
        return _of(read_signer(folder / SIGN_KEY))
    certificate, held = folder / TLS_CERTIFICATE, (folder / TLS_KEY).is_file()
    tls = None if held or not certificate.is_file() else _certified_key(certificate)
    return Keys(member.key, member.sealing, None, tls)


def sealing_key(signer: Signer) -> SealingKey:
    """The key by which a party and another one know masks that nobody else does."""
    return SealingKey(signer.secret("sealing"))


def _of(signer: Signer) -> Keys:
    return Keys(signer.public, sealing_key(signer).public, signer)


def _certified_key(path: Path) -> TlsKey:
    """The public key of a certificate, whose secret one the member has kept."""
    try:
        key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
    except (OSError, ValueError) as error:
        raise _unreadable(path, f"no certificate can be read: {type(error).__name__}") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise _unreadable(path, "the certificate is not for a P-256 key")
    return TlsKey(key)


def _bytes(said: Mapping[str, str]) -> bytes:
    """The one form in which keys are signed."""
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def _unreadable(path: Path, message: str) -> InputError:
    return InputError([Issue(message, f"Give the `{PUBLIC}` that `gridpact market key` made.", str(path))])
