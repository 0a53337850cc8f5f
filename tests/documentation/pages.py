"""The parts of the documentation that the program itself tells, put in when the pages are built.

A page asks for a part by a line ``<!-- told: NAME WORDS -->``; so nothing that is written in the
code is written a second time, and nothing of it can go stale. ``mkdocs.yml`` names this file as a
hook of the build.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
ANALYTICS = ROOT / "etl" / "analytics"
CHINESE = "zh/"
_BROKEN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u4e00-\u9fff\uff00-\uffef])")
"""The end of a line within a sentence, where a browser would show a space."""
_PLACE = re.compile(r"^<!-- told: (\S+) ?(.*?) -->$", flags=re.MULTILINE)
_EVERYWHERE = re.compile(r"^\* `--(?:data PATH|json|debug)`: .*\n", flags=re.MULTILINE)
_NOTHING_ELSE = re.compile(r"^\*\*Parameters\*\*:\n\s*(?=#|\Z)", flags=re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the parts in the places that ask for them, and Chinese sentences together."""
    whole = _PLACE.sub(lambda place: PARTS[place[1]](*place[2].split()), markdown)
    return _BROKEN_CHINESE.sub("", whole)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Name what a voice would read without a name, and the language of the Chinese pages."""
    output = output.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)
    if page.file.src_uri.startswith(CHINESE):
        return output.replace('<html lang="en"', '<html lang="zh-CN"', 1)
    return output


def commands() -> str:
    """Return the reference of the command line, one section a verb."""
    import artonomics

    whole = artonomics.app.generate_docs(heading_level=1, max_heading_level=4)
    # The list of contents stands beside the page, and the options of every verb on its top.
    verbs = whole[whole.index("\n## artonomics ") + 1 :]
    verbs = _NOTHING_ELSE.sub("", _EVERYWHERE.sub("", verbs))
    verbs = re.sub(r"<(?!/?[a-z]+>)", "&lt;", verbs)
    return re.sub(r"^(#+) artonomics ", r"\1 ", verbs, flags=re.MULTILINE).replace(
        "(#artonomics-", "(#"
    )


def measuring() -> str:
    """Return the reference of ``artonomics bench``, as its verbs' own help says it."""
    with mock.patch.dict(os.environ, {"COLUMNS": "100"}):
        told = [
            f"## {name}\n\n```text\n{parser.format_help().strip()}\n```\n"
            for name, parser in verbs_of(bench_parser()).items()
        ]
    return "\n".join(told)


def bench_parser() -> argparse.ArgumentParser:
    """Return the parser of ``artonomics bench``."""
    from generator import __main__ as generator

    with mock.patch.dict(os.environ):
        os.environ.pop("ARTONOMICS_DATA", None)
        return generator._parser("artonomics bench")


def verbs_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of a parser's verbs."""
    (verbs,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    return dict(verbs.choices)


def data_dictionary() -> str:
    """Return the data dictionary without its heading, which the page has."""
    from etl import dictionary

    whole = dictionary.document()
    return whole[whole.index("\n") + 1 :].replace("](../", "](")


def alerts_example() -> str:
    """Return the example of ``alerts.yml`` with every kind of rule."""
    from etl.alerts import rules_file

    return f"```yaml\n{rules_file.EXAMPLE.strip()}\n```"


def functions(*modules: str) -> str:
    """Return a table of what the named modules of ``etl/analytics`` compute, each in a line."""
    lines = ["| function | what it returns |", "|---|---|"]
    for module in modules:
        for name, meaning in _told_functions(ANALYTICS / f"{module}.py"):
            lines.append(f"| `{module}.{name}` | {meaning} |")
    return "\n".join(lines)


def _told_functions(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            first = (ast.get_docstring(node) or "").partition("\n\n")[0]
            plain = re.sub(r":\w+:`([^`]+)`", r"`\1`", " ".join(first.split()))
            yield node.name, plain.replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


PARTS: dict[str, Callable[..., str]] = {
    "alerts": alerts_example,
    "bench": measuring,
    "commands": commands,
    "dictionary": data_dictionary,
    "functions": functions,
}
