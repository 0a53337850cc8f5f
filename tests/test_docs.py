"""What the program can do is written down, and what is written down it can do."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

import artonomics
from etl import commandline, dictionary, marts, schemas
from etl.collection import Collection
from etl.sources import SourceInfo

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SOURCES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "data/README.md")]


def commands(app: App = artonomics.app, *above: str) -> Iterator[tuple[str, App]]:
    """Yield every verb with its full name."""
    for name in app:
        if name.startswith("-"):
            continue
        child = app[name]
        if child.default_command:
            yield " ".join([*above, name]), child
        else:
            yield from commands(child, *above, name)


def lines_of_code(text: str) -> Iterator[str]:
    """Yield the command lines in the fenced blocks of a Markdown text, without their comments."""
    for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, flags=re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip():
                yield line.removeprefix("$ ").strip()


def written_commands() -> list[str]:
    return [line for path in SOURCES for line in lines_of_code(path.read_text(encoding="utf-8"))]


def test_the_command_line_has_verbs():
    names = [name for name, _ in commands()]
    assert {"demo", "dashboard", "etl run", "sql", "report build", "doctor"} <= set(names)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_verb_is_in_the_readme(name: str):
    assert f"artonomics {name}" in README


@pytest.mark.parametrize(("name", "app"), list(commands()), ids=[name for name, _ in commands()])
def test_every_option_says_what_it_does(name: str, app: App):
    arguments = app.assemble_argument_collection(parse_docstring=True)
    silent = [item.name for item in arguments if item.parse and not item.parameter.help]
    assert not silent, f"artonomics {name} does not explain {silent}"


def test_every_global_option_is_in_the_readme():
    assert [option for option in commandline.GLOBAL_OPTIONS if option not in README] == []


@pytest.mark.parametrize(
    "line", [line for line in written_commands() if line.startswith("artonomics")]
)
def test_every_written_command_can_be_given(line: str):
    tokens = shlex.split(line, comments=True)[1:]
    _, bound, _ = artonomics.app.meta.parse_args(tokens, exit_on_error=False, print_error=False)
    artonomics.app.parse_args(list(bound.args), exit_on_error=False, print_error=False)


def test_the_readme_shows_commands():
    assert [line for line in lines_of_code(README) if line.startswith("artonomics")]


def test_every_written_make_target_exists():
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))
    written = set(re.findall(r"\bmake ([a-z]+)", "\n".join(map(str, written_commands()))))
    assert {"demo", "test"} <= written
    assert written <= targets


def test_every_make_target_is_explained_by_make_itself():
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)
    assert phony
    unexplained = [
        name for name in phony[1].split() if name != "help" and f'"make {name} ' not in MAKEFILE
    ]
    assert unexplained == []


def test_the_data_dictionary_is_fresh():
    written = dictionary.PATH.read_text(encoding="utf-8")
    assert written == dictionary.document(), "stale: run `python -m etl.dictionary`"


@pytest.mark.parametrize(
    "table",
    [*schemas.TABLES.values(), *schemas.LAKE_TABLES.values(), *marts.TABLES.values()],
    ids=lambda table: table.name,
)
def test_every_table_and_column_is_in_the_data_dictionary(table: schemas.Table):
    section = dictionary.document().partition(f"## {table.name}\n")[2].partition("\n## ")[0]
    missing = [column.name for column in table.columns if f"| `{column.name}` |" not in section]
    assert section
    assert not missing


def test_every_field_of_the_collection_is_in_the_data_dictionary():
    text = dictionary.document()
    silent = [name for name in Collection.model_fields if f"| `{name}` | " not in text]
    assert silent == []
    (example,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    Collection.model_validate(tomllib.loads(example))


@pytest.mark.parametrize("info", dictionary.all_sources(), ids=lambda info: info.name)
def test_every_source_tells_what_it_gives_its_limits_and_its_terms(info: SourceInfo):
    section = dictionary.document().partition("## Sources\n")[2].partition("\n## ")[0]
    row = next(line for line in section.splitlines() if line.startswith(f"| `{info.name}` |"))
    terms = next(line for line in section.splitlines() if line.startswith(f"- `{info.name}`: "))
    assert f"| {info.redistributable} |" in row
    assert f"| {info.freshness_calendar} |" in row
    assert info.title in row
    assert info.licence.rstrip(".") in terms
    assert info.note in terms
    assert info.licence


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_local_link_leads_somewhere(path: Path):
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)\)", text)
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (path.parent / link).exists()] == []
