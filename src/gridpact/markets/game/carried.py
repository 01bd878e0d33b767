"""What the transmission market cannot carry, in words: how much was wanted, where and when, and what there is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.markets.game.equilibrium import value_functions
from gridpact.markets.game.leader import Game
from gridpact.programs.follower.response import Response, response

Floats = NDArray[np.float64]


def answer_to(game: Game, boundary: Floats, why: str) -> Response:
    """The transmission market's answer to boundary powers in MW, which are there because of ``why``.

    Raises ``InfeasibleError`` that names the power furthest from what can be carried.
    """
    z = (boundary / game.transmission.base_mva).ravel(order="F")
    try:
        return response(game.transmission.follower(), z)
    except InfeasibleError as error:
        if error.unbounded:
            raise
        raise InfeasibleError(_not_carried(game, boundary, why)) from None


def _not_carried(game: Game, boundary: Floats, why: str) -> str:
    ends = _ends(game)
    beyond = np.abs(boundary) if ends is None else np.maximum(boundary - ends[1], ends[0] - boundary)
    connection, step = divmod(int(np.argmax(beyond)), beyond.shape[1])
    at = game.transmission.place(connection, step)
    wanted = f"{why}, an import of {boundary[connection, step]:g} MW is wanted at {at}"
    fix = "Give a forecast nearer to the import that is likely (forecast_mw), or limit the import (max_import_mw)."
    if ends is None:
        return f"{wanted}, and the transmission market cannot carry this and what is wanted elsewhere. {fix}"
    low, high = (end[connection, step] for end in ends)
    return f"{wanted}, and the transmission market can carry {low:g} to {high:g} MW. {fix}"


def _ends(game: Game) -> tuple[Floats, Floats] | None:
    """Least and greatest boundary powers in MW, (connections, steps); None where they are tied to each other."""
    values = value_functions(game)
    if values is None:
        return None
    ends = game.transmission.base_mva * np.array([value.domain() for value in values])
    low, high = (ends[:, side].reshape(game.transmission.columns.shape, order="F") for side in (0, 1))
    return low, high
