"""How far a party or the coordinator is: a line for each new state, and one every few seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from gridpact.coordination.apart.states import State

LOOK_S, EVERY_S = 0.2, 5.0
Look = Callable[[], tuple[State, str]]
Tell = Callable[[str], None]


def on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def shown(name: str, look: Look, tell: Tell) -> Iterator[None]:
    """While this lasts, ``tell`` of the state and of what else ``look`` finds."""
    over = Event()
    thread = Thread(target=_watch, args=(name, look, tell, over), name="gridpact-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(name: str, look: Look, tell: Tell, over: Event) -> None:
    began = last = monotonic()
    before: State | None = None
    while True:
        ends = over.wait(LOOK_S)
        state, detail = look()
        if state is not before or monotonic() - last >= EVERY_S:
            before, last = state, monotonic()
            tell(f"{name}: {state}, {detail}, {last - began:.0f} s")
        if ends:
            return
