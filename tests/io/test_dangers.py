"""Input made to harm its reader: each is refused with a message, within 5 s of work and 500 MB of memory."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gridpact.io.excel import case_to_workbook
from gridpact.io.folder import read_case

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "tests" / "cases" / "bad" / "base"
SHEET = "xl/worksheets/sheet2.xml"
OPEN, CLOSE = b"<worksheet><sheetData>", b"</sheetData></worksheet>"
FLAGS = re.compile(rb"(PK\x01\x02.{4}).", re.DOTALL)
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is not told here")

Danger = Callable[[Path], Path]


# --- folders -------------------------------------------------------------------------------------------------


def in_folder(name: str, content: bytes) -> Danger:
    """The case of base/ with one file of this content."""

    def make(folder: Path) -> Path:
        case = Path(shutil.copytree(BASE, folder / "case"))
        (case / name).write_bytes(content)
        return case

    return make


def sparse(folder: Path) -> Path:
    case = Path(shutil.copytree(BASE, folder / "case"))
    os.truncate(case / "profiles.csv", 2**33)
    return case


def link(target: str) -> Danger:
    def make(folder: Path) -> Path:
        case = Path(shutil.copytree(BASE, folder / "case"))
        (folder / "outside.csv").write_text("load,bus\nsecret,Nord\n", encoding="utf-8")
        (case / "loads.csv").unlink()
        (case / "loads.csv").symlink_to(target)
        return case

    return make


def pipe(folder: Path) -> Path:
    case = Path(shutil.copytree(BASE, folder / "case"))
    (case / "loads.csv").unlink()
    os.mkfifo(case / "loads.csv")
    return case


def horizon(steps: int, rows: int) -> Danger:
    """A long horizon for a long table: a gigabyte of values out of a few lines."""

    def make(folder: Path) -> Path:
        case = Path(shutil.copytree(BASE, folder / "case"))
        header = (case / "case.toml").read_text(encoding="utf-8").replace("steps = 4", f"steps = {steps}")
        (case / "case.toml").write_text(header.replace("step_minutes = 60", "step_minutes = 15"), encoding="utf-8")
        (case / "profiles.csv").unlink()
        loads = "".join(f"l{number},Nord\n" for number in range(rows))
        (case / "loads.csv").write_text(f"load,bus\nfarm,Nord\ntown,Nord\n{loads}", encoding="utf-8")
        return case

    return make


NAMES = [f"a rather long name of a bus {number:05d}" for number in range(5000)]
BUSES = "bus,vn_kv,vm_min_pu,vm_max_pu\n" + "".join(f"{name},20,0.9,1.1\n" for name in NAMES)
WIDE = ",".join(f"loads/l{number}/p_mw" for number in range(10_000))
FOLDERS: dict[str, tuple[Danger, str]] = {
    "file of 8 GB": (sparse, "file is too large"),
    "cells without end": (in_folder("loads.csv", b"load,bus\n" + b"," * 40_000_000), "more than 1500000 cells"),
    "lines without end": (in_folder("loads.csv", b"\n" * 40_000_000), "more than 1500000 cells"),
    "line without end": (in_folder("loads.csv", b"load,bus\n" + b"a" * 40_000_000), "field larger than field limit"),
    "quotation without end": (in_folder("loads.csv", b'load,bus\n"' + b'a""' * 10_000_000), "field larger than"),
    "number that takes long to be none": (
        in_folder("loads.csv", b"load,bus,p_mw\ntown,Nord," + b"1" * 130_000 + b"x\nfarm,Nord,1\n"),
        "is not a number",
    ),
    "names of 130 kB": (in_folder("loads.csv", b"load,bus\nfarm,Nord\ntown," + b"ab" * 65_000 + b"\n"), "no such id"),
    "5000 names that are nearly right": (in_folder("buses.csv", BUSES.encode()), "no such id in buses"),
    "10000 wrong profiles": (
        in_folder("profiles.csv", f"snapshot,{WIDE}\n2024-03-31T00:00:00+01:00{',x' * 10_000}\n".encode()),
        "more mistakes",
    ),
    "horizon of a million steps for 1000 loads": (horizon(1_000_000, 1000), "too many steps for a table of 1002"),
    "header of 10 MB": (in_folder("case.toml", b"x = " + b"9" * 10_000_000), "larger than 16 kB"),
    "header of nested brackets": (in_folder("case.toml", b"x = " + b"[" * 16_000), "cannot be read as TOML"),
    "header of nested keys": (in_folder("case.toml", b"x" + b".x" * 8000 + b" = 1"), "cannot be read as TOML"),
    "header of many keys": (
        in_folder("case.toml", b"".join(b"k%d = 1\n" % number for number in range(1500))),
        "more mistakes",
    ),
    "link out of the folder": (link("../outside.csv"), "link leads out of the folder"),
    "link to itself": (link("loads.csv"), "link leads nowhere"),
    "link to a device": (link("/dev/zero"), "link leads out of the folder"),
    "pipe": (pipe, "is not a regular file"),
}


# --- workbooks -----------------------------------------------------------------------------------------------


def parts() -> dict[str, bytes]:
    """The parts of a workbook of the case of base/."""
    with zipfile.ZipFile(io.BytesIO(case_to_workbook("book.xlsx", read_case(BASE)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def book(folder: Path, content: dict[str, bytes], name: str = "book.xlsx", method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(folder / name, "w", method, compresslevel=1) as archive:
        for part, data in content.items():
            archive.writestr(part, data)
    return folder / name


def with_part(part: str, data: bytes) -> Danger:
    return lambda folder: book(folder, parts() | {part: data})


def with_relation(old: bytes, new: bytes) -> Danger:
    name = "xl/_rels/workbook.xml.rels"
    return lambda folder: book(folder, parts() | {name: parts()[name].replace(old, new)})


def with_bytes(change: Callable[[bytes], bytes]) -> Danger:
    """The archive with some of its bytes changed."""

    def make(folder: Path) -> Path:
        path = book(folder, parts())
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def bomb(folder: Path) -> Path:
    """300 kB that unpack to 300 MB."""
    with zipfile.ZipFile(folder / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts().items():
            archive.writestr(part, data)
        with archive.open("xl/media/image.bmp", "w") as out:
            for _ in range(300):
                out.write(bytes(2**20))
    return folder / "book.xlsx"


def liar(folder: Path) -> Path:
    """A part of 50 MB that the directory says to have 1000 bytes."""
    path = book(folder, parts() | {SHEET: b"0" * 50_000_000})
    path.write_bytes(path.read_bytes().replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    return path


def many_parts(folder: Path) -> Path:
    return book(folder, {f"{number:x}": b"" for number in range(3000)}, method=zipfile.ZIP_STORED)


def twins(folder: Path) -> Path:
    return book(folder, parts() | {SHEET.upper(): b""})


def other_suffix(suffix: str) -> Danger:
    return lambda folder: book(folder, parts(), f"book{suffix}")


def cells(number: int) -> bytes:
    return OPEN + b"<row>" + b"<c><v>1</v></c>" * 16_000 + b"</row>" + b"<row><c><v>1</v></c></row>" * number + CLOSE


def laughing(doctype: bytes, text: bytes) -> bytes:
    cell = b'<row r="1"><c t="inlineStr"><is><t>' + text + b"</t></is></c></row>"
    return b"<!DOCTYPE worksheet [" + doctype + b"]>" + OPEN + cell + CLOSE


REFERRING = b'<row><c t="s"><v>0</v></c></row>' * 300_000
LONG_TEXT = b"<sst><si><t>" + b"1" * 32_000 + b"x</t></si></sst>"


def shared(folder: Path) -> Path:
    """300000 cells that all refer to one text of 32000 characters: 10 GB to look at."""
    content = parts() | {SHEET: OPEN + REFERRING + CLOSE, "xl/shared.xml": LONG_TEXT}
    link = b'<Relationship Id="s" Type="x/sharedStrings" Target="shared.xml"/></Relationships>'
    name = "xl/_rels/workbook.xml.rels"
    return book(folder, content | {name: content[name].replace(b"</Relationships>", link)})


BOOKS: dict[str, tuple[Danger, str]] = {
    "zip bomb": (bomb, "unpacks to 300 MB"),
    "directory that lies about a size": (liar, "damaged"),
    "3000 parts": (many_parts, "more than 2000 parts"),
    "two parts of one name": (twins, "two parts of the same name"),
    "corrupt archive": (with_bytes(lambda data: data[: len(data) // 2]), "damaged"),
    "corrupt data": (with_bytes(lambda data: data[:200] + bytes(400) + data[600:]), "damaged"),
    "no archive": (with_bytes(lambda data: b"load,bus\n"), "damaged or no workbook"),
    "empty file": (with_bytes(lambda data: b""), "damaged or no workbook"),
    "archive of something else": (lambda folder: book(folder, {"a.txt": b"a"}), "_rels/.rels' is missing"),
    "encrypted workbook": (with_bytes(lambda data: bytes.fromhex("d0cf11e0a1b11ae1") + data), "encrypted"),
    "encrypted parts": (with_bytes(lambda data: FLAGS.sub(lambda found: found[1] + b"\1", data)), "encrypted"),
    "compression by another method": (
        lambda folder: book(folder, parts() | {SHEET: bytes(1000)}, method=zipfile.ZIP_LZMA),
        "damaged",
    ),
    "macros": (with_part("xl/vbaProject.bin", b"x"), "contains macros"),
    "suffix of a workbook with macros": (other_suffix(".xlsm"), ".xlsm is not read"),
    "suffix of the old format": (other_suffix(".xls"), ".xls is not read"),
    "entities that multiply": (with_part(SHEET, laughing(b'<!ENTITY l0 "ha">' + LAUGHS, b"&l9;")), "document type"),
    "entity that reads a file": (
        with_part(SHEET, laughing(b'<!ENTITY x SYSTEM "file:/etc/passwd">', b"&x;")),
        "document type",
    ),
    "broken document": (with_part(SHEET, OPEN), "damaged"),
    "elements without end": (with_part(SHEET, b"<a>" * 10_000_000), "nested too deep"),
    "attributes without end": (with_part(SHEET, b"<a " + b'b="" ' * 10_000_000), "no end"),
    "text without end": (with_part(SHEET, OPEN + b"<row><c><v>" + b"1" * 50_000_000), "no end"),
    "one text in every cell": (shared, "too large"),
    "cells out of order": (with_part(SHEET, OPEN + b'<row r="2"/><row r="1"/>' + CLOSE), "not in order"),
    "row beyond all rows": (with_part(SHEET, OPEN + b'<row r="99999999999999999999"/>' + CLOSE), "not in order"),
    "column beyond all columns": (
        with_part(SHEET, OPEN + b'<row r="1"><c r="ZZZ1"><v>1</v></c></row>' + CLOSE),
        "not in order",
    ),
    "few cells in many places": (with_part(SHEET, cells(200)), "16000 columns"),
    "sheet outside of the archive": (
        with_relation(b"worksheets/sheet2.xml", b"../../../../etc/passwd"),
        "'etc/passwd' is missing",
    ),
    "sheet elsewhere": (
        with_relation(b'Target="worksheets/sheet2.xml"', b'Target="file:/etc/passwd" TargetMode="External"'),
        "first row is empty",
    ),
}
AT_THE_LIMITS: dict[str, tuple[Danger, str]] = {
    "more than a million cells": (with_part(SHEET, cells(1_000_000)), "about a million cells"),
    "just not too many cells, all wrong": (
        in_folder("loads.csv", b"load,bus,p_mw\n" + b"".join(b"load%d,Nrd,-\n" % n for n in range(495_000))),
        "no such id in buses",
    ),
}


# --- all of them ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def limited() -> Iterator[Callable[[Path], dict[str, Any]]]:
    """Runs ``gridpact validate`` on a path within limits."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT)))}
    command = [sys.executable, "-m", "tests.io.limited"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def run(path: Path) -> dict[str, Any]:
            print(path, file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        yield run
        process.stdin.close()


def assert_refused(
    limited: Callable[[Path], dict[str, Any]], danger: tuple[Danger, str], folder: Path
) -> dict[str, Any]:
    path = danger[0](folder)
    before = set(folder.rglob("*"))
    answer = limited(path)
    assert answer["code"] == 2, "more than 5 s of work end a process by a signal"
    assert danger[1] in answer["said"]
    assert "Traceback" not in answer["said"]
    assert "bug" not in answer["said"]
    assert answer["megabytes"] < 500
    assert set(folder.rglob("*")) == before
    return answer


@pytest.mark.parametrize("name", FOLDERS)
def test_folder_is_refused(name: str, limited: Callable[[Path], dict[str, Any]], tmp_path: Path) -> None:
    assert_refused(limited, FOLDERS[name], tmp_path)


@pytest.mark.parametrize("name", BOOKS)
def test_workbook_is_refused(name: str, limited: Callable[[Path], dict[str, Any]], tmp_path: Path) -> None:
    assert_refused(limited, BOOKS[name], tmp_path)


@pytest.mark.campaign
@pytest.mark.parametrize("name", AT_THE_LIMITS)
def test_as_much_as_is_read_at_all(name: str, limited: Callable[[Path], dict[str, Any]], tmp_path: Path) -> None:
    assert_refused(limited, AT_THE_LIMITS[name], tmp_path)


def test_the_limits_are_kept(limited: Callable[[Path], dict[str, Any]]) -> None:
    """The case without mistakes passes, so that the limits themselves end nothing."""
    answer = limited(BASE)
    assert answer["code"] == 0
    assert "is fine" in answer["said"]
