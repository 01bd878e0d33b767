"""What a verification found: one finding per check, with the first place at which the check failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A check by ``name``; ``where`` and why it failed, empty where it ``passed``.

    Where it is ``absent`` there is nothing to check, and that is nobody's fault: the market has no result.
    """

    name: str
    passed: bool
    where: str = ""
    absent: bool = False


class Doubts:
    """Findings in the making: every check passes until something is against it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._where = dict.fromkeys(names, "")
        self._lacks: dict[str, str] = {}

    def add(self, name: str, where: str) -> None:
        """Something is against a check; only the first is kept."""
        self._where[name] = self._where[name] or where

    def lack(self, name: str, why: str) -> None:
        """There is nothing to check; whatever is against it counts all the same."""
        self._lacks[name] = why

    def demand(self) -> None:
        """There must be something to check: what is not there is against it."""
        for name, why in self._lacks.items():
            self.add(name, why)

    @property
    def findings(self) -> list[Finding]:
        return [self._finding(name, where) for name, where in self._where.items()]

    def _finding(self, name: str, where: str) -> Finding:
        if where or name not in self._lacks:
            return Finding(name, not where, where)
        return Finding(name, False, self._lacks[name], absent=True)
