"""The text of a MATPOWER case as statements: comments dropped, continued lines joined, nothing executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gridpact.errors import InputError, Issue

TEXT = r"'(?:[^'\n]|'')*'|\"[^\"\n]*\""
COMMENT = re.compile(rf"({TEXT})|%.*")
QUOTED = re.compile(TEXT)
PART = re.compile(rf"(?:\[[^\[\]]*\]|\{{[^{{}}]*\}}|{TEXT}|[^;\[\]{{}}'\"]++)++")
ROW = re.compile(r"[^;\n]*+[;\n]|[^;\n]++")
MOST_LETTERS = 1_000_000

# Stands for the end of a line that goes on in the next: white space that still counts as a line.
CONTINUED = "\r"


@dataclass(frozen=True)
class Statement:
    """``text`` without comments and closing semicolon; ``line`` is where it begins, counted from 1."""

    line: int
    text: str

    def rows(self, begin: int, end: int) -> Iterator[tuple[int, str]]:
        """The rows in a part of the text, each with its line; they end at line ends and semicolons."""
        line = self.line + _line_ends(self.text[:begin])
        for match in ROW.finditer(self.text, begin, end):
            piece = match[0]
            if piece.strip("; \t\n\r"):
                lead = piece[: len(piece) - len(piece.lstrip())]
                yield line + _line_ends(lead), piece.strip("; \t\n\r")
            line += _line_ends(piece)


def statements(file: str, text: str) -> Iterator[Statement]:
    """All statements of a file. Raises InputError where brackets do not match."""
    begun, pending, depth = 1, "", 0
    for number, line in enumerate(_without_comments(text), start=1):
        if not pending and not line.strip():
            begun = number + 1
            continue
        if len(line) > MOST_LETTERS:
            raise InputError([Issue("line is longer than any line", "Break the line.", file, number)])
        goes_on = line.rstrip().endswith("...")
        pending += line.rstrip()[:-3] + CONTINUED if goes_on else line + "\n"
        bare = QUOTED.sub("", line)
        depth += bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
        if depth < 0:
            raise InputError([Issue("a bracket is closed that was not opened", "Correct the line.", file, number)])
        if depth == 0 and not goes_on:
            yield from _parts(file, begun, pending)
            begun, pending = number + 1, ""
    if depth:
        raise InputError([Issue("a bracket is never closed", "Close it with ]; or };", file, begun)])
    yield from _parts(file, begun, pending)


def _without_comments(text: str) -> Iterator[str]:
    """Lines without what follows a percent sign, empty between %{ and %}."""
    depth = 0
    for line in text.splitlines():
        mark = line.strip()
        depth += (mark == "%{") - (mark == "%}" and depth > 0)
        if depth or mark == "%}":
            yield ""
        else:
            yield COMMENT.sub(lambda match: match[1] or "", line) if "%" in line else line


def _parts(file: str, line: int, text: str) -> Iterator[Statement]:
    """The statements between the semicolons of a text whose brackets are balanced."""
    place = 0
    while place < len(text):
        match = PART.match(text, place)
        if match is None and text[place] != ";":
            fix = "Brackets within brackets and open quotation marks are not read; simplify the line."
            raise InputError([Issue("line cannot be read", fix, file, line, value=text[place : place + 40].strip())])
        part = ";" if match is None else match[0]
        if part.strip("; \t\n\r"):
            lead = part[: len(part) - len(part.lstrip())]
            yield Statement(line + _line_ends(lead), part.strip())
        line += _line_ends(part)
        place += len(part)


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count(CONTINUED)
