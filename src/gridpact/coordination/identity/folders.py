"""The folders of a market: one for each member, to be handed to it, and one of the authority, to be kept.

    DIR/roster.json                                                   public
    DIR/authority/{ca.key, ca.pem}                                    of whoever convenes the market
    DIR/coordinator/{roster.json, ca.pem, tls.pem, tls.key, sign.key}
    DIR/<party>/    the same

Folders are made aside and renamed once they are whole. Who brings keys of its own finds no ``.key`` in its folder, and
puts its own there. New certificates come in new folders, with the signing keys and the authority of the earlier ones: a
new fingerprint is a new roster, under which a new run begins.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gridpact.coordination.identity.authority import (
    HOSTS,
    HOURS,
    Authority,
    Certified,
    Credentials,
    certified,
    key_fits,
    new_authority,
    read_authority,
)
from gridpact.coordination.identity.keys import Signer, read_signer, write_secret
from gridpact.coordination.identity.members import COORDINATOR, ROLES, Member, Members, Terms, read_members
from gridpact.coordination.identity.own_keys import (
    SIGN_KEY,
    TLS_CERTIFICATE,
    TLS_KEY,
    Keys,
    earlier_keys,
    new_keys,
)
from gridpact.errors import InputError, Issue

AUTHORITY, ROSTER = "authority", "roster.json"
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
TAKEN = re.compile(r"authority|coordinator|con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)
TERMS = Terms()
NONE: Mapping[str, Keys] = {}
OF_A_RUN = "This is the folder of a run, of which `gridpact show` and `gridpact verify` tell."
FIX = "Take the folder that `gridpact market init` made for this member, all of it."


@dataclass(frozen=True, eq=False)
class Place:
    """What a member has in its folder."""

    me: Member
    members: Members
    signer: Signer
    credentials: Credentials
    folder: Path


def make_folders(
    root: Path,
    run: str,
    roles: Mapping[str, str],
    terms: Terms = TERMS,
    *,
    hosts: Sequence[str] = HOSTS,
    hours: float = HOURS,
    earlier: Path | None = None,
    keys: Mapping[str, Keys] = NONE,
    now: datetime | None = None,
    fill: Callable[[str, Path], None] = lambda name, folder: None,
) -> Members:
    """Folders of a market with members of these ``roles``, by name, in a new folder ``root``; its roster.

    ``fill`` puts what else a member is to have into its folder. ``earlier`` is the folder of a market whose authority,
    and whose members' keys, are kept, as far as they are there; ``keys`` are those that members bring. Raises
    ``InputError`` for a roster that contradicts itself, for keys of nobody, and where ``root`` exists.
    """
    if root.exists():
        raise InputError([Issue("this exists already", "Choose another folder, nothing is overwritten.", str(root))])
    ordered = sorted(roles.items(), key=lambda item: ROLES.index(item[1]) if item[1] in ROLES else len(ROLES))
    _check(run, ordered, terms)
    _check_keys(roles, keys)
    at = now or datetime.now(UTC)
    authority = new_authority(run, at) if earlier is None else read_authority(earlier / AUTHORITY)
    known = {**{name: new_keys() for name in roles}, **(_earlier(earlier, run) if earlier else {}), **keys}
    credentials = {
        name: authority.credentials(run, role, name, at, hours=hours, hosts=hosts, tls=known[name].tls)
        for name, role in roles.items()
    }
    listed = [_member(name, role, known[name], credentials[name]) for name, role in ordered]
    members = Members(run, tuple(listed), terms)
    read_members(members.encode(), "public.json")
    _write_aside(root, members, authority, known, credentials, fill)
    return members


def read_place(folder: Path, now: datetime | None = None) -> Place:
    """What a member has in its folder; raises ``InputError`` for what does not fit together or is out of date."""
    members = read_roster(folder / ROSTER)
    _require_keys(folder)
    signer = read_signer(folder / SIGN_KEY)
    me = next((one for one in members.members if one.key == signer.public), None)
    if me is None:
        raise InputError([Issue("the signing key is of no member of the roster", FIX, str(folder))])
    credentials = _credentials(folder)
    mistake = credentials_mistake(credentials, me, members, now or datetime.now(UTC))
    if mistake:
        raise InputError([Issue(mistake, FIX, str(folder / "tls.pem"))])
    return Place(me, members, signer, credentials, folder)


def _require_keys(folder: Path) -> None:
    """Whoever has keys of its own must have put them there."""
    fix = f"{FIX} Who made keys of its own (`gridpact market key`, or an earlier market) puts them there."
    names = [name for name in (SIGN_KEY, TLS_KEY) if not (folder / name).is_file()]
    if names and (folder / TLS_CERTIFICATE).is_file():
        raise InputError([Issue("the secret key is not there", fix, str(folder / name)) for name in names])


def read_roster(path: Path) -> Members:
    """The roster of a file; raises ``InputError``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        fix = OF_A_RUN if (path.parent / "manifest.json").is_file() else FIX
        raise InputError([Issue(f"no roster can be read: {type(error).__name__}", fix, str(path))]) from None
    return read_members(data, str(path))


