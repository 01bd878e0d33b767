"""What a verification found: one finding per check, with the first place at which the check failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A check by ``name``; ``where`` and why it failed, empty where it ``passed``."""

    name: str
    passed: bool
    where: str = ""


class Doubts:
    """Findings in the making: every check passes until something is against it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._where = dict.fromkeys(names, "")

    def add(self, name: str, where: str) -> None:
        """Something is against a check; only the first is kept."""
        self._where[name] = self._where[name] or where

    @property
    def findings(self) -> list[Finding]:
        return [Finding(name, not where, where) for name, where in self._where.items()]
