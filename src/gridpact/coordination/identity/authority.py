"""The private authority of a market: whom it certifies may speak under a name, in a role, in a run, for a short time.

    subject      CN = the name, cut to 64 characters: for people
    SAN          URI gridpact:RUN/ROLE/NAME, each percent-escaped: what counts; and the hosts of the coordinator
    use          server for the coordinator, client for all others: none can pose as the other
    time         from five minutes ago, as clocks differ, until ``hours`` from now
    fingerprint  SHA-256 of the certificate, stated in the roster: no other certificate is that member's

Keys are P-256. There is no list of revoked certificates: a roster without a fingerprint refuses it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gridpact.coordination.identity.keys import write_secret
from gridpact.coordination.identity.members import COORDINATOR
from gridpact.errors import InputError, Issue

HOURS = 7 * 24.0
AUTHORITY_HOURS = 2 * 365 * 24.0
MOST_HOURS = 365 * 24.0
HOSTS = ("localhost", "127.0.0.1", "::1")
EARLIER = timedelta(minutes=5)
MOST_COMMON_NAME = 64
SCHEME = "gridpact:"
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Credentials:
    """What a party shows and checks with on a connection, all PEM."""

    key: bytes = field(repr=False)
    certificate: bytes
    authority: bytes


@dataclass(frozen=True)
class TlsKey:
    """The ``public`` key of a certificate, and the ``secret`` one, PEM, empty where only its owner has it."""

    public: EllipticCurvePublicKey
    secret: bytes = field(default=b"", repr=False)

    @property
    def public_pem(self) -> bytes:
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Certified:
    """What a certificate says: who, and from when to when it is valid, seconds since 1970."""

    run: str
    role: str
    name: str
    fingerprint: str
    since: float
    until: float


@dataclass(frozen=True, eq=False)
class Authority:
    """Who certifies the members of a market; ``certificate`` is what all check by, PEM."""

    _key: EllipticCurvePrivateKey
    _certificate: x509.Certificate

    @property
    def certificate(self) -> bytes:
        return self._certificate.public_bytes(Encoding.PEM)

    def credentials(
        self,
        run: str,
        role: str,
        name: str,
        now: datetime,
        *,
        hours: float = HOURS,
        hosts: Sequence[str] = HOSTS,
        tls: TlsKey | None = None,
    ) -> Credentials:
        """A new key with its certificate, or that of a key whose secret part the member has.

        ``hosts``: where the coordinator is to be found, by name or address.
        """
        known = tls or new_tls_key()
        key = known.public
        until = min(now + timedelta(hours=_possible(hours)), self._until(now))
        places: list[x509.GeneralName] = [_host(host) for host in hosts] if role == COORDINATOR else []
        names = [x509.UniformResourceIdentifier(identity(run, role, name)), *places]
        builder = _builder(key, name, self._certificate.subject, now - EARLIER, until)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(_key_usage(signs=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([_use(role)]), True)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        builder = builder.add_extension(_issuer(self._key), False)
        return Credentials(known.secret, _signed(builder, self._key), self.certificate)

    def _until(self, now: datetime) -> datetime:
        until = self._certificate.not_valid_after_utc
        if until <= now:
            raise InputError([Issue(f"the authority has expired on {until:%Y-%m-%d}", "Make a new market.")])
        return until

    def write(self, folder: Path) -> None:
        """``ca.key``, which its owner alone can read, and ``ca.pem`` in a new folder."""
        folder.mkdir(mode=0o700)
        write_secret(folder / "ca.key", _pem(self._key))
        (folder / "ca.pem").write_bytes(self.certificate)


def new_tls_key() -> TlsKey:
    """A key that nobody has."""
    key = generate_private_key(SECP256R1())
    return TlsKey(key.public_key(), _pem(key))


def new_authority(run: str, now: datetime) -> Authority:
    """An authority that nobody knows yet."""
    key, name = generate_private_key(SECP256R1()), f"authority of {run}"
    builder = _builder(key.public_key(), name, _subject(name), now - EARLIER, now + timedelta(hours=AUTHORITY_HOURS))
    builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
    builder = builder.add_extension(_key_usage(signs=True), True)
    builder = builder.add_extension(_issuer(key), False)
    return Authority(key, x509.load_pem_x509_certificate(_signed(builder, key)))


def read_authority(folder: Path) -> Authority:
    """The authority of its folder; raises ``InputError`` where there is none."""
    fix = "Give the folder that `gridpact market init` made, with its folder `authority`."
    try:
        key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise InputError([Issue(f"no authority can be read: {type(error).__name__}", fix, str(folder))]) from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise InputError([Issue("the key is not that of the certificate", fix, str(folder))])
    return Authority(key, certificate)


def identity(run: str, role: str, name: str) -> str:
    """The URI that stands in a certificate."""
    return SCHEME + "/".join(quote(text, safe="") for text in (run, role, name))


def certified(certificate: bytes) -> Certified:
    """What a certificate in PEM says; raises ``ValueError`` where it is none of a member."""
    read = x509.load_pem_x509_certificate(certificate)
    run, role, name = _identity(read)
    since, until = read.not_valid_before_utc.timestamp(), read.not_valid_after_utc.timestamp()
    return Certified(run, role, name, fingerprint(read.public_bytes(Encoding.DER)), since, until)


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate in DER, as 64 hexadecimal digits."""
    return hashlib.sha256(der).hexdigest()


def key_fits(credentials: Credentials) -> bool:
    """Whether the key is that of the certificate; raises ``ValueError`` for what is no key or no certificate."""
    key = load_pem_private_key(credentials.key, None)
    return key.public_key() == x509.load_pem_x509_certificate(credentials.certificate).public_key()


def _identity(certificate: x509.Certificate) -> tuple[str, str, str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise ValueError("the certificate names no member of a market") from None
    uris = [uri for uri in names.get_values_for_type(x509.UniformResourceIdentifier) if uri.startswith(SCHEME)]
    parts = [unquote(part) for part in uris[0].removeprefix(SCHEME).split("/")] if len(uris) == 1 else []
    if len(parts) != 3:
        raise ValueError("the certificate names no member of a market")
    return parts[0], parts[1], parts[2]


def _builder(
    key: EllipticCurvePublicKey, name: str, issuer: x509.Name, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(_subject(name)).issuer_name(issuer)
    builder = builder.serial_number(x509.random_serial_number()).public_key(key)
    builder = builder.not_valid_before(since).not_valid_after(until)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)


def _signed(builder: x509.CertificateBuilder, key: EllipticCurvePrivateKey) -> bytes:
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:MOST_COMMON_NAME])])


def _issuer(key: EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _use(role: str) -> x509.ObjectIdentifier:
    return ExtendedKeyUsageOID.SERVER_AUTH if role == COORDINATOR else ExtendedKeyUsageOID.CLIENT_AUTH


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    """An authority signs certificates, a member connections."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    if not HOST.fullmatch(host):
        fix = "Give a name in ASCII letters, or an address, without a port."
        raise InputError([Issue("this is no host", fix, value=host)])
    return x509.DNSName(host)


def _possible(hours: float) -> float:
    if not 0.0 < hours <= MOST_HOURS:
        fix = f"Give a number of hours up to {MOST_HOURS:g}."
        raise InputError([Issue("certificates cannot be valid for so long", fix, value=str(hours))])
    return hours
