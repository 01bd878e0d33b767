"""A market of several machines in one process: the same as without a network, signed by all."""

import numpy as np
import pytest

from gridpact.coordination.outcome import read_outcome
from gridpact.coordination.states import State
from tests.coordination.made_market import made, pumped, read_document


@pytest.mark.parametrize("cascading", [False, True])
def test_all_sign_what_follows_in_one_process_to_the_last_bit(cascading: bool) -> None:
    market = made(4, cascading=cascading)
    pump = pumped(market)
    assert pump.hub.state is State.COMMITTED
    document = market.algorithm(pump)
    assert document == market.in_process()
    assert read_document(document)["below"] == pytest.approx(market.best, abs=1e-5)
    assert pump.hub.state is State.ITERATING and pump.hub.outcome is None
    pump.hub.finish(document, 0.0)
    pump.turn()
    assert pump.hub.state is State.SIGNED
    for seat in pump.seats.values():
        assert (seat.state, seat.cause, seat.outcome) == (State.SIGNED, None, pump.hub.outcome)
    signed = pump.hub.outcome
    assert signed is not None and signed.outcome.document == document
    assert read_outcome(signed.encode(market.members), market.members) == signed
    assert np.isclose(read_document(document)["paid"].sum(), 0.0, atol=1e-9)
