"""Points at which writing fails: armed by a text, listed with what they stand for, silent otherwise."""

import ast
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gridpact.coordination.kept.failpoints import POINTS, VARIABLE, armed, failpoint
from gridpact.errors import InputError

POINT = "journal.append.before"


def test_nothing_happens_unless_armed() -> None:
    wrote: list[int] = []
    failpoint(POINT, lambda: wrote.append(1))
    assert wrote == []


def test_a_point_fires_at_the_arrival_that_was_asked_and_at_no_other() -> None:
    wrote: list[int] = []
    with armed(f"{POINT}=enospc@2,{POINT}=enospc@4"):
        fired = []
        for arrival in range(1, 6):
            try:
                failpoint(POINT, lambda: wrote.append(1))
            except OSError as error:
                fired.append((arrival, error.errno))
    assert fired == [(2, errno.ENOSPC), (4, errno.ENOSPC)]
    assert len(wrote) == 2, "a full disk takes half of it first"
    failpoint(POINT)


@pytest.mark.parametrize(
    "text", [POINT, f"{POINT}=", f"{POINT}=explode", f"{POINT}=kill@0", "nowhere=kill", "=", "kill"]
)
def test_what_cannot_be_armed_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match=r"no name=kind@arrival.*journal\.append\.write"), armed(text):
        pass


@pytest.mark.parametrize(("kind", "said"), [("kill", ""), ("torn", "half")])
def test_a_process_dies_where_its_environment_says(kind: str, said: str) -> None:
    code = (
        "import os; from gridpact.coordination.kept.failpoints import failpoint; "
        f"[failpoint('{POINT}', lambda: os.write(1, b'half')) for _ in range(2)]; failpoint('{POINT}'); print('alive')"
    )
    environment = {**os.environ, VARIABLE: f"{POINT}={kind}@2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == said


def test_a_wrong_environment_is_not_passed_over() -> None:
    environment = {**os.environ, VARIABLE: "nowhere=kill"}
    command = [sys.executable, "-c", "import gridpact.coordination.kept.failpoints"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "'nowhere=kill' is no name=kind@arrival" in done.stderr


def test_every_point_in_the_code_is_listed_and_every_listed_one_is_in_the_code(project: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((project / "src").rglob("*.py"))]
    calls = [
        node
        for text in texts
        if "failpoint(" in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "failpoint"
    ]
    names = [argument.value for call in calls for argument in call.args[:1] if isinstance(argument, ast.Constant)]
    assert len(names) == len(calls), "a name is written where it is used"
    assert sorted(names) == sorted(POINTS)
