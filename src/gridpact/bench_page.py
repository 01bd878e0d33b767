"""A page of figures that were measured, with the figures beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def written(path: str | Path, markdown: str, figures: Mapping[str, Any]) -> tuple[Path, Path]:
    """Write the page at ``path`` and the figures beside it as JSON; both are overwritten."""
    page, data = Path(path), Path(path).with_suffix(".json")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(markdown, encoding="utf-8")
    data.write_text(json.dumps(dict(figures), indent=1) + "\n", encoding="utf-8")
    return page, data
