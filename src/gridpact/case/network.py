"""Which buses hang together."""

from __future__ import annotations

import numpy as np

from gridpact.case.case import Case, Ints


def island_labels(case: Case) -> Ints:
    """For each bus the number of the first bus of its island, through branches that carry current; shape (buses,).

    Labels are lowered to the least label next to them, and then followed to their own label, until nothing
    changes; a few rounds even for long feeders.
    """
    carrying = case.branches_in_service()
    start, end = (
        np.concatenate([case.positions("lines", side), case.positions("transformers", side)])[carrying]
        for side in ("from_bus", "to_bus")
    )
    labels = np.arange(case.count("buses"), dtype=np.int64)
    while True:
        least = np.minimum(labels[start], labels[end])
        lower = labels.copy()
        np.minimum.at(lower, labels[start], least)
        np.minimum.at(lower, labels[end], least)
        lower = lower[lower]
        if np.array_equal(lower, labels):
            return labels
        labels = lower
