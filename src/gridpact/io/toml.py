"""Writing TOML: as much of it as cases and studies need. Reading is the standard library's ``tomllib``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_document(values: Mapping[str, object], **tables: Mapping[str, object]) -> str:
    """A document of top-level keys and tables; a value that is None is left out. Raises TypeError for others."""
    blocks = [_lines(values)] + [f"\n[{_key(name)}]\n{_lines(table)}" for name, table in tables.items()]
    return "".join(blocks)


def _lines(values: Mapping[str, object]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in values.items() if value is not None)


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _string(key)


def _value(value: object) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = [f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(item) for item in value)}]"
    raise TypeError(f"TOML has no form for a {type(value).__name__}: {value!r}")


def _string(text: str) -> str:
    # JSON escapes what TOML wants escaped, except the delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
