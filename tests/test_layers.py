"""Who may import whom. A violation is shown as file:line with the rule it breaks."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("artonomics", "etl", "dashboard", "generator")
WITHOUT_STREAMLIT = (
    "dashboard.access",
    "dashboard.alerts",
    "dashboard.cases",
    "dashboard.downloads",
    "dashboard.figures",
    "dashboard.launch",
    "dashboard.measuring",
    "dashboard.processes",
    "dashboard.proxy",
    "dashboard.queries",
    "dashboard.reporting",
    "dashboard.reports",
    "dashboard.scenarios",
    "dashboard.serve",
    "dashboard.studies",
    "dashboard.tables",
    "dashboard.text",
    "dashboard.uploads",
)
VERBS = ("artonomics", "dashboard.commands", "dashboard.proxy_commands", "etl.commands")
TORCH = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "torchao", "pynvml")


@dataclass(frozen=True)
class Import:
    """One import: the module that does it, where, what, and whether it runs on import."""

    module: str
    place: str
    target: str
    top_level: bool


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def of_ours(target: str) -> bool:
    return within(target, *OURS)


# Which of our own modules a layer may import, itself included; a layer not named here is bound by
# the rules below alone.
MAY_IMPORT = {
    "etl.analytics": ("etl.analytics",),
    # Trading calendars are a leaf like the schemas: live bars are checked against them. What is
    # collected from the app stores is configuration, like etl.config.
    "etl.sources": (
        "etl.sources",
        "etl.schemas",
        "etl.config",
        "etl.collection",
        "etl.errors",
        "etl.calendars",
    ),
    "etl.collection": ("etl.collection", "etl.errors"),
    "etl.calendars": ("etl.calendars", "etl.errors"),
    "etl": ("etl",),
    "generator": ("generator",),
    "dashboard.app_pages": (
        "dashboard.alerts",
        "dashboard.app_pages",
        "dashboard.cache",
        "dashboard.cases",
        "dashboard.components",
        "dashboard.downloads",
        "dashboard.figures",
        "dashboard.freshness",
        "dashboard.measuring",
        "dashboard.permalinks",
        "dashboard.processes",  # runs and imports started from a page are processes
        "dashboard.queries",  # named for the cache to ask, never called: see below
        "dashboard.reporting",  # reports are built by processes; the page knows these alone
        "dashboard.scenarios",
        "dashboard.states",
        "dashboard.studies",  # likewise
        "dashboard.tables",
        "dashboard.text",
        "dashboard.tour",
        "dashboard.uploads",
        "etl.analytics",
        "etl.errors",
    ),
    "dashboard.reports": (
        "dashboard.reports",
        "dashboard.cases",
        "dashboard.figures",
        "dashboard.queries",
        "dashboard.scenarios",
        "dashboard.studies",
        "dashboard.tables",  # remarks in words, said on pages and in reports alike
        "dashboard.text",
        "etl.analytics",
        "etl.delivery",  # a finished report goes where alerts go too
        "etl.errors",
        "etl.spreadsheets",
    ),
    "dashboard.figures": ("dashboard.figures", "dashboard.studies", "dashboard.text"),
    "dashboard.text": ("dashboard.text", "etl.errors"),
    "dashboard": ("dashboard", "etl"),
}


def broken_rules(found: Import) -> Iterator[str]:
    module, target = found.module, found.target
    for layer, allowed in MAY_IMPORT.items():
        if within(module, layer) and of_ours(target) and not within(target, *allowed):
            yield f"{layer} may import of ours only {', '.join(allowed)}"
    if within(target, "duckdb") and module not in {"etl.warehouse", "etl.engines"}:
        yield "duckdb belongs to etl/warehouse.py and etl/engines.py"
    if within(target, "dagster") and module != "etl.orchestrate":
        yield "dagster belongs to etl/orchestrate.py"
    if within(target, "streamlit") and not within(module, "dashboard"):
        yield "streamlit belongs to dashboard/"
    if within(target, "streamlit") and within(module, *WITHOUT_STREAMLIT):
        yield f"{module} works without streamlit"
    if within(target, *TORCH) and not within(module, "generator"):
        yield "torch and its family belong to generator/"
    if within(target, "artonomics"):
        yield "nothing imports the command line"
    if within(module, *VERBS) and found.top_level and not is_light(target):
        yield "the command line imports heavy modules inside its verbs"


def is_light(target: str) -> bool:
    root = target.split(".")[0]
    return root in sys.stdlib_module_names or within(
        target, "cyclopts", "etl.errors", "etl.commandline", *VERBS[1:]
    )


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    """Yield every import of a file, also those inside functions and by ``import_module``."""
    parts = path.relative_to(root).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    package = module if is_package else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    on_import = set(nodes_on_import(tree))
    for node in ast.walk(tree):
        for target in targets(node, package):
            place = f"{path.relative_to(root).as_posix()}:{node.lineno}"  # pyright: ignore
            yield Import(module, place, target, node in on_import)


def nodes_on_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the module is imported: no functions, no TYPE_CHECKING."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from nodes_on_import(node)


def targets(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args:
        name = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0]
        if name in {"import_module", "__import__"} and isinstance(first, ast.Constant):
            yield str(first.value)


def direct_questions(path: Path, root: Path) -> Iterator[str]:
    """Yield the places where a page calls a query or a study itself, past the cache."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        called = ast.unparse(node.func)
        if called.startswith(("queries.", "studies.")):
            place = f"{path.relative_to(root).as_posix()}:{node.lineno}"
            yield f"{place}: calls {called}(); pages read through dashboard.cache"


