"""Valid input with random damage, for every reader: nothing but an error of ours may come of it, and soon.

    python -m tests.io.fuzz TARGET SEED [COUNT]

repeats what a campaign has found.
"""

import io
import random
import re
import shutil
import signal
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from gridpact.case.case import Case
from gridpact.errors import GridPactError
from gridpact.io.archive import read_run, write_run
from gridpact.io.csvtext import parse_csv, parse_header
from gridpact.io.excel import case_to_workbook
from gridpact.io.folder import case_from_files, case_from_workbook, read_case, validate
from gridpact.io.manifest import MANIFEST, write_manifest
from gridpact.io.matpower.read import from_matpower
from gridpact.io.pandapipes.read import from_pandapipes
from gridpact.io.pandapower.read import from_pandapower
from gridpact.io.xlsx_read import read_sheets
from gridpact.study import validate_study
from tests.io.made import record

CASES = Path(__file__).resolve().parents[1] / "cases"
BASE = CASES / "bad" / "base"
HEAT = CASES / "bad" / "heat"
TRANSMISSION = CASES / "bad" / "transmission"
PLANNING = CASES / "bad" / "planning"
SECONDS = 20

Chance = random.Random
Target = Callable[[Chance, Path], None]
Damage = Callable[[bytes, Chance, Sequence[bytes]], bytes]

WORDS = re.compile(rb"[\w.+-]+|\s+|[^\w\s]")
NUMBERS = b"0 -1 1e308 -1e308 1e999 1e-320 nan inf -inf 0x10 1_0 1,5 .5 5. 99999999999999999999 -0".split()
TEXTS = rb"|true|no|station|farm|a/b|\"|'|=1+1|#REF!".split(b"|")
SIGNS = [b"\n", b"\r\n", b"\0", b"\xff", b"\xc3\x28", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b"|"]
TIMES = b"2024-03-31T02:00:00+01:00 9999-12-31T23:59:59Z 0000-00-00T00:00:00Z 2024-03-31".split()
TOML = b"[|]|[[|]]|{|}|=|.|\"\"\"|'''|#|\\u0000|\\uD800|[settings]|question|1979-05-27".split(b"|")
XML = b"""< > /> </c> <c> <row> <v> <f> <t> <is> <si> &amp; &#0; &lt; <!-- <![CDATA[ <?a t="s" r="A1" _x0000_""".split()
MATLAB = b"[|]|;|%|'|...|mpc.|mpc.bus|=|(|)|:|*|/|^2|end|function|1:3|inf|NaN|zeros|mpc.baseMVA|{|}".split(b"|")
JSON = rb'null true false NaN Infinity {} [] "" \"\" [[ ]] }, : \"columns\": \"index\": \"data\": \u0000 1e999'.split()
PLAIN = [*NUMBERS, *TEXTS, *SIGNS]
TOKENS = [*PLAIN, *TIMES, *TOML, *XML, b"<!DOCTYPE a>", *MATLAB]


# --- damage --------------------------------------------------------------------------------------------------


def damaged(data: bytes, chance: Chance, tokens: Sequence[bytes] = TOKENS) -> bytes:
    """The data with one to four pieces changed."""
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(DAMAGES)(data, chance, tokens)
    return data


def _piece(data: bytes, chance: Chance, longest: int) -> tuple[int, int]:
    first = chance.randint(0, len(data))
    return first, min(len(data), first + chance.randint(0, longest))


def _flipped(data: bytes, chance: Chance, tokens: Sequence[bytes]) -> bytes:
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def _cut(data: bytes, chance: Chance, tokens: Sequence[bytes]) -> bytes:
    first, last = _piece(data, chance, 64)
    return data[:first] + data[last:]


def _repeated(data: bytes, chance: Chance, tokens: Sequence[bytes]) -> bytes:
    first, last = _piece(data, chance, 200)
    return data[:first] + data[first:last] * chance.choice([2, 2, 2, 40]) + data[last:]


def _moved(data: bytes, chance: Chance, tokens: Sequence[bytes]) -> bytes:
    first, last = _piece(data, chance, 200)
    rest = data[:first] + data[last:]
    place = chance.randint(0, len(rest))
    return rest[:place] + data[first:last] + rest[place:]


def _inserted(data: bytes, chance: Chance, tokens: Sequence[bytes]) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + chance.choice(tokens) + data[place:]


def _replaced(data: bytes, chance: Chance, tokens: Sequence[bytes]) -> bytes:
    """A word by another one of the same data, or by a token."""
    words = list(WORDS.finditer(data))
    if not words:
        return chance.choice(tokens)
    word, other = chance.choice(words), chance.choice(words)
    return data[: word.start()] + chance.choice([other[0], chance.choice(tokens)]) + data[word.end() :]


def _ended(data: bytes, chance: Chance, tokens: Sequence[bytes]) -> bytes:
    return data[: chance.randint(0, len(data))]


# Other words reach deeper than other bytes, which mostly break the form.
DAMAGES: list[Damage] = [_flipped, _cut, _repeated, _moved, _inserted, _inserted, _ended, *[_replaced] * 4]


# --- readers -------------------------------------------------------------------------------------------------


@cache
def base_files(base: Path = BASE) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(base.iterdir())}


