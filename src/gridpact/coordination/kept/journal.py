"""What a party has seen and done, so that it survives: a file of records that is only appended to.

    record   head | kind | payload | hash | signature
    head     b"GPj1" | number | length of kind | length of payload | CRC-32 of these      4 bytes each, little-endian
    hash     SHA-256(hash of the record before | head without CRC | kind | payload); before the first, 32 zeros
    signature of the hash by the writer, Ed25519

The first record is ``genesis``: what the journal belongs to. A record is with the operating system when ``append``
returns, and survives the process; a durable one is on the disk, and survives the machine.

A process that is killed leaves a strict prefix of the record it was writing. That, and nothing else, is cut off when
the journal is opened again: a head that is there as a whole has its own check, so that a damaged length cannot make a
whole record look like a torn one. Everything else that is wrong is an error that names the record.

What a journal by itself cannot show is that whole records are missing at its end: who looks for that compares its last
hash with what others know (``transcript``).
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from gridpact.coordination.identity.keys import SIGNATURE, Signer, signed_by
from gridpact.coordination.kept.failpoints import failpoint
from gridpact.coordination.kept.sole_writer import BusyError, sole_writer
from gridpact.errors import ArchiveError

MAGIC = b"GPj1"
HEAD = struct.Struct("<4sIII")
CHECK = struct.Struct("<I")
HASH = 32
PURPOSE = "record"
GENESIS = "genesis"
MOST_RECORD = 2**21
MOST_KIND = 32
AROUND = HEAD.size + CHECK.size + HASH + SIGNATURE
MOST_PAYLOAD = MOST_RECORD - MOST_KIND - AROUND
NO_HASH = bytes(HASH)

CHANGED = "The file was changed after it was written: take a copy that was not, or begin a new run."
FULL = "Make room for it and go on: the journal is as it was before."
AGAIN = "The journal is as it was before; see to the disk and try again."


class JournalError(ArchiveError):
    """A journal is damaged, belongs to somebody else, or cannot be written."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record: ``kind`` says how to read the payload, ``hash`` stands for it and all records before."""

    number: int
    kind: str
    payload: bytes
    hash: bytes
    signature: bytes


class Log(Protocol):
    """What a party writes down."""

    @property
    def records(self) -> list[Record]: ...

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None: ...


class Scan(NamedTuple):
    """The records of a journal, where the last one ends, and how many bytes of a torn one follow."""

    records: list[Record]
    end: int
    torn: int


class _Place(NamedTuple):
    """Where the next record goes: its number, the hash before, the size of the file."""

    number: int
    hash: bytes
    end: int


