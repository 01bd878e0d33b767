"""The parts of an .xlsx file: a zip archive of XML documents, judged before anything in it is unpacked.

What such a file can do to its reader is bounded here: its size, the number and size of its parts, the number,
depth and length of elements; documents that declare a type, and with it entities, are refused. Nothing is
written to disk.
"""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from xml.parsers import expat

from gridpact.errors import InputError, Issue

MOST_UNPACKED = 128 * 1024 * 1024
MOST_PARTS = 2000
# A number takes two elements, a text three or four: these are up to a million cells.
MOST_ELEMENTS = 2_000_000
MOST_CHARACTERS = 50_000_000
DEEPEST = 64
CHUNK = 1024 * 1024

COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DIRECTORY_ENTRY = b"PK\x01\x02"
ENCRYPTED = 0x1

SAVE_AGAIN = "Open it in a spreadsheet program and save it anew as .xlsx."
USE_FOLDER = "Use the folder form, with one CSV file for each table."

Attributes = Mapping[str, str]
OnStart = Callable[[str, Attributes], None]
OnText = Callable[[str], None]


def _ignore(text: str) -> None:
    """What a document says and nobody asks for."""


@dataclass
class Budget:
    """What may still be read of a file."""

    file: str
    elements: int = MOST_ELEMENTS
    characters: int = MOST_CHARACTERS

    def refuse(self, depth: int = 0) -> None:
        """Raises InputError where it is used up, ValueError where the elements are nested too deep."""
        if depth > DEEPEST:
            raise ValueError("elements are nested too deep")
        raise refusal(self.file, "workbook is too large: it has more than about a million cells", USE_FOLDER)


@dataclass(frozen=True)
class Package:
    """An archive that may be read: ``file`` is its name in messages, ``parts`` its members by lower-case name."""

    file: str
    archive: zipfile.ZipFile
    parts: Mapping[str, zipfile.ZipInfo]
    budget: Budget


def refusal(file: str, message: str, fix: str) -> InputError:
    """An error about the file as a whole."""
    return InputError([Issue(message, fix, file)])


def open_package(file: str, data: bytes) -> Package:
    """The archive in ``data``.

    Raises InputError where it is none, is too large when unpacked, is encrypted, or carries macros.
    """
    if data.startswith(COMPOUND_FILE):
        fix = "Save it as .xlsx without a password."
        raise refusal(file, "file is encrypted or in the format of old Excel (.xls)", fix)
    # Every entry of the directory begins with this mark: a directory without end is refused unread.
    if data.count(DIRECTORY_ENTRY) > MOST_PARTS:
        raise refusal(file, f"archive has more than {MOST_PARTS} parts", SAVE_AGAIN)
    with blame(file):
        archive = zipfile.ZipFile(io.BytesIO(data))
    entries = archive.infolist()
    _judge_directory(file, entries)
    return Package(file, archive, {entry.filename.lower(): entry for entry in entries}, Budget(file))


def _judge_directory(file: str, entries: list[zipfile.ZipInfo]) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > MOST_UNPACKED:
        raise refusal(file, f"file unpacks to {size >> 20} MB, the limit is {MOST_UNPACKED >> 20} MB", USE_FOLDER)
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise refusal(file, "file is encrypted", "Save it without a password.")
    names = [entry.filename.lower() for entry in entries]
    if len(set(names)) < len(names):
        raise refusal(file, "archive has two parts of the same name", SAVE_AGAIN)
    if any(name.endswith("vbaproject.bin") for name in names):
        raise refusal(file, "workbook contains macros", "Save it as .xlsx without macros.")


@contextmanager
def blame(file: str) -> Iterator[None]:
    """Turn what goes wrong in unpacking and parsing into a refusal of the file."""
    wrong = (EOFError, NotImplementedError, OSError, OverflowError, RuntimeError, ValueError, struct.error)
    try:
        yield
    # An encoding that is not known is a LookupError.
    except (*wrong, LookupError, zipfile.BadZipFile, zlib.error, expat.ExpatError) as error:
        raise refusal(file, f"file is damaged or no workbook: {error}", SAVE_AGAIN) from error


def relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to within the file: id -> (last word of the type, name of the part)."""
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: Attributes) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            found[attributes.get("Id", "")] = (posixpath.basename(attributes.get("Type", "")), target.strip("/"))

    parse_part(package, posixpath.join(folder, "_rels", f"{name}.rels"), start)
    return found


def parse_part(package: Package, part: str, start: OnStart, end: OnText = _ignore, text: OnText = _ignore) -> None:
    """Run through the document of a part, calling ``start``, ``end`` and ``text``.

    Names of elements come without their prefix. Raises InputError where the part is missing or is no harmless
    document; a ValueError of the callables counts as damage too.
    """
    entry = package.parts.get(part.lower())
    if entry is None:
        raise refusal(package.file, f"file is damaged or no workbook: part {part!r} is missing", SAVE_AGAIN)
    parser = _parser(package.budget, start, end)
    parser.CharacterDataHandler = text
    with blame(package.file), package.archive.open(entry) as stream:
        while chunk := stream.read(CHUNK):
            if len(chunk) == CHUNK and b"<" not in chunk:
                raise ValueError("an element has no end")
            parser.Parse(chunk, False)
        parser.Parse(b"", True)


def _parser(budget: Budget, start: OnStart, end: OnText) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def on_start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        budget.elements -= 1
        if budget.elements < 0 or depth > DEEPEST:
            budget.refuse(depth)
        start(name if ":" not in name else name[name.rfind(":") + 1 :], attributes)

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name if ":" not in name else name[name.rfind(":") + 1 :])

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*declaration: object) -> None:
    raise ValueError("a document type is declared")