@cache
def base_workbook(base: Path = BASE) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(case_to_workbook("book.xlsx", read_case(base)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def assert_case_or_issues(case: Case | None, issues: Sequence[object]) -> None:
    assert (case is None) == bool(issues)
    assert all(str(issue) for issue in issues)
    if case is not None:
        assert validate(case) == []  # a case that came out is found right in memory too


def folder(chance: Chance, place: Path) -> None:
    """Some files of a case damaged, one perhaps missing."""
    files = dict(base_files(chance.choice([BASE, HEAT, TRANSMISSION, PLANNING])))
    for name in chance.sample(sorted(files), chance.randint(1, 3)):
        files[name] = damaged(files[name], chance)
    if chance.random() < 0.05:
        del files[chance.choice(sorted(files))]
    assert_case_or_issues(*case_from_files(files))


def csv_file(chance: Chance, place: Path) -> None:
    name = chance.choice([name for name in sorted(base_files()) if name.endswith(".csv")])
    table, issues = parse_csv(name, damaged(base_files()[name], chance))
    assert table is not None or issues


def header(chance: Chance, place: Path) -> None:
    table, issues = parse_header("case.toml", damaged(base_files()["case.toml"], chance))
    assert table is not None or issues


def _damaged_workbook(chance: Chance) -> bytes:
    """One of its parts damaged, or the archive itself."""
    base = chance.choice([BASE, HEAT, PLANNING])
    parts = dict(base_workbook(base))
    if chance.random() < 0.7:
        name = chance.choice([*parts, "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
        parts[name] = damaged(parts[name], chance)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue() if parts != base_workbook(base) else damaged(stream.getvalue(), chance)


def sheets(chance: Chance, place: Path) -> None:
    read_sheets("book.xlsx", _damaged_workbook(chance))


def workbook(chance: Chance, place: Path) -> None:
    assert_case_or_issues(*case_from_workbook("book.xlsx", _damaged_workbook(chance)))


STUDY = b'question = "clear"\ncase = "%s"\n\n[settings]\nformulation = "soc"\nsolver = "clarabel"\nprice_probes = 4\n'


def study(chance: Chance, place: Path) -> None:
    if not (place / "case").exists():
        shutil.copytree(BASE, place / "case")
    # Mostly without its case, whose reading takes longer than that of the study.
    case = b"case" if chance.random() < 0.05 else b"none"
    (place / "study.toml").write_bytes(damaged(STUDY % case, chance))
    assert all(str(issue) for issue in validate_study(place / "study.toml"))


def run(chance: Chance, place: Path) -> None:
    """One file of a run damaged, mostly with its hash made right again, as only an attacker would."""
    if not (place / "run").exists():
        write_run(record(read_case(BASE)), place / "run")
    path = chance.choice(sorted(path for path in (place / "run").rglob("*") if path.is_file()))
    kept = {path: path.read_bytes(), place / "run" / MANIFEST: (place / "run" / MANIFEST).read_bytes()}
    path.write_bytes(damaged(kept[path], chance))
    if chance.random() < 0.8 and path.name != MANIFEST:
        (place / "run" / MANIFEST).unlink()
        write_manifest(place / "run", {}, {})
    try:
        read_run(place / "run")
    finally:
        for name, content in kept.items():
            name.write_bytes(content)


@cache
def matpower_files() -> list[bytes]:
    return [path.read_bytes() for path in sorted((CASES / "matpower").glob("*.m"))]


def matpower(chance: Chance, place: Path) -> None:
    (place / "case.m").write_bytes(damaged(chance.choice(matpower_files()), chance, [*PLAIN, *MATLAB]))
    from_matpower(place / "case.m", skip_unsupported=chance.random() < 0.5, tell=lambda line: None)


@cache
def pandapower_file() -> bytes:
    from pandapower import to_json
    from pandapower.networks import example_simple

    return bytes(to_json(example_simple(), None), "utf-8")


def pandapower(chance: Chance, place: Path) -> None:
    (place / "net.json").write_bytes(damaged(pandapower_file(), chance, [*PLAIN, *JSON]))
    from_pandapower(place / "net.json", price=50.0, skip_unsupported=chance.random() < 0.5, tell=lambda line: None)


@cache
def pandapipes_file() -> bytes:
    from tests.io.pipes import pps, tree

    return bytes(pps.to_json(tree(), None), "utf-8")


def pandapipes(chance: Chance, place: Path) -> None:
    (place / "pipes.json").write_bytes(damaged(pandapipes_file(), chance, [*PLAIN, *JSON]))
    from_pandapipes(place / "pipes.json", price=50.0, skip_unsupported=chance.random() < 0.5, tell=lambda line: None)


TARGETS: dict[str, Target] = {
    "folder": folder,
    "csv_file": csv_file,
    "header": header,
    "sheets": sheets,
    "workbook": workbook,
    "study": study,
    "run": run,
    "matpower": matpower,
    "pandapower": pandapower,
    "pandapipes": pandapipes,
}


# --- campaigns -----------------------------------------------------------------------------------------------


@contextmanager
def in_time(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""

    def give_up(*arguments: object) -> None:
        raise TimeoutError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def survivors(name: str, first: int, count: int) -> list[str]:
    """Runs a reader on ``count`` damaged inputs; what was raised that is not ours, with the seed."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        for seed in range(first, first + count):
            try:
                with in_time(SECONDS):
                    TARGETS[name](random.Random(seed), Path(place))  # noqa: S311
            except GridPactError as error:
                found += [] if str(error) else [f"{name} {seed}: an error that says nothing"]
            except Exception as error:
                found.append(f"{name} {seed}: {type(error).__name__}: {error}"[:500])
    return found


if __name__ == "__main__":
    target, seed, *count = sys.argv[1:]
    for line in survivors(target, int(seed), int(count[0]) if count else 1):
        print(line)
