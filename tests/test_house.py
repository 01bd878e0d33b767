"""The house rules that no linter knows: sizes, unsafe readers, traces of machines, the lock file, package data."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "gridpact"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def trees(*folders: Path) -> dict[str, ast.Module]:
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def length(function: Function) -> int:
    """Lines of a function without its decorators and its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_functions_are_short() -> None:
    lengths = [length(n) for tree in trees(SOURCE).values() for n in ast.walk(tree) if isinstance(n, Function)]
    assert np.median(lengths) < 10
    assert np.quantile(lengths, 0.9) < 40


def test_every_module_with_code_says_what_it_is_for() -> None:
    assert [name for name, tree in trees(SOURCE).items() if tree.body and not ast.get_docstring(tree)] == []


FORBIDDEN_MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
FORBIDDEN_CALLS = {"eval", "exec", "read_pickle", "to_pickle", "unsafe_load", "full_load"}


def unsafe(node: ast.AST) -> bool:
    """Whether a node can run code that came as data."""
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in FORBIDDEN_MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in FORBIDDEN_MODULES
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    pickled = any(k.arg == "allow_pickle" and ast.unparse(k.value) != "False" for k in node.keywords)
    return pickled or called == "yaml.load" or called.split(".")[-1] in FORBIDDEN_CALLS


def test_nothing_read_can_run_code() -> None:
    found = {
        name: node for name, tree in trees(SOURCE, ROOT / "tests").items() for node in ast.walk(tree) if unsafe(node)
    }
    assert {name: ast.unparse(node) for name, node in found.items()} == {}


@pytest.mark.parametrize(
    "code",
    ["import pickle", "from joblib import load", "eval('1')", "np.load(f, allow_pickle=True)", "yaml.load(f)"],
)
def test_the_rule_sees_unsafe_code(code: str) -> None:
    assert any(unsafe(node) for node in ast.walk(ast.parse(code)))


# Written in pieces, so that this file does not find itself.
TRACES = {
    "a folder of somebody's machine": r"(?<![\w.<])/(?:ho"
    + r"me|Us"
    + r"ers|ro"
    + r"ot|wo"
    + r"rk|op"
    + r"t|m"
    + r"nt)/\w",
    "a temporary folder": r"(?<![\w.])/t" + r"mp/\w",
    "a folder of a Windows machine": r"\b[A-Z]:\\{1,2}\w",
    "a package registry": r"py" + r"pi\.org|python" + r"hosted|ana" + r"conda\.(?:org|com)",
    "an address of an index": r"(?<!emit-)(?:index" + r"-url|find" + r"-links)|file:" + r"//",
}


def tracked() -> list[Path]:
    """Files under version control; outside of a checkout (a source archive) there is nothing to test."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8")


@pytest.mark.parametrize("trace", TRACES)
def test_no_trace_of_a_machine_in_tracked_files(trace: str) -> None:
    pattern = re.compile(TRACES[trace])
    hits = {path.relative_to(ROOT).as_posix(): pattern.search(text_of(path)) for path in tracked()}
    assert {name: hit.group() for name, hit in hits.items() if hit} == {}


def test_the_rule_sees_traces() -> None:
    samples = [
        "see /ho" + "me/ann/x",
        "/t" + "mp/x",
        "C:" + "\\Us" + "ers",
        "https://py" + "pi.org",
        "--index" + "-url x",
    ]
    assert all(any(re.search(pattern, sample) for pattern in TRACES.values()) for sample in samples)


def normalised(requirement: str) -> str:
    name = re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """Name -> its entry in the lock file."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return {normalised(line): line for line in lines if line and not line.startswith(("#", " "))}


def test_lock_file_pins_and_hashes_everything() -> None:
    entries = locked()
    assert [e for e in entries.values() if not re.match(r"\S+==\S+\s+--hash=sha256:[0-9a-f]{64}\b", e)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {*project["dependencies"], "pip", "setuptools", "wheel"}.union(*project["optional-dependencies"].values())
    assert {normalised(requirement) for requirement in wanted} - set(entries) == set()


def test_wheel_carries_the_data_of_the_package(tmp_path: Path) -> None:
    """A wheel, not the checkout, is what users install: every file of the package must be in it."""
    copy = tmp_path / "project"  # building leaves files beside the sources
    shutil.copytree(SOURCE, copy / "src" / "gridpact", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
    ]
    subprocess.run([*command, str(copy)], check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("gridpact/")}
    ours = {
        path.relative_to(copy / "src").as_posix() for path in (copy / "src" / "gridpact").rglob("*") if path.is_file()
    }
    assert ours - packed == set()