class Journal:
    """A journal open for writing; of one process and one thread. ``cut`` bytes of a torn record went at opening."""

    def __init__(self, path: Path, signer: Signer, handle: int, held: ExitStack) -> None:
        self.path = path
        self.cut = 0
        self._signer = signer
        self._handle = handle
        self._held = held
        self._place = _Place(0, NO_HASH, 0)
        self._broken = ""

    @classmethod
    def open(cls, path: Path, signer: Signer, genesis: bytes) -> Journal:
        """A new journal, or the one that is there, all of it checked; raises ``JournalError``."""
        with ExitStack() as held:
            try:
                held.callback(os.close, sole_writer(path))
                handle = _opened(path)
                held.callback(os.close, handle)
                journal = cls(path, signer, handle, held.pop_all())
            except BusyError as error:
                raise JournalError(str(error)) from None
            except OSError as error:
                raise JournalError(f"{path} cannot be opened: {error.strerror}.") from None
        try:
            journal._resume(genesis)
        except OSError as error:
            journal.close()
            raise JournalError(f"{path} cannot be begun: {error.strerror}. {_advice(error)}") from None
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others write it."""
        self._broken = "is closed"
        self._held.close()

    @property
    def hash(self) -> bytes:
        """That of the last record: it stands for all."""
        return self._place.hash

    @property
    def records(self) -> list[Record]:
        """All of them, as they stand in the file; raises ``JournalError`` where that is not what was written."""
        found = scan(self.path)
        last = found.records[-1].hash if found.records else NO_HASH
        if (last, found.end, found.torn) != (self._place.hash, self._place.end, 0):
            raise JournalError(f"{self.path} is not what was written to it. {CHANGED}")
        return found.records

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
        """Write a record; raises ``JournalError`` where that fails, and the file is as it was before."""
        if self._broken:
            raise JournalError(f"{self.path} {self._broken}: nothing more can be written. Open it again.")
        data, digest = _record(self._place, kind, payload, self._signer)
        try:
            failpoint("journal.append.before")
            self._write(data)
            if durable:
                self._sync()
            self._place = _Place(self._place.number + 1, digest, self._place.end + len(data))
        except OSError as error:
            self._undo()
            raise JournalError(f"{self.path} cannot be written: {error.strerror}. {_advice(error)}") from None
        except BaseException:
            self._undo()
            raise
        failpoint("journal.append.after")

    def _write(self, data: bytes) -> None:
        failpoint("journal.append.write", lambda: os.write(self._handle, data[: len(data) // 2]))
        written = os.write(self._handle, data)
        while written < len(data):
            written += os.write(self._handle, data[written:])

    def _sync(self) -> None:
        """What has been written lasts. After a failure nobody knows what does: the file must be read again."""
        try:
            failpoint("journal.append.sync")
            os.fsync(self._handle)
        except OSError:
            self._broken = "could not be made to last"
            raise

    def _undo(self) -> None:
        """Cut off what was begun."""
        try:
            os.ftruncate(self._handle, self._place.end)
        except OSError:
            self._broken = "ends in a torn record"

    def _resume(self, genesis: bytes) -> None:
        found = scan(self.path, self._signer.public)
        if found.records:
            self._check_genesis(found.records[0], genesis)
        if found.torn:
            self._cut(found)
        if found.records:
            self._place = _Place(len(found.records), found.records[-1].hash, found.end)
        else:
            failpoint("journal.create")
            self.append(GENESIS, genesis, durable=True)
            _sync_folder(self.path.parent)

    def _cut(self, found: Scan) -> None:
        try:
            failpoint("journal.cut")
            os.ftruncate(self._handle, found.end)
        except OSError as error:
            raise JournalError(f"The torn end of {self.path} cannot be cut off: {error.strerror}.") from None
        self.cut = found.torn

    def _check_genesis(self, first: Record, genesis: bytes) -> None:
        if (first.kind, first.payload) != (GENESIS, genesis):
            raise JournalError(
                f"{self.path} is the journal of another run or party. Give each run and party a folder of its own."
            )


@dataclass(eq=False)
class MemoryLog:
    """A journal that does not outlive its process, without signatures: for simulations and tests."""

    records: list[Record] = field(default_factory=list)

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
        number = len(self.records)
        before = self.records[-1].hash if number else NO_HASH
        digest = _hash(before, _head(number, kind, payload), kind.encode(), payload)
        self.records.append(Record(number, kind, payload, digest, b""))


def read_journal(path: Path, public: str) -> list[Record]:
    """All records, their chain and the signatures of the writer checked; raises ``JournalError``, also if torn."""
    found = scan(path, public)
    if found.torn:
        raise JournalError(
            f"{path}, record {len(found.records)} is torn: {found.torn} bytes of it are there. "
            "Let the party that wrote it go on with it; that cuts it off."
        )
    return found.records


def scan(path: Path, public: str | None = None) -> Scan:
    """The journal as far as it is whole; raises ``JournalError`` for anything but a torn record at its end.

    Signatures are those of the key ``public``; without one they are not looked at.
    """
    records, end, before = [], 0, NO_HASH
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            for record in _read(file, path, before, public):
                records.append(record)
                end = file.tell()
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}.") from None
    return Scan(records, end, size - end)


def _read(file: BinaryIO, path: Path, before: bytes, public: str | None) -> Iterator[Record]:
    """Record by record, until the end or a torn one."""
    number = 0
    while (head := file.read(HEAD.size + CHECK.size)) != b"":
        kinds, payloads = _lengths(head, number, path)
        body = file.read(kinds + payloads + HASH + SIGNATURE)
        if len(body) < kinds + payloads + HASH + SIGNATURE:
            return
        kind, payload, digest, signature = _split(body, kinds, payloads)
        if _hash(before, head[: HEAD.size], kind, payload) != digest:
            raise _damaged(path, number, "its hash is not that of its content and of the records before")
        if public is not None and not signed_by(public, PURPOSE, digest, signature):
            raise _damaged(path, number, "its signature is not that of the writer")
        yield Record(number, _text(kind, number, path), payload, digest, signature)
        number, before = number + 1, digest


def _lengths(head: bytes, number: int, path: Path) -> tuple[int, int]:
    """Those of kind and payload; for a torn head, which nothing follows, zeros."""
    expected = MAGIC + number.to_bytes(4, "little")
    if head[:4] != expected[: len(head[:4])]:
        raise _damaged(path, number, f"it does not begin with {MAGIC.decode()}")
    if len(head) < HEAD.size + CHECK.size:
        if head[:8] != expected[: len(head[:8])]:
            raise _damaged(path, number, "its head is damaged")
        return 0, 0
    _, found, kinds, payloads = HEAD.unpack_from(head)
    if CHECK.unpack_from(head, HEAD.size) != (zlib.crc32(head[: HEAD.size]),):
        raise _damaged(path, number, "its head is damaged")
    if found != number:
        raise _damaged(path, number, f"its number is {found}: records are missing or have changed places")
    if kinds > MOST_KIND or payloads > MOST_PAYLOAD:
        raise _damaged(path, number, f"it would be longer than {MOST_RECORD} bytes")
    return kinds, payloads


def _split(body: bytes, kinds: int, payloads: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Kind, payload, hash and signature."""
    end = kinds + payloads
    return body[:kinds], body[kinds:end], body[end : end + HASH], body[end + HASH :]


