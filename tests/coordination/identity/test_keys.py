"""Keys and signatures: Ed25519 against a published vector, one purpose each, private files."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gridpact.coordination.identity.keys import new_signer, purposed, read_signer, signed_by, signer_of
from gridpact.errors import InputError

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_the_public_half_of_a_published_key() -> None:
    """RFC 8032, section 7.1, test 1."""
    assert signer_of(SEED).public == PUBLIC


def test_a_signature_is_of_one_key_one_purpose_and_these_data() -> None:
    signature = signer_of(SEED).sign("a call", b"data")
    assert len(signature) == 64
    assert signed_by(PUBLIC, "a call", b"data", signature)
    assert not signed_by(PUBLIC, "a record", b"data", signature)
    assert not signed_by(PUBLIC, "a call", b"Data", signature)
    assert not signed_by(new_signer().public, "a call", b"data", signature)
    assert not signed_by(PUBLIC, "a call", b"data", signature[:-1])
    assert not signed_by(PUBLIC, "a call", b"data", b"")
    assert not signed_by(PUBLIC, "a call", b"data", signature[:-1] + bytes([signature[-1] ^ 1]))


def test_purpose_and_data_cannot_be_moved_into_each_other() -> None:
    assert purposed("a", b"bc") != purposed("ab", b"c")
    assert purposed("a", b"\0c") != purposed("a", b"c")


def test_signing_again_gives_the_same_bytes() -> None:
    """Resuming relies on it."""
    assert signer_of(SEED).sign("a call", b"data") == signer_of(SEED).sign("a call", b"data")


def test_new_keys_are_different() -> None:
    assert len({new_signer().public for _ in range(20)}) == 20


def test_a_key_file_is_read_again_and_private(tmp_path: Path) -> None:
    path, signer = tmp_path / "key.pem", new_signer()
    signer.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_signer(path).public == signer.public
    with pytest.raises(FileExistsError):
        new_signer().write(path)
    assert read_signer(path).public == signer.public


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no private key can be read"):
        read_signer(path)


def test_a_key_of_another_kind_and_no_file_are_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InputError, match="not an Ed25519 key"):
        read_signer(path)
    with pytest.raises(InputError, match="FileNotFoundError"):
        read_signer(tmp_path / "none.pem")
