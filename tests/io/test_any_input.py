"""Whatever stands in the files, the answer is a valid case or a list of issues: never another error."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.case.case import Case
from gridpact.errors import Issue
from gridpact.io.folder import case_from_files, validate

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"
NAMES = ("base", "heat", "reliability", "planning")
BASES = [{path.name: path.read_bytes() for path in sorted((BAD / base).iterdir())} for base in NAMES]
NASTY = b'|-1|0|1e308|-1e308|nan|inf|1e-320|true|no|station|farm|Werk|a/b|,|\n|"|\0|\xff| |\xe2\x80\xa8'.split(b"|")
NASTY.append(b"2024-03-31T02:00:00+01:00")


def assert_case_or_issues(files: dict[str, bytes]) -> None:
    case, issues = case_from_files(files)
    assert (case is None) == bool(issues)
    assert all(isinstance(issue, Issue) and issue.message and issue.fix for issue in issues)
    if isinstance(case, Case):
        assert validate(case) == []  # a case that came out is found right in memory too


@st.composite
def cells_replaced(draw: st.DrawFn) -> dict[str, bytes]:
    """Some cells of some files replaced by nasty ones."""
    files = dict(draw(st.sampled_from(BASES)))
    for name in draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=3)):
        lines = [line.split(b",") for line in files[name].split(b"\n")]
        line = draw(st.sampled_from(lines))
        line[draw(st.integers(0, len(line) - 1))] = draw(st.sampled_from(NASTY))
        files[name] = b"\n".join(b",".join(cells) for cells in lines)
    return files


@st.composite
def bytes_replaced(draw: st.DrawFn) -> dict[str, bytes]:
    """A piece of one file replaced by anything; or the file left out."""
    files = draw(st.sampled_from(BASES))
    name = draw(st.sampled_from(sorted(files)))
    data = files[name]
    first = draw(st.integers(0, len(data)))
    last = draw(st.integers(first, min(len(data), first + 40)))
    rest = {other: content for other, content in files.items() if other != name}
    if first == 0 and draw(st.booleans()):
        return rest
    return rest | {name: data[:first] + draw(st.binary(max_size=9)) + data[last:]}


@settings(max_examples=60)
@given(cells_replaced())
def test_any_cells_give_a_case_or_issues(files: dict[str, bytes]) -> None:
    assert_case_or_issues(files)


@settings(max_examples=30)
@given(bytes_replaced())
def test_any_bytes_give_a_case_or_issues(files: dict[str, bytes]) -> None:
    assert_case_or_issues(files)


@pytest.mark.campaign
@settings(max_examples=4000)
@given(cells_replaced())
def test_any_cells_give_a_case_or_issues_at_length(files: dict[str, bytes]) -> None:
    assert_case_or_issues(files)


@pytest.mark.campaign
@settings(max_examples=2000)
@given(bytes_replaced())
def test_any_bytes_give_a_case_or_issues_at_length(files: dict[str, bytes]) -> None:
    assert_case_or_issues(files)
