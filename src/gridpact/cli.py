"""The command line: a thin layer of words over the public names of the package.

Exit codes: 0 fine, 1 a bug of ours, 2 bad input, 3 infeasible or unbounded, 4 certificate failed or run
tampered with, 5 not converged, 130 interrupted. With ``--json`` one document goes to stdout, all else to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import gridpact as gp
from gridpact.cli_market import add_commands, verify_member

Arguments = argparse.Namespace
Document = dict[str, Any]

# Written above every table with prices or payments that are not certified.
MARKS = {
    "failed": "NOT CERTIFIED: these figures are not valid; see gridpact show RUN\n",
    "approximate": "APPROXIMATE: exact for the linear network model only\n",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # Our matrices are sparse: threads of dense algebra only get in each other's way. Unless the user says otherwise.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter gets its number instead.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.command(parsed)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except gp.GridPactError as error:
        return _explain(parsed, error)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        issue = gp.Issue(
            error.strerror or str(error),
            "Check the path, its permissions and the space left.",
            str(error.filename or ""),
        )
        return _explain(parsed, gp.InputError([issue]))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if parsed.traceback:
            raise
        print(f"This is a bug in GridPact: {type(error).__name__}: {error}", file=sys.stderr)
        print("Please report it with the output of the same command and --traceback.", file=sys.stderr)
        return 1


def _explain(parsed: Arguments, error: gp.GridPactError) -> int:
    issues = error.issues if isinstance(error, gp.InputError) else []
    if parsed.json:
        listed = [issue.as_dict() for issue in issues]
        diagnosis = error.diagnosis if isinstance(error, gp.InfeasibleError) else []
        document = {"error": type(error).__name__, "message": str(error), "issues": listed}
        _print_json(document | ({"diagnosis": diagnosis} if diagnosis else {}))
    else:
        print(f"{type(error).__name__}: {len(issues)} issue(s)" if issues else type(error).__name__, file=sys.stderr)
        for line in str(error).splitlines():
            print(f"  {line}", file=sys.stderr)
    return error.exit_code


def _print_json(document: Document) -> None:
    print(json.dumps(_finite(document), indent=2, default=str))


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def _say(parsed: Arguments, document: Document, text: str) -> None:
    """The document with --json, else the text."""
    if parsed.json:
        _print_json(document)
    else:
        print(text)


def _examples(parsed: Arguments) -> int:
    described = {name: gp.examples.describe(name) for name in gp.examples.names()}
    width = max(map(len, described))
    _say(parsed, {"examples": described}, "\n".join(f"{name:<{width}}  {text}" for name, text in described.items()))
    return 0


def _init(parsed: Arguments) -> int:
    target = Path(parsed.folder)
    size = parsed.example.removeprefix("synthetic-")
    if size != parsed.example and size.isdecimal():
        _require_free(target)
        gp.write_case(gp.synthetic_feeder(int(size), parsed.seed), target / "case")
        (target / "study.toml").write_text('question = "clear"\ncase = "case"\n', encoding="utf-8")
    else:
        source = gp.examples.path(parsed.example)
        _require_free(target)
        shutil.copytree(source, target, dirs_exist_ok=True)
    text = f"{parsed.example} is now in {target}: edit case/, then gridpact run {target / 'study.toml'}"
    _say(parsed, {"folder": str(target), "example": parsed.example}, text)
    return 0


def _require_free(folder: Path) -> None:
    if folder == Path():
        raise gp.InputError([gp.Issue("the folder has no name", "Give the path of a new or empty folder.")])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        issue = gp.Issue("the folder exists and is not empty", "Choose another, nothing is overwritten.", str(folder))
        raise gp.InputError([issue])


def _validate(parsed: Arguments) -> int:
    """A case, or a study with its case: a folder that holds a study.toml is a study."""
    path = Path(parsed.case)
    study = path / "study.toml" if path.is_dir() else path
    is_study = study.is_file() and study.suffix == ".toml" and study.name != "case.toml"
    issues = gp.validate_study(study) if is_study else []
    if issues:
        raise gp.InputError(issues)
    notes = gp.unused_values(gp.read_case(_case_of(study) if is_study else path))
    text = "\n".join([f"{parsed.case} is fine", *(f"  {note}" for note in notes)])
    _say(parsed, {"case": parsed.case, "issues": [], "notes": notes}, text)
    return 0


def _case_of(study: Path) -> Path:
    """The case of a study that is fine."""
    return study.parent / str(tomllib.loads(study.read_text(encoding="utf-8"))["case"])


def _schema(parsed: Arguments) -> int:
    tables = [gp.HEADER, *gp.SCHEMA.values()]
    if parsed.table is not None:
        tables = [table for table in tables if table.name == parsed.table]
    if not tables:
        fix = f"The tables are {', '.join(gp.SCHEMA)}."
        raise gp.InputError([gp.Issue(f"there is no table {parsed.table!r}", fix)])
    document = {table.name: [_column(column) for column in table.columns] for table in tables}
    text = "\n\n".join(f"{table.name}\n  {table.description}\n{_column_lines(table)}" for table in tables)
    _say(parsed, document, text)
    return 0


def _column(column: Any) -> Document:
    names = (
        "name",
        "kind",
        "unit",
        "required",
        "default",
        "minimum",
        "maximum",
        "references",
        "profile",
        "description",
    )
    return {name: getattr(column, name) for name in names}


def _column_lines(table: Any) -> str:
    width = max(22, *(len(column.name) + 1 for column in table.columns))
    return "\n".join(
        f"    {column.name:<{width}}{column.unit or column.kind:<15} {_default(column):<12}{column.description}"
        for column in table.columns
    )


def _default(column: Any) -> str:
    return "required" if column.required else "" if column.default != column.default else str(column.default)


def _run(parsed: Arguments) -> int:
    if parsed.out is not None:
        _require_free(Path(parsed.out))
    named = {name: getattr(parsed, name) for name in ("solver", "workers", "cluster")}
    overrides = dict(map(_setting, parsed.set)) | {name: value for name, value in named.items() if value is not None}
    run = gp.run_study(_study_file(parsed.study), out=parsed.out, progress=not parsed.json, **overrides)
    kept = f"kept in {parsed.out}" if parsed.out else "not kept: give --out DIR to keep the run and its report"
    _say(parsed, _run_document(run, parsed.out), f"{run}\n\n{kept}")
    return _code(run)


def _setting(text: str) -> tuple[str, Any]:
    """NAME=VALUE, the value as in a study file; a bare word is a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise gp.InputError([gp.Issue("a setting has no value", "Write --set NAME=VALUE.", value=text)])
    value = {"True": "true", "False": "false"}.get(value, value)
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def _study_file(name: str) -> Path:
    """A study file, a folder that holds one, a case, or the name of an example."""
    path = Path(name)
    if path.is_dir() and not (path / "case.toml").is_file():
        return path / "study.toml"
    if path.exists() or path.suffix == ".toml" or "/" in name:
        return path
    return gp.examples.path(name) / "study.toml"


