"""An HTML page that needs nothing else: no script, no font, no image from elsewhere."""

from __future__ import annotations

import re
from importlib.resources import files

from gridpact.report.drawing import data_uri
from gridpact.report.text import safe, tag

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def page(title: str, body: list[str], *styles: str) -> str:
    """The document; the parts of the body must be HTML already. ``styles`` are further files of styles."""
    folder = files("gridpact.report")
    css = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("report.css", *styles))
    return PAGE.format(title=safe(title), css=css, body="\n".join(body))


def figure(svg: str, caption: str, name: str, css: str = "") -> str:
    """A figure with its caption and a link that saves it as a file; ``caption`` must be HTML already."""
    link = f'<a class="save" download="{file_name(name)}.svg" href="{data_uri(svg)}">Save as SVG</a>'
    return tag("figure", svg + tag("figcaption", tag("span", caption) + link), css)


def file_name(text: str) -> str:
    """Letters, digits and hyphens of a text, as the name of a file."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:80] or "figure"
