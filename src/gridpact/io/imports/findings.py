"""What an import meets besides what it can take over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gridpact.errors import InputError, Issue

Tell = Callable[[str], None]
MOST_NAMES = 8


@dataclass(frozen=True)
class Findings:
    """``unsupported`` is what a case cannot hold, ``notes`` what was converted, assumed or left out in good order."""

    unsupported: list[Issue] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str, names: Sequence[str] | None = None) -> None:
        """A note; with ``names`` only where there are any, and followed by them."""
        if names is None:
            self.notes.append(text)
        elif names:
            self.notes.append(f"{text}: {listed(names)}")

    def refuse(self, message: str, fix: str, file: str = "", row: int = 0, value: str = "") -> None:
        self.unsupported.append(Issue(message, fix, file, row, value=value))

    def settle(self, skip_unsupported: bool, tell: Tell) -> None:
        """Raise InputError with all that is not supported, or tell it where it may be skipped; then tell the notes."""
        if self.unsupported and not skip_unsupported:
            raise InputError(self.unsupported)
        for issue in self.unsupported:
            tell(f"left out: {issue}")
        for text in self.notes:
            tell(text)


def listed(names: Sequence[str]) -> str:
    """The names, shortened where they are many."""
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
