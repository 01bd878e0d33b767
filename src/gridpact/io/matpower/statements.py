"""The text of a MATPOWER case as statements: comments dropped, continued lines joined, nothing executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gridpact.errors import InputError, Issue

TEXT = r"'(?:[^'\n]|'')*'|\"[^\"\n]*\""
COMMENT = re.compile(rf"({TEXT})|%.*")
QUOTED = re.compile(TEXT)
PART = re.compile(rf"(?:\[[^\[\]]*\]|\{{[^{{}}]*\}}|{TEXT}|[^;\[\]{{}}'\"]+)+")
ROW_END = re.compile(r"([;\n])")

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
        for piece in ROW_END.split(self.text[begin:end]):
            if piece.strip(f" \t{CONTINUED};\n"):
                lead = piece[: len(piece) - len(piece.lstrip())]
                yield line + _line_ends(lead), piece.strip()
            line += _line_ends(piece)


def statements(file: str, text: str) -> list[Statement]:
    """All statements of a file. Raises InputError where brackets do not match."""
    found: list[Statement] = []
    begun, pending, depth = 1, "", 0
    for number, line in enumerate(_without_comments(text), start=1):
        goes_on = line.rstrip().endswith("...")
        pending += line.rstrip()[:-3] + CONTINUED if goes_on else line + "\n"
        bare = QUOTED.sub("", line)
        depth += bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
        if depth < 0:
            raise InputError([Issue("a bracket is closed that was not opened", "Correct the line.", file, number)])
        if depth == 0 and not goes_on:
            found += _parts(file, begun, pending)
            begun, pending = number + 1, ""
    if depth:
        raise InputError([Issue("a bracket is never closed", "Close it with ]; or };", file, begun)])
    return [*found, *_parts(file, begun, pending)]


def _without_comments(text: str) -> Iterator[str]:
    """Lines without what follows a percent sign, empty between %{ and %}."""
    depth = 0
    for line in text.splitlines():
        mark = line.strip()
        depth += (mark == "%{") - (mark == "%}" and depth > 0)
        yield "" if depth or mark == "%}" else COMMENT.sub(lambda match: match[1] or "", line)


def _parts(file: str, line: int, text: str) -> Iterator[Statement]:
    """The statements between the semicolons of a text whose brackets are balanced."""
    place = 0
    while place < len(text):
        match = PART.match(text, place)
        if match is None and text[place] != ";":
            number = line + _line_ends(text[:place])
            fix = "Brackets within brackets and open quotation marks are not read; simplify the line."
            raise InputError([Issue("line cannot be read", fix, file, number, value=text[place : place + 40].strip())])
        if match is not None and match[0].strip():
            lead = match[0][: len(match[0]) - len(match[0].lstrip())]
            yield Statement(line + _line_ends(text[:place] + lead), match[0].strip())
        place = match.end() if match is not None else place + 1


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count(CONTINUED)
