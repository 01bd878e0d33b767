"""What a search has found, kept in a file from one iteration to the next, so that no bound is lost."""

from __future__ import annotations

import io
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gridpact.programs.benders import Priced, Progress

FILE = "progress.npz"
STEPS = ("iteration", "lower", "upper", "gap", "seconds")  # of a state, after the number of its round


@dataclass(frozen=True, eq=False)
class Found:
    """The last state of a search; (round, iteration, lower, upper, gap, seconds) of every state; the days
    that joined after the year was checked, one a round, and the design (columns,) of the round before; and, at the end,
    the days priced near the best design."""

    last: Progress
    history: tuple[tuple[float, ...], ...] = ()
    added: tuple[int, ...] = ()
    near: Priced | None = None
    checked: NDArray[np.float64] | None = None

    def after(self, state: Progress) -> Found:
        """With one more state."""
        row = (float(getattr(state, name)) for name in STEPS)
        return replace(self, last=state, history=(*self.history, (float(len(self.added)), *row)))


def keep(folder: Path, found: Found) -> None:
    """Write the file anew, whole or not at all."""
    state, cuts = found.last, found.last.cuts
    arrays: dict[str, NDArray[Any]] = {f"cut_{field.name}": getattr(cuts, field.name) for field in fields(cuts)}
    arrays |= {
        field.name: np.asarray(getattr(state, field.name)) for field in fields(state) if _is_kept(state, field.name)
    }
    arrays |= {
        "history": np.array(found.history, dtype=np.float64).reshape(-1, 1 + len(STEPS)),
        "added": np.array(found.added, dtype=np.int64),
    }
    if found.checked is not None:
        arrays["checked"] = found.checked
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    aside = folder / f".{FILE}"
    aside.write_bytes(content.getvalue())
    aside.replace(folder / FILE)


def _is_kept(state: Progress, name: str) -> bool:
    """Whether a field is an array or a number; cuts are kept apart."""
    return name != "cuts" and getattr(state, name) is not None


def kept(folder: Path) -> Found | None:
    """What an interrupted search had found; None where there is nothing, or nothing that can be read."""
    from gridpact.programs.benders import Cuts, Progress

    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            arrays = dict(file)
        cuts = Cuts(*(arrays[f"cut_{field.name}"] for field in fields(Cuts)))
        names = [field.name for field in fields(Progress) if field.name not in ("cuts", "core")]
        rest = {name: arrays[name] for name in names} | ({"core": arrays["core"]} if "core" in arrays else {})
    except (OSError, ValueError, KeyError, BadZipFile):
        return None
    single = {name: value.item() for name, value in rest.items() if value.ndim == 0}
    state = Progress(cuts=cuts, **{**rest, **single})
    history = tuple(tuple(row) for row in arrays["history"].tolist())
    return Found(state, history, tuple(arrays["added"].tolist()), checked=arrays.get("checked"))
