"""A joint plan found by messages is certified, and fails where something else has crossed than is declared."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.certificates.spoil import plus, with_cells, with_table
from tests.certificates.together.made import apart, failed

CHECK = "plan disclosed as declared"


def test_a_plan_found_by_messages_is_certified() -> None:
    assert apart().certificate["verdict"] == "certified"
    assert failed(apart()) == []
    assert {"b", "coordinator"} <= set(apart().tables["plan_disclosures"]["sender"])


@pytest.mark.parametrize(
    ("column", "value"),
    [("quantity", "cost"), ("kind", "loads"), ("unit", "kg"), ("sender", "stranger"), ("recipient", "b")],
)
def test_what_is_not_declared_fails(column: str, value: str) -> None:
    forged = with_cells(apart(), "plan_disclosures", column, lambda _: value, sender="b", quantity="units")
    assert CHECK in failed(forged)


def test_bytes_that_are_not_those_of_the_numbers_fail() -> None:
    assert CHECK in failed(with_cells(apart(), "plan_disclosures", "numbers", plus(1), sender="b", quantity="units"))


def test_one_message_more_fails_where_it_is_not_declared() -> None:
    table = apart().tables["plan_disclosures"]
    more = table.iloc[[0]].assign(sender="b", recipient="a", kind="hint", quantity="load", unit="MW")
    assert CHECK in failed(with_table(apart(), "plan_disclosures", pd.concat([table, more], ignore_index=True)))
