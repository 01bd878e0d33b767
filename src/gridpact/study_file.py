"""The study file: a question, the cases it is asked of, and settings, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from math import inf
from pathlib import Path
from typing import Any

from gridpact.errors import Issue

Questions = Mapping[str, Callable[..., Any]]
Document = dict[str, Any]
# Nested keys cost their reader the square of their number.
MOST_BYTES = 16 * 1024


def examine_study(
    file: Path, questions: Questions, overrides: Mapping[str, Any] | None = None
) -> tuple[Document, list[Issue]]:
    """The file with ``overrides`` put over its settings, and everything that is wrong with it.

    ``questions`` holds the function of every question; its positional arguments are the cases, its keyword arguments
    the settings.
    """
    try:
        document = tomllib.loads(_text(file))
        str(document)  # what is nested too deep to be shown is refused here, not where an issue quotes it
    except (OSError, ValueError, RecursionError) as error:
        return {}, [_unreadable(file, error)]
    settings = document.get("settings", {})
    if overrides and isinstance(settings, dict):
        document["settings"] = {**settings, **overrides}
    return document, _study_issues(file, questions, document)


def _text(file: Path) -> str:
    """The text of a regular file of bounded size: a pipe or a device would never end."""
    if file.exists() and not file.is_file():
        raise ValueError("it is not a regular file")
    with file.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES} bytes")
    return content.decode("utf-8-sig")


def _unreadable(file: Path, error: Exception) -> Issue:
    if (file.parent / "case.toml").is_file():
        return Issue("this is a case, not a study", "Name a study.toml with question, case and [settings].", str(file))
    reason = error.strerror if isinstance(error, OSError) else str(error)
    fix = "Give the path of a study file with question, case and [settings], or the name of an example."
    return Issue(f"the study cannot be read: {reason}", fix, str(file))


def cases_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the cases that a question is asked of: the positional arguments of its function."""
    parameters = signature(function).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD)


def _study_issues(file: Path, questions: Questions, document: Mapping[str, Any]) -> list[Issue]:
    question = str(document.get("question", ""))
    asked = [questions[question]] if question in questions else list(questions.values())
    cases = tuple(dict.fromkeys(name for function in asked for name in cases_of(function)))
    issues = [
        Issue(f"the key {key!r} is unknown", f"A study has question, {', '.join(cases)} and [settings].", str(file))
        for key in document
        if key not in ("question", *cases, "settings")
    ]
    if question not in questions:
        fix = f"Ask one of: {', '.join(questions)}."
        return [*issues, Issue("the question is missing or unknown", fix, str(file), value=question)]
    issues += [
        Issue(f"the {name} is missing", f'Write {name} = "path", relative to the study file.', str(file))
        for name in cases
        if not isinstance(document.get(name), str)
    ]
    return issues + setting_issues(file, questions[question], document.get("settings", {}))


def setting_issues(file: Path, function: Callable[..., Any], settings: Any) -> list[Issue]:
    """Settings are the keyword arguments of the question's function, with the types of their defaults."""
    known = {
        name: parameter.default
        for name, parameter in signature(function).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY and name not in ("progress", "out")
    }
    if not isinstance(settings, dict):
        return [Issue("settings is not a table", "Write [settings] and one setting per line below it.", str(file))]
    issues = []
    for name, value in settings.items():
        if name not in known:
            fix = f"Settings are: {', '.join(known)}."
            issues.append(Issue(f"the setting {name!r} is unknown", fix, str(file)))
        elif type(value) is not type(known[name]) and not (type(known[name]) is float and type(value) is int):
            fix = "Give a number." if known[name] == inf else f"Give a value like {known[name]!r}."
            issues.append(Issue(f"the setting {name!r} has the wrong type", fix, str(file), value=str(value)))
    return issues
