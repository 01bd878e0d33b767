"""Who may import whom, and what importing does: the rules are kept by tests, not by goodwill."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "gridpact"

SOLVERS = {"clarabel", "highspy", "osqp", "piqp", "pyscipopt", "qoco", "scs"}
TABLES = {"numpy", "pandas"}
FILES = {"matplotlib", "openpyxl", "pandapipes", "pandapower", "pyarrow"}
EVERYTHING = {"*"}

# package -> what it may import besides the standard library, `errors` and itself.
# Whoever may use `case` or `results` holds their tables, and may therefore name pandas.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "case": TABLES,
    "results": {"case"} | TABLES,
    "programs": {"numpy", "scipy", "cvxpy", "casadi", "dask", "distributed"} | SOLVERS,
    "physics": {"programs", "case", "cvxpy", "numpy", "scipy", "pandas"},
    "coordination": {"programs", "numpy", "grpc", "cryptography"},
    "markets": {"physics", "programs", "coordination", "case", "results", "cvxpy", "scipy"} | TABLES,
    "planning": {"physics", "programs", "coordination", "markets", "case", "results", "cvxpy", "scipy"} | TABLES,
    "certificates": {"case", "results", "scipy", "power_grid_model"} | TABLES,
    "io": {"case", "results"} | TABLES | FILES,
    "report": {"case", "results"} | TABLES | FILES,
    "examples": {"case"} | TABLES,
    "progress": {"tqdm"},
    "study": EVERYTHING,
    "clearing": EVERYTHING,
    "run": EVERYTHING,
    "study_file": set(),
    "setting_checks": set(),
    "study_cases": {"case", "io", "markets", "planning", "results", "study_file"},
    "bench": EVERYTHING,
    "bench_heat": EVERYTHING,
    "days": EVERYTHING,
    "game": EVERYTHING,
    "bench_game": EVERYTHING,
    "bench_plan": EVERYTHING,
    "bench_trade": EVERYTHING,
    "bench_market": EVERYTHING,
    "bench_together": EVERYTHING,
    "bench_page": set(),
    "sweep": EVERYTHING,
    "remedies": EVERYTHING,
    "reliability_study": EVERYTHING,
    "plans": EVERYTHING,
    "trading": EVERYTHING,
    "together": EVERYTHING,
    "roles": EVERYTHING,
    "cli_market": {"gridpact"},
    "cli": {"gridpact", "cli_market", "tqdm"},
    "web": {"gridpact"},
    "__init__": EVERYTHING,
    "__main__": {"cli"},
}

MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = ["cvxpy", "matplotlib", "pyarrow", "power_grid_model"]


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def package_of(path: Path) -> str:
    """The part of the house a module belongs to: its folder, or its own name at the top."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """The full name of the module that a `from` statement names."""
    if not node.level:
        return node.module or ""
    folder = ("gridpact", *path.relative_to(SOURCE).parent.parts)
    base = folder[: len(folder) - node.level + 1]
    return ".".join((*base, node.module) if node.module else base)


def imported(path: Path) -> Iterator[str]:
    """Full names of all modules and names imported anywhere in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def target(name: str) -> str:
    """The part of the house, or the outside library, that an imported name belongs to."""
    parts = name.split(".")
    if parts[0] != "gridpact":
        return parts[0]
    inside = len(parts) > 1 and ((SOURCE / parts[1]).is_dir() or (SOURCE / f"{parts[1]}.py").is_file())
    return parts[1] if inside else "gridpact"


def strangers(path: Path) -> set[str]:
    """What a module imports without permission."""
    package = package_of(path)
    allowed = ALLOWED.get(package, set()) | {package, "errors"}
    targets = {target(name) for name in imported(path)} - set(sys.stdlib_module_names)
    return set() if "*" in allowed else targets - allowed


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_what_its_part_of_the_house_may(path: Path) -> None:
    assert package_of(path) in ALLOWED, "a new part of the house needs a row in ALLOWED and in the design"
    assert strangers(path) == set()


def test_the_rule_sees_a_breach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checker is itself checked: absolute, relative and hidden imports are found, permitted ones pass."""
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    for part in ("certificates", "physics", "case", "programs"):
        (tmp_path / part).mkdir()
    (tmp_path / "errors.py").touch()
    judge = tmp_path / "certificates" / "judge.py"
    judge.write_text("import numpy\nfrom gridpact.case import case\nfrom ..errors import InputError\n")
    assert strangers(judge) == set()
    judge.write_text("from gridpact import physics\nfrom ..programs import solve\ndef f():\n    import cvxpy.atoms\n")
    assert strangers(judge) == {"physics", "programs", "cvxpy"}


def test_the_command_line_uses_public_names_only() -> None:
    import gridpact as gp

    used = {name for path in MODULES if package_of(path) in {"cli", "cli_market", "web"} for name in imported(path)}
    names = {name.split(".")[1] for name in used if name.startswith("gridpact.")} - {
        "cli",
        "cli_market",
        "web",
        "errors",
    }
    assert names <= set(gp.__all__)


def is_declaration(node: ast.stmt) -> bool:
    """Whether a statement at module level only declares something."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in {"TYPE_CHECKING", "__name__ == '__main__'"}
    kinds = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return isinstance(node, kinds)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_only_declare(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert [ast.unparse(node) for node in body if not is_declaration(node)] == []


# Runs in a process of its own: what has been imported or opened before must not matter.
PROBE = """
import json, os, sys, warnings
deeds = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
DEEDS = {"os.mkdir", "os.putenv", "os.remove", "os.rename", "os.system", "socket.connect", "subprocess.Popen"}
def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
    if writes or event in DEEDS:
        deeds.append(f"{event} {arguments[0]!r}")
import numpy, pandas  # their own deeds are not ours
loaded, filters, environment = set(sys.modules), list(warnings.filters), dict(os.environ)
sys.addaudithook(watch)
import gridpact
print(json.dumps({
    "deeds": deeds,
    "filters": warnings.filters == filters,
    "environment": dict(os.environ) == environment,
    "modules": sorted({name.split(".")[0] for name in set(sys.modules) - loaded}),
}))
"""


@pytest.fixture(scope="module")
def importing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    command = [sys.executable, "-B", "-c", PROBE]
    folder = tmp_path_factory.mktemp("empty")
    environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert not list(folder.iterdir())
    result: dict[str, object] = json.loads(run.stdout)
    return result


@pytest.mark.parametrize("library", HEAVY)
def test_importing_gridpact_loads_no_heavy_library(importing: dict[str, list[str]], library: str) -> None:
    assert library not in importing["modules"]


def test_importing_gridpact_does_nothing_else(importing: dict[str, object]) -> None:
    assert importing["deeds"] == []
    assert importing["filters"] is True
    assert importing["environment"] is True


def test_gridpact_itself_only_declares_names() -> None:
    import gridpact as gp

    assert isinstance(gp.__version__, str)
    assert [name for name in gp.__all__ if not hasattr(gp, name)] == []