def credentials_mistake(credentials: Credentials, me: Member, members: Members, now: datetime) -> str:
    """Why others would refuse a member that shows these; empty where they have no reason to."""
    try:
        said, fits = certified(credentials.certificate), key_fits(credentials)
    except (ValueError, TypeError) as error:
        return f"this is not a key and a certificate of a member: {error}"
    if not fits:
        return "the key is not that of the certificate"
    if (said.run, said.role, said.name) != (members.run, me.role, me.name):
        return f"the certificate says {as_said(said)}, the roster {me.role} {me.name!r} in {members.run!r}"
    if said.fingerprint != me.fingerprint:
        return "the certificate is not the one of the roster"
    return out_of_date(said.since, said.until, now.timestamp())


def as_said(said: Certified) -> str:
    """Who a certificate says that its owner is."""
    return f"{said.role} {said.name!r} in {said.run!r}"


def out_of_date(since: float, until: float, now: float) -> str:
    """Why a certificate is not valid now; empty where it is."""
    if now < since:
        return f"the certificate is not yet valid: it will be from {_clock(since)}, and it is {_clock(now)} here"
    if now > until:
        return f"the certificate has expired: it was valid until {_clock(until)}, and it is {_clock(now)} here"
    return ""


def folder_names(members: Members) -> dict[str, str]:
    """A folder for each name: the name itself where it is plain, else what is plain of it with a digest."""
    names = [one.name for one in members.parties]
    often = Counter(name.casefold() for name in names)
    folders = {name: _folder(name, often[name.casefold()] > 1) for name in names}
    return {members.coordinator.name: COORDINATOR, **folders}


def _folder(name: str, ambiguous: bool) -> str:
    if PLAIN.fullmatch(name) and not TAKEN.fullmatch(name) and not ambiguous:
        return name
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "party"
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _check(run: str, roles: Sequence[tuple[str, str]], terms: Terms) -> None:
    """The roster as it will be, with keys that stand for those to be made."""
    drafts = [Member(name, role, f"{2 * k:064x}", f"{2 * k + 1:064x}") for k, (name, role) in enumerate(roles)]
    try:
        encoded = Members(run, tuple(drafts), terms).encode()
    except (ValueError, TypeError):
        fix = "Give finite numbers, for the deadline too."
        raise InputError([Issue("the terms hold something that is no number or text", fix)]) from None
    read_members(encoded)


def _check_keys(roles: Mapping[str, str], keys: Mapping[str, Keys]) -> None:
    fix = f"The members are {', '.join(roles)}."
    issues = [
        Issue("there is a key of somebody who is no member", fix, value=name) for name in keys if name not in roles
    ]
    if issues:
        raise InputError(issues)


def _member(name: str, role: str, keys: Keys, credentials: Credentials) -> Member:
    sealing = "" if role == COORDINATOR else keys.sealing
    return Member(name, role, keys.public, certified(credentials.certificate).fingerprint, sealing)


def _earlier(root: Path, run: str) -> dict[str, Keys]:
    """What is left of the keys of an earlier market, by name."""
    members = read_roster(root / ROSTER)
    if members.run == run:
        fix = "Give it a name of its own: what was signed in the one must not pass for something of the other."
        raise InputError([Issue("the earlier market has the same name", fix, str(root / ROSTER), value=run)])
    folders = folder_names(members)
    return {one.name: earlier_keys(one, root / folders[one.name]) for one in members.members}


def _credentials(folder: Path) -> Credentials:
    try:
        return Credentials(*((folder / name).read_bytes() for name in (TLS_KEY, TLS_CERTIFICATE, "ca.pem")))
    except OSError as error:
        raise InputError([Issue(f"no certificate can be read: {type(error).__name__}", FIX, str(folder))]) from None


def _write_aside(
    root: Path,
    members: Members,
    authority: Authority,
    keys: Mapping[str, Keys],
    credentials: Mapping[str, Credentials],
    fill: Callable[[str, Path], None],
) -> None:
    """All or nothing."""
    root.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        (aside / ROSTER).write_bytes(members.encode())
        authority.write(aside / AUTHORITY)
        for name, folder in folder_names(members).items():
            _write_place(aside / folder, members, keys[name].signer, credentials[name])
            fill(name, aside / folder)
        aside.rename(root)
    except BaseException:
        shutil.rmtree(aside)
        raise


def _write_place(folder: Path, members: Members, signer: Signer | None, credentials: Credentials) -> None:
    folder.mkdir(mode=0o700)
    (folder / ROSTER).write_bytes(members.encode())
    (folder / "ca.pem").write_bytes(credentials.authority)
    (folder / TLS_CERTIFICATE).write_bytes(credentials.certificate)
    if credentials.key:
        write_secret(folder / TLS_KEY, credentials.key)
    if signer is not None:
        signer.write(folder / SIGN_KEY)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
