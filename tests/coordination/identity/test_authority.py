"""The authority and the folders of a market: what certificates say, and what of a folder does not fit together."""

import hashlib
import ssl
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from gridpact.coordination.identity.authority import certified, fingerprint, new_authority
from gridpact.coordination.identity.folders import folder_names, make_folders, read_place, read_roster
from gridpact.coordination.identity.members import Member, Members, Terms
from gridpact.errors import InputError

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
ROLES = {"village": "microgrid", "network": "operator", "chair": "coordinator", "Hof / Süd": "microgrid"}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("market") / "day"
    make_folders(root, "day", ROLES, Terms(deadline_s=7.0), hours=24.0, now=NOW)
    return root


def extension(certificate: bytes, kind: type) -> object:
    return x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(kind).value


@pytest.mark.parametrize(
    "name", ["village", "a/b/c", "Süd %2F", "x" * 128, "../../etc/passwd", "gridpact:day/microgrid/z"]
)
def test_a_certificate_says_run_role_and_name_whatever_they_are(name: str) -> None:
    said = certified(new_authority("day", NOW).credentials("run/1", "microgrid", name, NOW, hours=3.0).certificate)
    assert (said.run, said.role, said.name) == ("run/1", "microgrid", name)
    assert said.until == (NOW + timedelta(hours=3)).timestamp()
    assert said.since == (NOW - timedelta(minutes=5)).timestamp()


