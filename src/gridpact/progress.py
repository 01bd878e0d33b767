"""Progress on anything over two seconds: a bar on a terminal, plain lines elsewhere, nothing unless asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 2.0


def tracker(label: str, shown: bool) -> Callable[[list[T]], Iterable[T]]:
    """A function that passes the items of a list on and shows how far it is, on stderr."""
    if not shown:
        return iter
    return _bar(label) if sys.stderr.isatty() else _lines(label)


def _bar(label: str) -> Callable[[list[T]], Iterable[T]]:
    from tqdm import tqdm

    return lambda items: tqdm(items, desc=label, delay=PATIENCE, leave=False)


def counted(label: str, total: int, shown: bool) -> Callable[[int], None]:
    """A function that is told how many more of ``total`` are done, and shows it from time to time on stderr."""
    done, last = 0, perf_counter()

    def tell(more: int) -> None:
        nonlocal done, last
        done += more
        if shown and (perf_counter() - last > PATIENCE or done == total):
            last = perf_counter()
            print(f"{label}: {done} of {total}", file=sys.stderr)

    return tell


def falling(label: str, unit: str) -> Callable[[float], None]:
    """A function that is told a number that falls, and shows it from time to time on stderr."""
    last = perf_counter()

    def tell(value: float) -> None:
        nonlocal last
        if perf_counter() - last > PATIENCE:
            last = perf_counter()
            print(f"{label}: {unit} {value:.1e}", file=sys.stderr)

    return tell


def _lines(label: str) -> Callable[[list[T]], Iterable[T]]:
    def track(items: list[T]) -> Iterator[T]:
        last = perf_counter()
        for done, item in enumerate(items):
            yield item
            if perf_counter() - last > PATIENCE:
                last = perf_counter()
                print(f"{label}: {done + 1} of {len(items)}", file=sys.stderr)

    return track