def _record(place: _Place, kind: str, payload: bytes, signer: Signer) -> tuple[bytes, bytes]:
    """The bytes of a record, and its hash."""
    head, name = _head(place.number, kind, payload), kind.encode()
    digest = _hash(place.hash, head, name, payload)
    check = CHECK.pack(zlib.crc32(head))
    return b"".join((head, check, name, payload, digest, signer.sign(PURPOSE, digest))), digest


def _head(number: int, kind: str, payload: bytes) -> bytes:
    if not (kind.isascii() and kind.isprintable() and 0 < len(kind) <= MOST_KIND):
        raise JournalError(
            f"The kind of a record must be 1 to {MOST_KIND} printable ASCII characters, not {kind!r:.60}."
        )
    if len(payload) > MOST_PAYLOAD:
        raise JournalError(f"A record holds at most {MOST_PAYLOAD} bytes; {len(payload)} were to be written.")
    return HEAD.pack(MAGIC, number, len(kind), len(payload))


def _hash(before: bytes, head: bytes, kind: bytes, payload: bytes) -> bytes:
    return hashlib.sha256(b"".join((before, head, kind, payload))).digest()


def _text(kind: bytes, number: int, path: Path) -> str:
    try:
        return kind.decode("ascii")
    except UnicodeDecodeError:
        raise _damaged(path, number, "its kind is no text") from None


def _damaged(path: Path, number: int, what: str) -> JournalError:
    return JournalError(f"{path}, record {number}: {what}. {CHANGED}")


def _advice(error: OSError) -> str:
    return FULL if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else AGAIN


def _opened(path: Path) -> int:
    """A handle that appends to a file which its owner alone can read."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, 0o600)
    path.chmod(0o600)  # it may have come from elsewhere
    return handle


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # elsewhere folders cannot be opened
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