def test_a_coordinator_may_serve_at_its_hosts_and_a_party_may_call() -> None:
    authority = new_authority("day", NOW)
    server = authority.credentials("day", "coordinator", "chair", NOW, hosts=("market.example.org", "192.0.2.7", "::1"))
    client = authority.credentials("day", "microgrid", "village", NOW, hosts=("market.example.org",))
    assert list(extension(server.certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert list(extension(client.certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    names = extension(server.certificate, x509.SubjectAlternativeName)
    assert isinstance(names, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == ["market.example.org"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "::1"]
    others = extension(client.certificate, x509.SubjectAlternativeName)
    assert isinstance(others, x509.SubjectAlternativeName) and not others.get_values_for_type(x509.DNSName)


def test_the_fingerprint_is_the_digest_of_the_certificate_as_it_travels() -> None:
    made = new_authority("day", NOW).credentials("day", "microgrid", "village", NOW)
    der = ssl.PEM_cert_to_DER_cert(made.certificate.decode())
    assert certified(made.certificate).fingerprint == fingerprint(der) == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("hours", [0.0, -1.0, 1e9, float("nan"), float("inf")])
def test_times_that_make_no_sense_are_refused(hours: float) -> None:
    with pytest.raises(InputError, match="certificates cannot be valid for so long"):
        new_authority("day", NOW).credentials("day", "microgrid", "village", NOW, hours=hours)


@pytest.mark.parametrize("host", ["", "a b", "market:443", "münchen.example", "-x", "http://x"])
def test_hosts_that_are_none_are_refused(host: str) -> None:
    with pytest.raises(InputError, match="this is no host"):
        new_authority("day", NOW).credentials("day", "coordinator", "chair", NOW, hosts=(host,))


def test_no_certificate_outlives_its_authority() -> None:
    authority = new_authority("day", NOW)
    late = NOW + timedelta(days=729)
    assert certified(authority.credentials("day", "microgrid", "v", late).certificate).until == pytest.approx(
        (NOW + timedelta(days=730)).timestamp()
    )
    with pytest.raises(InputError, match="the authority has expired on 2032-04-30"):
        authority.credentials("day", "microgrid", "v", NOW + timedelta(days=731))


def test_every_member_finds_itself_in_its_folder(market: Path) -> None:
    members = read_roster(market / "roster.json")
    assert [one.name for one in members.members] == ["chair", "network", "village", "Hof / Süd"]
    assert members.terms == Terms(deadline_s=7.0)
    for name, folder in folder_names(members).items():
        place = read_place(market / folder, NOW)
        assert place.me == members.member(name) and place.members == members
        assert place.signer.public == place.me.key


def test_secrets_can_be_read_by_their_owner_alone_and_are_in_one_place(market: Path) -> None:
    secrets = [*market.rglob("*.key")]
    assert len(secrets) == 2 * len(ROLES) + 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    lines = [line for path in secrets for line in path.read_text().splitlines() if "PRIVATE KEY" not in line]
    others = "\n".join(path.read_text() for path in market.rglob("*") if path.is_file() and path.suffix != ".key")
    assert not any(line in others for line in lines)
    assert len({path.read_bytes() for path in secrets}) == len(secrets)


def test_no_secret_is_shown_by_what_holds_it(market: Path) -> None:
    place = read_place(market / "village", NOW)
    shown = repr(place) + repr(place.credentials)
    assert not any(line in shown for line in (market / "village" / "tls.key").read_text().splitlines())


def test_folders_stay_inside_whatever_the_names_are() -> None:
    names = [
        "../../up",
        "/root",
        "..",
        "authority",
        "Coordinator",
        "CON",
        "a",
        "A",
        ".hidden",
        "x" * 128,
        "ü",
        "mg 1",
        "mg-1",
    ]
    key = iter(f"{number:064x}" for number in range(100))
    people = [Member("chair", "coordinator", next(key), next(key)), Member("net", "operator", next(key), next(key))]
    people += [Member(name, "microgrid", next(key), next(key)) for name in names]
    folders = folder_names(Members("day", tuple(people)))
    assert folders["chair"] == "coordinator" and folders["net"] == "net" and folders["mg-1"] == "mg-1"
    assert all(Path(one).name == one and not one.startswith(".") and one.isascii() for one in folders.values())
    assert len({one.casefold() for one in folders.values()}) == len(people) and "authority" not in folders.values()
    assert folders["../../up"] == "up-" + hashlib.sha256(b"../../up").hexdigest()[:16]


def test_new_certificates_keep_keys_and_authority(market: Path, tmp_path: Path) -> None:
    roles = {name: role for name, role in ROLES.items() if name != "village"} | {"mill": "microgrid"}
    late = NOW + timedelta(days=6)
    new = make_folders(tmp_path / "next", "next", roles, hours=1.0, earlier=market, now=late)
    old = read_roster(market / "roster.json")
    for name in ("chair", "network", "Hof / Süd"):
        before, after = old.member(name), new.member(name)
        assert before is not None and after is not None
        assert before.key == after.key and before.fingerprint != after.fingerprint
    assert new.member("village") is None and new.digest != old.digest
    assert (tmp_path / "next/authority/ca.pem").read_bytes() == (market / "authority/ca.pem").read_bytes()
    assert read_place(tmp_path / "next" / "mill", late).me.name == "mill"


def test_nothing_is_overwritten_and_nothing_is_left_of_a_mistake(market: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this exists already"):
        make_folders(market, "day", ROLES)
    with pytest.raises(InputError, match="there must be one operator, not 0"):
        make_folders(tmp_path / "new", "day", {"chair": "coordinator", "v": "microgrid"})
    with pytest.raises(InputError, match="this is no host"):
        make_folders(tmp_path / "new", "day", ROLES, hosts=("no host",))
    assert not list(tmp_path.iterdir())


def _swap(market: Path, folder: Path, **files: str) -> Path:
    """The folder of the village with some files of others."""
    folder.mkdir()
    for path in (market / "village").iterdir():
        path = market / files.get(path.stem, "village") / path.name
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (
            {"sign": "network"},
            "the certificate says microgrid 'village' in 'day', the roster operator 'network' in 'day'",
        ),
        (
            {"tls": "network"},
            "the certificate says operator 'network' in 'day', the roster microgrid 'village' in 'day'",
        ),
    ],
)
def test_folders_that_were_mixed_up_are_refused(market: Path, tmp_path: Path, files: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_place(_swap(market, tmp_path / "mixed", **files), NOW)


@pytest.mark.parametrize(
    ("file", "data", "why"),
    [
        ("tls.key", b"nothing", "this is not a key and a certificate of a member"),
        ("tls.pem", b"nothing", "this is not a key and a certificate of a member"),
        ("roster.json", b"{}", "this is not a roster: KeyError"),
        ("sign.key", b"nothing", "no private key can be read: ValueError"),
    ],
)
def test_files_that_were_damaged_are_refused(market: Path, tmp_path: Path, file: str, data: bytes, why: str) -> None:
    folder = _swap(market, tmp_path / "bad")
    (folder / file).write_bytes(data)
    with pytest.raises(InputError, match=why):
        read_place(folder, NOW)


def test_the_key_must_be_that_of_the_certificate(market: Path, tmp_path: Path) -> None:
    folder = _swap(market, tmp_path / "bad")
    (folder / "tls.key").write_bytes((market / "network" / "tls.key").read_bytes())
    with pytest.raises(InputError, match="the key is not that of the certificate"):
        read_place(folder, NOW)


def test_files_that_are_missing_are_named(market: Path, tmp_path: Path) -> None:
    for file, why in (
        ("tls.key", "the secret key is not there"),
        ("roster.json", "no roster can be read: FileNotFoundError"),
    ):
        folder = _swap(market, tmp_path / file)
        (folder / file).unlink()
        with pytest.raises(InputError, match=why):
            read_place(folder, NOW)


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        (-1.0, "not yet valid: it will be from 2030-05-01 11:55 UTC, and it is 2030-05-01 11:00 UTC here"),
        (25.0, "has expired: it was valid until 2030-05-02 12:00 UTC, and it is 2030-05-02 13:00 UTC here"),
    ],
)
def test_certificates_out_of_date_are_refused_with_both_clocks(market: Path, hours: float, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_place(market / "village", NOW + timedelta(hours=hours))


def test_a_key_of_nobody_is_refused(market: Path, tmp_path: Path) -> None:
    folder = _swap(market, tmp_path / "bad")
    members = read_roster(folder / "roster.json")
    others = [replace(one, key="7" * 64) if one.name == "village" else one for one in members.members]
    (folder / "roster.json").write_bytes(replace(members, members=tuple(others)).encode())
    with pytest.raises(InputError, match="the signing key is of no member of the roster"):
        read_place(folder, NOW)


def test_a_certificate_that_names_no_member_is_none() -> None:
    authority = new_authority("day", NOW)
    with pytest.raises(ValueError, match="the certificate names no member of a market"):
        certified(authority.certificate)
    der = x509.load_pem_x509_certificate(authority.certificate).public_bytes(Encoding.DER)
    assert len(fingerprint(der)) == 64
