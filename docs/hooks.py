"""What the documentation takes from the program itself: schema, command line, checks, times; and formulas.

Formulas become drawings while the pages are built, so that reading them needs neither a script nor a network.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import ziamath
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ziamath.config.svg2 = False  # every formula stands alone: no ids that another one could share
LETTER = 17.0  # pixels
FORMULA = re.compile(r'<(span|div) class="arithmatex">(?:\\\((.*?)\\\)|\\\[(.*?)\\\])</\1>', flags=re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of a folder where the navigation names the folder; a folder without pages disappears."""
    entries = [_expanded(entry, Path(config.docs_dir)) for entry in config.nav or []]
    config.nav = [entry for entry in entries if entry]
    return config


def _expanded(entry: Any, docs: Path) -> Any:
    title, place = next(iter(entry.items())) if isinstance(entry, dict) else ("", entry)
    if not isinstance(place, str) or not place.endswith("/"):
        return entry
    pages = sorted((docs / place).glob("*.md"), key=lambda page: (page.name != "index.md", page.name))
    return {title: [page.relative_to(docs).as_posix() for page in pages]} if pages else None


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the program."""
    pages = {
        "schema": schema_page,
        "command-line": command_line_page,
        "certificate": certificate_page,
        "benchmark": benchmark_page,
    }
    for name, page in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=page()))
    return files


def on_page_content(content: str, **_: Any) -> str:
    """Formulas as SVG with their letters as outlines."""
    return FORMULA.sub(_drawn, content)


def _drawn(match: re.Match[str]) -> str:
    inline, display = match.group(2), match.group(3)
    latex = html.unescape(inline if inline is not None else display)
    try:
        formula = ziamath.Latex(latex, size=LETTER, inline=inline is not None)
        svg = formula.svg()
    except Exception as error:
        raise PluginError(f"the formula cannot be read: {latex}: {error!r}") from error
    drop = f"vertical-align: {formula.getyofst():.1f}px"
    label = f'<svg role="img" class="formula" style="{drop}" aria-label="{html.escape(latex.strip())}"'
    svg = svg.replace("<svg", label, 1)
    return svg if inline is not None else f'<div class="display">{svg}</div>'


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def schema_page() -> str:
    """The tables of a case."""
    from gridpact.case.schema import HEADER, SCHEMA

    text = [
        "# The tables of a case",
        "A case is a folder with `case.toml`, one CSV file for each table it uses, named like the table, and "
        "`profiles.csv`. Ids are texts. A blank cell means the default. A column with a series may vary over "
        "time: `profiles.csv` then has a column `table/id/column`, in the same unit, beside its column `snapshot`. "
        "The same list is printed by `gridpact schema`.",
    ]
    text += [_table_section(table) for table in (HEADER, *SCHEMA.values())]
    return "\n\n".join(text) + "\n"


def _table_section(table: Any) -> str:
    title = "case.toml" if table.name == "case" else f"{table.name}.csv"
    need = " Every case needs it." if table.required or table.name == "case" else ""
    head = [row("column", "unit", "default", "range", "series", "meaning"), row(*["---"] * 6)]
    rows = [_column_row(column) for column in table.columns]
    return f"## {title}\n\n{table.description}{need}\n\n" + "\n".join([*head, *rows])


def _column_row(column: Any) -> str:
    meaning = column.description + (f"; one of {', '.join(column.choices)}" if column.choices else "")
    meaning += f" (an id of `{column.references}`)" if column.references else ""
    unit = column.unit or {"number": "", "id": "id"}.get(column.kind, column.kind)
    series = "yes" if column.profile else ""
    return row(f"`{column.name}`", unit, _default(column), _range(column), series, meaning)


def _default(column: Any) -> str:
    if column.required:
        return "required"
    if isinstance(column.default, bool):
        return str(column.default).lower()
    return "blank" if column.default != column.default else f"{column.default}"


def _range(column: Any) -> str:
    bounds = ["> 0"] if column.positive else [f"≥ {column.minimum:g}"] if column.minimum is not None else []
    return ", ".join(bounds + ([f"≤ {column.maximum:g}"] if column.maximum is not None else []))


def command_line_page() -> str:
    """The help of every command."""
    from gridpact import cli

    parser = cli._parser()
    commands = next(action.choices for action in parser._actions if isinstance(action.choices, dict))
    text = ["# The command line", _exit_codes(cli.__doc__ or ""), _block(parser.format_help())]
    text += [f"## gridpact {name}\n\n{_block(command.format_help())}" for name, command in commands.items()]
    return "\n\n".join(text) + "\n"


def _exit_codes(docstring: str) -> str:
    return docstring.split("\n\n", maxsplit=1)[-1].strip()


def _block(text: str) -> str:
    return f"```text\n{text.strip()}\n```"


def certificate_page() -> str:
    """Every check of the two kinds of certificate, as made for two small examples."""
    from gridpact import clear, examples, read_case

    text = [_introduction("certificate")]
    for title, name, formulation in (
        ("Checks of a certified run", "papavasiliou15", "soc"),
        ("Checks of an approximate run", "pjm5-dc", "dc"),
    ):
        run = clear(read_case(examples.path(name) / "case"), formulation=formulation)
        text.append(f'## {title}\n\nAs for the example `{name}` with `formulation="{formulation}"`.')
        text.append("\n".join(_check_rows(run.certificate.checks)))
    return "\n\n".join(text) + "\n"


def benchmark_page() -> str:
    """What ``gridpact bench`` means, and the page that it wrote last."""
    measured = Path(__file__).parents[1] / "benchmarks" / "clearing.md"
    return f"{_introduction('benchmark')}\n\n#{measured.read_text(encoding='utf-8').strip()}\n"


def _introduction(page: str) -> str:
    return (Path(__file__).parent / "reference" / f"{page}-introduction.txt").read_text(encoding="utf-8").strip()


def _check_rows(checks: Any) -> list[str]:
    rows = [
        row(
            f"`{check['name']}`",
            "yes" if check["required"] else "no",
            f"{check['tolerance']:g}",
            html.escape(check["description"]),
        )
        for check in checks
    ]
    return [row("check", "required", "tolerance", "what is measured"), row(*["---"] * 4), *rows]
