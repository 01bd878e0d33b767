"""Words that the results of a trade are written in: the question, and the clearings that a run is put together from."""

from __future__ import annotations

from typing import Final

QUESTION: Final = "trade"
NETWORK, MICROGRIDS = "", "microgrids_"
BEFORE_NETWORK, BEFORE_MICROGRIDS = "before_network_", "before_microgrids_"
# Figures of a clearing without a deal that no table has: what is proven where storages are held one way.
PROVEN: Final = ("objective_bound", "relaxed_objective")
SIDES: Final = (NETWORK, MICROGRIDS, BEFORE_NETWORK, BEFORE_MICROGRIDS)
"""What tables begin with: those of the network, of all microgrids side by side, and both without a deal."""