def _run_document(run: gp.Run, path: str | None) -> Document:
    certificate = {"verdict": run.certificate.verdict, "checks": list(run.certificate.checks)}
    return {"summary": run.summary, "certificate": certificate, "run": path}


def _code(run: gp.Run) -> int:
    """Days that could not be cleared say why: 3 if one is infeasible, 5 if one did not converge."""
    reasons = set() if run.record.question != "clear_days" else set(run.table("days")["status"]) - {"cleared"}
    for reason, code in {"infeasible": 3, "not converged": 5}.items():
        if reason in reasons:
            return code
    return 4 if run.certificate.verdict == "failed" else 0


def _verify(parsed: Arguments) -> int:
    """A kept run, or what a member of a market has in its folder."""
    if (Path(parsed.run) / "roster.json").is_file():
        return verify_member(parsed, _say)
    run = gp.verify(parsed.run, deep=parsed.deep, progress=not parsed.json)
    lines = [
        f"{'passed' if check['passed'] else 'FAILED'}{_need(check)}  {check['name']}: {_measure(check)}"
        for check in run.certificate.checks
    ]
    _say(parsed, _run_document(run, parsed.run), "\n".join([*lines, f"verdict: {run.certificate.verdict}"]))
    return _code(run)


def _need(check: Any) -> str:
    return "" if check["required"] else " (not required)"