def our_files(root: Path) -> list[Path]:
    packages = (root / name for name in OURS[1:])
    return [root / "artonomics.py", *(path for folder in packages for path in folder.rglob("*.py"))]


def violations(root: Path) -> list[str]:
    imported = [
        f"{found.place}: imports {found.target}; {rule}"
        for path in our_files(root)
        if path.exists()
        for found in imports_of(path, root)
        for rule in broken_rules(found)
    ]
    pages = (root / "dashboard" / "app_pages").glob("*.py")
    return imported + [found for path in pages for found in direct_questions(path, root)]


def test_no_layer_imports_what_it_may_not():
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_every_package_is_looked_at():
    seen = {path.relative_to(ROOT).parts[0] for path in our_files(ROOT)}
    assert seen == {"artonomics.py", "etl", "dashboard", "generator"}


PLANTED = [
    ("etl/analytics/x.py", "from etl import schemas", "etl.analytics may import"),
    ("etl/analytics/x.py", "from etl.config import Settings", "etl.analytics may import"),
    ("etl/sources/x.py", "def f():\n    from etl import warehouse", "etl.sources may import"),
    ("etl/sources/x.py", "import etl.analytics.event_study", "etl.sources may import"),
    ("etl/sources/x.py", "from .. import pipeline", "etl.sources may import"),
    ("etl/x.py", "import dashboard.queries", "etl may import"),
    ("etl/x.py", "import generator.probe", "etl may import"),
    ("etl/x.py", "import duckdb", "duckdb belongs"),
    ("dashboard/queries.py", "from duckdb import connect", "duckdb belongs"),
    ("etl/x.py", "import streamlit as st", "streamlit belongs"),
    ("etl/schedule.py", "import dagster as dg", "dagster belongs"),
    ("generator/x.py", "from etl.errors import InputError", "generator may import"),
    ("dashboard/x.py", "import generator", "dashboard may import"),
    ("dashboard/x.py", "import importlib\nimportlib.import_module('torch')", "torch and its"),
    ("etl/analytics/x.py", "import torch.nn", "torch and its"),
    ("dashboard/app_pages/x.py", "from dashboard import serve", "dashboard.app_pages may"),
    ("dashboard/app_pages/x.py", "queries.prices(reader, ['A'])", "pages read through"),
    ("dashboard/app_pages/x.py", "from etl.warehouse import SnapshotReader", "dashboard.app_pages"),
    ("dashboard/reports/x.py", "import streamlit", "works without streamlit"),
    ("dashboard/reports/x.py", "from dashboard import components", "dashboard.reports may import"),
    ("dashboard/figures/x.py", "from dashboard.queries import prices", "dashboard.figures may"),
    ("dashboard/studies.py", "import streamlit", "works without streamlit"),
    ("artonomics.py", "import pandas", "heavy modules inside"),
    ("artonomics.py", "from etl import console", "heavy modules inside"),
    ("etl/commands/x.py", "from etl import console", "heavy modules inside"),
    ("etl/x.py", "import artonomics", "nothing imports the command line"),
]


@pytest.mark.parametrize(("path", "source", "rule"), PLANTED)
def test_a_planted_violation_is_found_with_its_place(
    tmp_path: Path, path: str, source: str, rule: str
):
    planted = tmp_path / path
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(f'"""A planted violation."""\n{source}\n')

    found = violations(tmp_path)

    line = 2 + source.count("\n")
    assert any(text.startswith(f"{path}:{line}: ") and rule in text for text in found), found


ALLOWED = [
    ("etl/warehouse.py", "import duckdb"),
    ("etl/sources/x.py", "from etl.sources import _snapshot\nfrom etl.schemas import Table"),
    ("generator/x.py", "def f():\n    import torch\n    from generator import probe"),
    ("dashboard/app.py", "import streamlit\nfrom etl.warehouse import SnapshotReader"),
    ("dashboard/app_pages/x.py", "import streamlit\nfrom etl.analytics import event_study"),
    ("dashboard/app_pages/x.py", "from dashboard import queries\ncache.ask(queries.events)"),
    ("artonomics.py", "import os\nfrom cyclopts import App\ndef f():\n    import pandas"),
    (
        "artonomics.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from etl.config import Settings",
    ),
]


@pytest.mark.parametrize(("path", "source"), ALLOWED)
def test_what_is_allowed_is_let_through(tmp_path: Path, path: str, source: str):
    planted = tmp_path / path
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(f"{source}\n")

    assert violations(tmp_path) == []
