"""What the README and the tutorial say is what happens: their Python and their commands are run, in order.

A ``python`` block prints what the ``text`` block after it says; a ``console`` block holds commands after ``$``
and what they print, one after the other; all at once, each in a process of its own, after ``<!-- together -->``.
``...`` stands for anything. A comment ``<!-- edit FILE: "old" -> "new" -->`` changes a file.
"""

import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from pathlib import Path

import pytest

from gridpact.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorial").glob("*.md"))]
BLOCK = re.compile(
    r"^(?:<!-- (?P<how>together) -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)^```$|"
    r"^<!-- edit (?P<file>\S+): (?P<change>[^\n]*) -->$",
    re.M | re.S,
)
# What only a slow machine prints.
PROGRESS = re.compile(r"^(price probes: \d+ of \d+|(equilibrium: gap|agreement: residual) \S+)\n", re.M)
MARK = "--- next block ---"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Kind and content of every block of a page."""
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        kind = match["how"] or match["kind"]
        yield ("edit", f"{match['file']}\n{match['change']}") if match["file"] else (kind, match["body"])


def require(wanted: str, got: str) -> None:
    matches = doctest.OutputChecker().check_output(wanted, got, FLAGS)
    assert matches, f"the page says:\n{wanted}\nbut this is printed:\n{got}"


def run_python(codes: list[str], folder: Path) -> list[str]:
    """What each of the blocks prints, run one after the other as a script of its own process."""
    script = folder / "page.py"
    script.write_text(f"\nprint({MARK!r})\n".join(codes), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(script)]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split(f"{MARK}\n")


def commands(body: str) -> Iterator[tuple[list[str], str]]:
    """Arguments of every command of a block, and what it is to print."""
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, wanted = part.partition("\n")
        program, *arguments = shlex.split(command)
        assert program == "gridpact"
        yield arguments, wanted


def run_together(body: str) -> None:
    parts = list(commands(body))
    program = [sys.executable, "-m", "gridpact"]
    how = {"env": {**os.environ, "PYTHONPATH": str(ROOT / "src")}, "stdout": subprocess.PIPE}
    runs = [subprocess.Popen([*program, *one], stderr=subprocess.STDOUT, text=True, **how) for one, _ in parts]
    try:
        for run, (_, wanted) in zip(runs, parts, strict=True):
            require(wanted, run.communicate(timeout=600)[0])
    finally:
        for run in runs:
            run.kill()
            run.wait()


def run_console(body: str) -> None:
    for arguments, wanted in commands(body):
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            main(arguments)
        require(wanted, PROGRESS.sub("", printed.getvalue()))


def edit(text: str) -> None:
    name, change = text.split("\n", 1)
    old, new = (literal_eval(part) for part in change.split(" -> "))
    file = Path(name)
    content = file.read_text(encoding="utf-8")
    assert content.count(old) == 1
    file.write_text(content.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_print_what_the_page_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    actions = {"console": run_console, "together": run_together, "edit": edit}
    for kind, content in blocks(page):
        actions.get(kind, str)(content)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    parts = list(blocks(page))
    printed = iter(run_python([content for kind, content in parts if kind == "python"], tmp_path))
    for (kind, _), (following, content) in pairwise([*parts, ("end", "")]):
        got = next(printed) if kind == "python" else ""
        if kind == "python" and following == "text":
            require(content, got)


def test_a_wrong_page_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the page says"):
        require("41\n", run_python(["print(42)"], tmp_path)[0])
    with pytest.raises(AssertionError, match="the page says"):
        run_console("$ gridpact examples\nnone\n")