def _measure(check: Any) -> str:
    value = "not a number" if check["value"] is None else f"{check['value']:.3g}"
    where = f" at {check['where']}" if check["where"] else ""
    return f"{value} of at most {check['tolerance']:.3g}{where}"


def _show(parsed: Arguments) -> int:
    run = gp.open_run(parsed.run)
    if parsed.table is None:
        _say(parsed, _run_document(run, parsed.run), f"{run}\n\ntables: {', '.join(run.tables)}")
        return _code(run)
    table = run.table(parsed.table)
    # JSON times carry the offset of their zone.
    timed = table.assign(**{name: [at.isoformat() for at in table[name]] for name in table if name == "snapshot"})
    rows = json.loads(timed.to_json(orient="records", double_precision=15))
    text = table.to_string(index=False, float_format=_figure)
    verdict = run.certificate.verdict
    # Nothing of a failed run is shown without its mark; of an approximate one, money is marked.
    money = verdict == "failed" or any("price" in column or "payment" in column for column in table.columns)
    document = {"table": parsed.table, "verdict": verdict, "rows": rows}
    _say(parsed, document, f"{MARKS[verdict]}{text}" if money and verdict in MARKS else text)
    return _code(run)


def _figure(value: float) -> str:
    """Seven digits; what is smaller than a solver's tolerance is shown as zero (--json has every digit)."""
    return f"{value:.7g}" if abs(value) > 1e-9 else "0"


def _compare(parsed: Arguments) -> int:
    if parsed.output is not None:
        _require_no_file(Path(parsed.output))
    names = [path if path not in parsed.runs[:k] else f"{path} ({k + 1})" for k, path in enumerate(parsed.runs)]
    runs = {name: gp.open_run(path) for name, path in zip(names, parsed.runs, strict=True)}
    table = gp.compare(runs, differences=True, report=parsed.output)
    text = [f"run {k + 1}  {run.certificate.verdict:<11}  {name}" for k, (name, run) in enumerate(runs.items())]
    table_text = table.set_axis(_short_names(len(runs)), axis=1).map(_compared).to_string()
    text += [table_text, *([f"the page is in {parsed.output}"] if parsed.output is not None else [])]
    _say(parsed, {name: table[name].to_dict() for name in table.columns}, "\n".join(text))
    return 0


def _short_names(count: int) -> list[str]:
    """Columns of a comparison: paths are too long for them."""
    return [f"run {k + 1}" for k in range(count)] + [f"{k + 1} less 1" for k in range(1, count)]


def _compared(value: Any) -> str:
    """A cell; long words are cut, so that the figures stay side by side."""
    number = isinstance(value, float) and value == value
    text = _figure(value) if number else "-" if value is None or value != value else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _require_no_file(target: Path) -> None:
    if target.exists():
        raise gp.InputError([gp.Issue("the file exists", "Choose another, nothing is overwritten.", str(target))])


