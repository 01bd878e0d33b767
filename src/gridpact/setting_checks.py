"""What is wrong with settings of a kind: choices, whole numbers, flags. Settings that are not there are fine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gridpact.errors import Issue


def not_possible(name: str, value: object, fix: str) -> Issue:
    return Issue(f"{name} = {value!r} is not possible", fix)


def choice_issues(settings: Mapping[str, Any], choices: Mapping[str, Sequence[str]]) -> list[Issue]:
    """Settings that are not one of some names."""
    return [
        not_possible(name, settings[name], f"Choose one of: {', '.join(allowed)}.")
        for name, allowed in choices.items()
        if name in settings and not (isinstance(settings[name], str) and settings[name] in allowed)
    ]


def whole_issues(settings: Mapping[str, Any], ranges: Mapping[str, tuple[int, int]]) -> list[Issue]:
    """Settings that are not whole numbers of a range, its ends included."""
    return [
        not_possible(name, settings[name], f"Give a whole number from {low} to {high}.")
        for name, (low, high) in ranges.items()
        if name in settings and not (type(settings[name]) is int and low <= settings[name] <= high)
    ]


def flag_issues(settings: Mapping[str, Any], names: Sequence[str]) -> list[Issue]:
    """Settings that are neither true nor false."""
    return [
        not_possible(name, settings[name], "Give true or false.")
        for name in names
        if not isinstance(settings.get(name, True), bool)
    ]
