"""Commands of a market whose parties run on machines of their own: to convene it, coordinate it, take part in it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import gridpact as gp

ADDRESS = "127.0.0.1:47320"
# Settings that have another name on the command line.
OPTIONS = {
    "deadline_s": "--deadline",
    "join_s": "--wait",
    "linger_s": "--linger",
    "tolerance": "--tolerance",
    "rounds": "--rounds",
    "hours": "--hours",
}
Arguments = argparse.Namespace
Document = dict[str, Any]
Command = Callable[[str, Callable[[Arguments], int], str], argparse.ArgumentParser]
Say = Callable[[Arguments, Document, str], None]


def add_commands(command: Command, say: Say) -> None:
    """``market``, ``coordinator``, ``agent`` and ``ledger``; ``say`` prints a document or a text."""
    _add_market(command, say)
    for name, call, text in (
        ("coordinator", _coordinate, "coordinate a market, from the folder of its coordinator"),
        ("agent", _take_part, "take part in a market, from the folder of a party"),
    ):
        role = command(name, lambda parsed, call=call: _play(parsed, call, say), text)  # type: ignore[misc]
        role.add_argument("folder", metavar="DIR")
        role.add_argument("--address", default=ADDRESS, metavar="HOST:PORT", help="of the coordinator (%(default)s)")
        wait = {
            "coordinator": "for parties to join; when they have not, begin it again and it waits again",
            "agent": "for a coordinator that does not answer yet, until all have joined; later the deadline counts",
        }
        role.add_argument("--wait", type=float, default=600.0, metavar="SECONDS", help=f"{wait[name]} (%(default)g)")
        if name == "coordinator":
            told = "for parties to hear the end (%(default)g); begun again then, it tells those who come later"
            role.add_argument("--linger", type=float, default=5.0, metavar="SECONDS", help=told)
    ledger = command("ledger", lambda parsed: _ledger(parsed, say), "print every quantity that left a party")
    ledger.add_argument("folder", metavar="DIR", help="the folder of a member")
    ledger.add_argument("--received", action="store_true", help="also what others sent, as far as the journal has it")


def _add_market(command: Command, say: Say) -> None:
    market = command("market", lambda parsed: 2, "make the folders of the members of a market")
    actions = market.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, call: Callable[[Arguments, Say], int], text: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=text)
        for flag, help in (
            ("--json", "one JSON document on stdout"),
            ("--traceback", "show where an error comes from"),
        ):
            added.add_argument(flag, action="store_true", default=argparse.SUPPRESS, help=help)
        added.set_defaults(command=lambda parsed: call(parsed, say))
        return added

    init = action("init", _convene, "make a folder for each member of a market")
    init.add_argument("case", metavar="CASE", help="a case with microgrids, or an example")
    init.add_argument("folder", metavar="DIR", help="the folder of all folders, which must be new")
    init.add_argument(
        "--run", default="", metavar="NAME", help="name of the market (made from name and start of the case)"
    )
    init.add_argument("--method", default="atc", choices=["atc", "cf_admm"], help="how they agree (%(default)s)")
    init.add_argument("--tolerance", type=float, default=1e-4, metavar="NUMBER", help="share to agree to (%(default)g)")
    init.add_argument("--rounds", type=int, default=500, metavar="NUMBER", help="at most (%(default)s)")
    init.add_argument(
        "--deadline", type=float, default=30.0, metavar="SECONDS", help="in which all must answer (%(default)g)"
    )
    init.add_argument(
        "--hours", type=float, default=168.0, metavar="HOURS", help="validity of certificates (%(default)g)"
    )
    hosts = "where the coordinator is reached; may be repeated (localhost, 127.0.0.1, ::1)"
    init.add_argument("--host", action="append", default=[], metavar="NAME", help=hosts)
    fallback = "what is signed where there is no agreement: nothing, or that there is no deal (%(default)s)"
    own = "a member's own keys: the public.json that it made by `market key`; may be repeated"
    init.add_argument("--key", action="append", default=[], metavar="NAME=FILE", help=own)
    earlier = "folders of an earlier market, whose authority and keys are kept; certificates are new"
    init.add_argument("--earlier", metavar="DIR", help=earlier)
    init.add_argument("--fallback", default="abort", choices=["abort", "no_deal"], help=fallback)
    key = action("key", _key, "make keys of one's own, before a market is convened")
    key.add_argument("folder", metavar="DIR", help="for the keys, which must be new")


@contextmanager
def _options() -> Iterator[None]:
    """Settings are called by their options in what is wrong with them."""
    try:
        yield
    except gp.InputError as error:
        raise gp.InputError([replace(one, message=_in_options(one.message)) for one in error.issues]) from None


def _in_options(message: str) -> str:
    name, equals, rest = message.partition(" = ")
    return f"{OPTIONS[name]} {rest}" if equals and name in OPTIONS else message


def _key(parsed: Arguments, say: Say) -> int:
    public = gp.make_market_key(parsed.folder)
    folder = Path(parsed.folder)
    text = (
        f"public key {public}\nGive {folder / 'public.json'} to whoever convenes, and tell the public key by another "
        f"way. {folder / 'sign.key'} and {folder / 'tls.key'} stay here: put them into the folder that you get."
    )
    say(parsed, {"folder": parsed.folder, "public_key": public}, text)
    return 0


def _named_file(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise gp.InputError([gp.Issue("a key has no name or no file", "Write --key NAME=FILE.", value=text)])
    return name, path


def _coordinate(parsed: Arguments) -> Document:
    found: Document = gp.coordinate_market(
        parsed.folder, address=parsed.address, join_s=parsed.wait, linger_s=parsed.linger
    )
    return found


def _take_part(parsed: Arguments) -> Document:
    found: Document = gp.take_part_in_market(parsed.folder, address=parsed.address, join_s=parsed.wait)
    return found


def _convene(parsed: Arguments, say: Say) -> int:
    hosts = {"hosts": parsed.host} if parsed.host else {}
    with _options():
        members = gp.convene_market(
            _case_of(parsed.case),
            parsed.folder,
            run=parsed.run,
            method=parsed.method,
            tolerance=parsed.tolerance,
            rounds=parsed.rounds,
            deadline_s=parsed.deadline,
            hours=parsed.hours,
            fallback=parsed.fallback,
            keys=dict(map(_named_file, parsed.key)),
            earlier=parsed.earlier,
            **hosts,
        )
    names = [one.name for one in members.members]
    text = (
        f"{members.run}: a folder for each of {', '.join(names)} is in {parsed.folder}; hand them over, and keep "
        f"{Path(parsed.folder) / 'authority'}.\nThen: gridpact coordinator DIR on one machine, gridpact agent DIR on "
        "each of the others."
    )
    say(parsed, {"run": members.run, "members": names, "folder": str(parsed.folder)}, text)
    return 0


def _case_of(text: str) -> Path:
    """The case of an example or of a study, else the path itself."""
    if text in gp.examples.names():
        return gp.examples.path(text) / "case"
    path = Path(text)
    return path / "case" if (path / "study.toml").is_file() and not (path / "case.toml").is_file() else path


def _play(parsed: Arguments, role: Callable[[Arguments], Document], say: Say) -> int:
    with _options():
        document = role(parsed)
    say(parsed, document, _told(document, parsed.folder))
    return 0


def _told(document: Document, folder: str) -> str:
    """The outcome in lines."""
    if not document.get("deal"):
        return f"{document['run']}: no deal, signed by all: {document['why']}"
    rows = [f"  {name:<20}{cents / 100:>12.2f}" for name, cents in document["received_cents"].items()]
    head = f"{document['run']}: signed by all. Received, in {document['currency']}:"
    return "\n".join([head, *rows, f"All of it is in {Path(folder) / 'outcome.json'}."])


def verify_member(parsed: Arguments, say: Say) -> int:
    """Examine what a member of a market has in its folder; 4 where a check fails, 5 where there is no result."""
    checks = gp.verify_market(parsed.run)
    verdict, code = _verdict(checks)
    lines = [f"{_mark(one)}  {one['name']}{_where(one)}" for one in checks]
    absent = next((one["where"] for one in checks if one["absent"]), "")
    why = f": what there is is sound; {absent}" if verdict == "no result" else ""
    say(
        parsed,
        {"folder": parsed.run, "checks": checks, "verdict": verdict},
        "\n".join([*lines, f"verdict: {verdict}{why}"]),
    )
    return code


def _verdict(checks: list[Document]) -> tuple[str, int]:
    """In words, and the exit code."""
    if not all(one["passed"] or one["absent"] for one in checks):
        return "failed", 4
    return ("no result", 5) if any(one["absent"] for one in checks) else ("sound", 0)


def _mark(check: Document) -> str:
    return "passed" if check["passed"] else "absent" if check["absent"] else "FAILED"


def _where(check: Document) -> str:
    return f": {check['where']}" if check["where"] else ""


def _ledger(parsed: Arguments, say: Say) -> int:
    rows = gp.market_ledger(parsed.folder, received=parsed.received)
    columns = ("sender", "recipient", "kind", "quantity", "unit", "messages", "numbers", "bytes")
    cells = [columns, *(tuple(str(row[name]) for name in columns) for row in rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(columns))]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )
    say(parsed, {"folder": parsed.folder, "rows": rows}, text)
    return 0