def _report(parsed: Arguments) -> int:
    target = Path(parsed.output)
    _require_no_file(target)
    if parsed.svg is not None:
        _require_free(Path(parsed.svg))
    run = gp.open_run(parsed.run)
    run.report(target)
    figures = [] if parsed.svg is None else [str(path) for path in run.figures(parsed.svg)]
    told = f", {len(figures)} figures are in {parsed.svg}" if figures else ""
    document = {"run": parsed.run, "report": str(target)} | ({"figures": figures} if figures else {})
    _say(parsed, document, f"the report is in {target}{told}")
    return _code(run)


def _import(parsed: Arguments) -> int:
    target = Path(parsed.output)
    _require_free(target)
    notes: list[str] = []
    read: Callable[..., gp.Case] = getattr(gp, f"from_{parsed.format}")
    case = read(
        parsed.file,
        interface=parsed.interface,
        price=_price(parsed.price),
        profiles=parsed.profiles,
        skip_unsupported=parsed.skip_unsupported,
        tell=notes.append,
        **_heat_price(parsed),
    )
    gp.write_case(case, target)
    gp.read_case(target)
    counts = {name: case.count(name) for name in gp.SCHEMA if case.count(name)}
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    text = [*notes, f"imported {listed}; {case.steps} step(s) of {case.step_minutes:g} min", f"the case is in {target}"]
    _say(parsed, {"case": str(target), "imported": counts, "notes": notes}, "\n".join(text))
    return 0


def _heat_price(parsed: Arguments) -> dict[str, float]:
    """The option that only heat networks have."""
    if parsed.heat_price is None:
        return {}
    if parsed.format != "pandapipes":
        fix = "Leave --heat-price out; it is for pandapipes."
        raise gp.InputError([gp.Issue("a network of electricity has no price of heat", fix)])
    return {"heat_price": parsed.heat_price}


def _price(text: str | None) -> float | str | None:
    """A number, else the name of a file."""
    try:
        return text if text is None else float(text)
    except ValueError:
        return text


def _export(parsed: Arguments) -> int:
    run = gp.open_run(parsed.run)
    run.export(parsed.output, parsed.format)
    document = {"run": parsed.run, "format": parsed.format, "export": parsed.output}
    _say(parsed, document, f"the tables are in {parsed.output}; times are texts with their offset from UTC")
    return _code(run)


def _bench(parsed: Arguments) -> int:
    measure: Callable[..., Any] = gp.run_bench
    page = "clearing"
    for asked, of, name in (
        (parsed.game, gp.run_game_bench, "stackelberg"),
        (parsed.plan, gp.run_plan_bench, "planning"),
        (parsed.trade, gp.run_trade_bench, "trading"),
        (parsed.market, gp.run_market_bench, "market"),
        (parsed.together, gp.run_together_bench, "together"),
    ):
        measure, page = (of, name) if asked else (measure, page)
    found = measure(
        quick=parsed.quick, repeat=parsed.repeat, tell=lambda line: print(line, file=sys.stderr, flush=True)
    )
    paths = [str(path) for path in found.write(parsed.output or f"benchmarks/{page}{'-quick' * parsed.quick}.md")]
    _say(parsed, {**found.as_dict(), "files": paths}, f"{found.markdown()}\nwritten to {' and '.join(paths)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gridpact", description="Markets and plans of active distribution networks.")
    parser.add_argument("--version", action="version", version=f"gridpact {gp.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, call: Callable[[Arguments], int], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.add_argument("--json", action="store_true", help="one JSON document on stdout")
        added.add_argument("--traceback", action="store_true", help="show where an unexpected error comes from")
        added.set_defaults(command=call)
        return added

    command("examples", _examples, "list the examples carried in the package")
    init = command("init", _init, "copy an example into a folder, to start from")
    init.add_argument("folder", metavar="DIR")
    init.add_argument("--example", required=True, metavar="NAME", help="an example, or synthetic-N for N buses")
    init.add_argument("--seed", type=int, default=0, metavar="NUMBER", help="seed of a synthetic feeder")
    validate = command("validate", _validate, "name every mistake in a case")
    validate.add_argument("case", metavar="CASE")
    importing = command("import", _import, "write a case from a file of MATPOWER, pandapower or pandapipes")
    importing.add_argument("format", choices=["matpower", "pandapower", "pandapipes"])
    importing.add_argument("file", metavar="FILE", help="a case file (.m), or what pandapower or pandapipes writes")
    importing.add_argument("-o", "--output", required=True, metavar="CASE", help="folder, new or empty")
    importing.add_argument("--interface", metavar="BUS", help="bus at which an interface replaces what generates there")
    importing.add_argument("--price", metavar="NUMBER|CSV", help="price there: a number, or snapshot and price_per_mwh")
    importing.add_argument("--heat-price", type=float, metavar="NUMBER", help="pandapipes: price of heat at stations")
    importing.add_argument("--profiles", metavar="CSV", help="series: snapshot and columns table/id/column")
    importing.add_argument("--skip-unsupported", action="store_true", help="leave out what a case cannot hold")
    schema = command("schema", _schema, "list the tables and columns of a case, or those of one table")
    schema.add_argument("table", metavar="TABLE", nargs="?")
    run = command("run", _run, "carry out a study or an example")
    run.add_argument("study", metavar="STUDY_OR_EXAMPLE")
    run.add_argument("--out", metavar="DIR", help="keep the run in this folder, which must be new or empty")
    run.add_argument("--solver", metavar="NAME", help="solver instead of the study's")
    run.add_argument("--workers", type=int, metavar="NUMBER", help="processes, of a question that is answered in parts")
    run.add_argument("--cluster", metavar="ADDRESS", help="of a Dask cluster (tls://host:port), for the same")
    run.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="another value of a setting")
    verify = command("verify", _verify, "judge a kept run anew, from its files alone")
    verify.add_argument("run", metavar="RUN")
    verify.add_argument("--deep", action="store_true", help="also clear the case again")
    show = command("show", _show, "print the summary or a table of a kept run")
    show.add_argument("run", metavar="RUN")
    show.add_argument("table", metavar="TABLE", nargs="?")
    comparing = command("compare", _compare, "print the summaries of kept runs side by side")
    comparing.add_argument("runs", metavar="RUN", nargs="+")
    comparing.add_argument("-o", "--output", metavar="FILE", help="also write an HTML page with figures")
    report = command("report", _report, "write the report of a kept run as an HTML file")
    report.add_argument("run", metavar="RUN")
    report.add_argument("-o", "--output", required=True, metavar="FILE")
    report.add_argument("--svg", metavar="DIR", help="also write every figure as SVG into this folder, new or empty")
    export = command("export", _export, "write the tables of a kept run for other programs")
    export.add_argument("run", metavar="RUN")
    export.add_argument("--format", required=True, choices=["csv", "xlsx"], help="a folder of CSV files or a workbook")
    export.add_argument("-o", "--output", required=True, metavar="PATH", help="a path where there is nothing yet")
    add_commands(command, _say)
    bench = command("bench", _bench, "measure where the time of a clearing goes, on this machine")
    of = bench.add_mutually_exclusive_group()
    of.add_argument("--game", action="store_true", help="of a game of leader and follower, instead of a clearing")
    of.add_argument("--plan", action="store_true", help="of a plan, instead of a clearing")
    of.add_argument("--trade", action="store_true", help="of a trade of microgrids, instead of a clearing")
    of.add_argument("--market", action="store_true", help="of a market of several machines, instead of a clearing")
    of.add_argument("--together", action="store_true", help="of a plan of several owners, instead of a clearing")
    bench.add_argument("--quick", action="store_true", help="small feeders only; without it, some ten minutes")
    bench.add_argument("--repeat", type=int, default=3, metavar="NUMBER", help="runs per figure, whose median counts")
    bench.add_argument(
        "-o", "--output", metavar="FILE", help="page to write: benchmarks/clearing.md, with --quick clearing-quick.md"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
