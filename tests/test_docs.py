"""What the program can do is written down, and what is written down it can do."""

from __future__ import annotations

import functools
import http.server
import re
import shlex
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.conftest import CHROMIUM_FLAGS, chromium_path
from browser.walking import serious_violations
from cyclopts import App
from documentation import building, links, pages
from playwright.sync_api import sync_playwright

import artonomics
from etl import commandline, dictionary, marts, schemas
from etl.collection import Collection
from etl.sources import SourceInfo

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DOCS = ROOT / "data" / "docs"
WRITTEN_DOCS = sorted(DOCS.rglob("*.md"))
SOURCES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "data/README.md")] + WRITTEN_DOCS
FIRST_VERBS = [
    *("demo", "dashboard", "doctor", "sql", "etl run", "etl status", "etl schedule install"),
    *("watch add instrument", "import events", "import subscriptions", "simulate events"),
    *("analyze event-study", "analyze retention", "analyze unit-economics", "scenario show"),
    *("analyze curiosity-to-cash", "report build", "report schedule add", "alerts check", "bench"),
]
LARGEST_PICTURE_BYTES = 150_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the documentation strictly and return its folder; a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    building.build(folder)
    return folder


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


@pytest.mark.parametrize("name", FIRST_VERBS)
def test_the_first_verbs_are_in_the_readme(name: str):
    assert f"artonomics {name}" in README


def test_every_verb_and_option_is_in_the_command_reference(site: Path):
    page = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for name, app in commands():
        _, found, section = page.partition(f'id="{name.replace(" ", "-")}"')
        assert found, name
        section = section.partition("<h2")[0]
        arguments = app.assemble_argument_collection(parse_docstring=True)
        options = [item.name for item in arguments if item.parse and item.name.startswith("--")]
        assert [option for option in options if option not in section] == [], name
    for option in commandline.GLOBAL_OPTIONS:
        assert f"<code>{option}" in page


def test_every_verb_of_the_generator_is_in_its_reference(site: Path):
    page = (site / "reference" / "bench.html").read_text(encoding="utf-8")
    verbs = pages.verbs_of(pages.bench_parser())
    assert {"run", "suite", "card", "compare"} <= set(verbs)
    assert [name for name in verbs if f'<h2 id="{name}"' not in page] == []


def test_every_table_is_in_the_dictionary_of_the_documentation(site: Path):
    anchors = links.Built.read(site / "reference" / "data.html").anchors
    tables = [*schemas.TABLES, *schemas.LAKE_TABLES, *marts.TABLES]
    assert [name for name in tables if name not in anchors] == []


def test_every_method_of_the_code_stands_on_exactly_one_page():
    told = [
        name
        for path in WRITTEN_DOCS
        for line in re.findall(r"<!-- told: functions (.*?) -->", path.read_text("utf-8"))
        for name in line.split()
    ]
    held = sorted(path.stem for path in pages.ANALYTICS.glob("[a-z]*.py"))
    assert sorted(told) == held


def test_the_built_pages_lead_nowhere_false_and_ask_no_stranger(site: Path):
    assert building.problems(site) == []


def test_every_page_can_be_reached_from_the_first(site: Path):
    site = site.resolve()
    reached, waiting = set(), [site / "index.html"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".html":
            continue
        reached.add(path)
        local = (link.partition("#")[0] for link in links.Built.read(path).leads_to)
        waiting += [
            (path.parent / link).resolve() for link in local if link and not re.match(r"\w+:", link)
        ]
    assert {*site.rglob("*.html")} - reached == {site / "404.html"}


def test_a_chinese_page_says_that_it_is_chinese(site: Path):
    for path in (site / "zh").glob("*.html"):
        assert '<html lang="zh-CN"' in path.read_text(encoding="utf-8")
    assert '<html lang="en"' in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.browser
def test_a_browser_that_reads_the_pages_asks_nobody_else_and_hinders_no_reader(site: Path):
    handler = functools.partial(_Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{server.server_address[1]}/"
    asked: list[str] = []
    executable = chromium_path()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
            page = browser.new_page()
            page.on("request", lambda request: asked.append(request.url))
            for name in ("index.html", "methods/event-study.html", "zh/index.html"):
                page.goto(home + name, wait_until="load")
            page.emulate_media(color_scheme="dark")
            hindering = serious_violations(page)
            page.emulate_media(color_scheme="light")
            page.goto(home + "index.html")
            hindering |= serious_violations(page)
            page.locator("input.md-search__input").press_sequentially("retention")
            found = page.locator(".md-search-result__item").first
            found.wait_for(state="attached", timeout=60_000)
            browser.close()
    finally:
        server.shutdown()
        server.server_close()
    assert hindering == {}
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith((home, "data:", "blob:"))] == []


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ('<a href="gone.html">x</a>', "page.html leads to gone.html, which is not there"),
        ('<a href="#gone">x</a>', "page.html leads to #gone, and there is no such place"),
        ('<img src="gone.png" alt="x">', "page.html shows gone.png, which is not there"),
        ('<img src="page.html">', "page.html shows page.html without words"),
        (
            '<script src="https://a.example/x.js"></script>',
            "page.html loads https://a.example/x.js",
        ),
        ('<link rel="stylesheet" href="//a.example/x">', "page.html loads //a.example/x"),
        ('<h2 id="here">x</h2><a href="page.html#here">x</a>', None),
        ('<a href="https://a.example/">x</a>', None),
    ],
)
def test_what_is_wrong_with_a_page_is_found(tmp_path: Path, page: str, problem: str | None):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    (tmp_path / "own.css").write_text("a { background: url(own.png) }", encoding="utf-8")
    assert links.problems_of_site(tmp_path) == ([problem] if problem else [])


def test_a_style_that_loads_from_elsewhere_is_found(tmp_path: Path):
    (tmp_path / "own.css").write_text("@import 'https://a.example/font.css';", encoding="utf-8")
    assert links.problems_of_site(tmp_path) == ["own.css loads https://a.example/font.css"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[x](gone.md)", ["a.md leads to gone.md, which is not there"]),
        ("[x](a.md#gone)", ["a.md leads to a.md#gone, and there is no such place"]),
        ("# What it, costs\n\n[x](#what-it-costs) [y](https://a.example)", []),
    ],
)
def test_links_of_a_markdown_file_are_followed(tmp_path: Path, text: str, found: list[str]):
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    assert links.problems_of_markdown(tmp_path / "a.md") == found


def test_every_picture_is_shown_and_small():
    shown = "\n".join(path.read_text(encoding="utf-8") for path in WRITTEN_DOCS)
    for picture in (DOCS / "pictures").iterdir():
        assert f"pictures/{picture.name})" in shown
        assert picture.stat().st_size < LARGEST_PICTURE_BYTES


def test_the_tour_shows_every_page_of_the_dashboard_in_both_languages():
    frame = (ROOT / "dashboard" / "app.py").read_text(encoding="utf-8")
    names = ["overview", *re.findall(r'url_path="([a-z-]+)"', frame)]
    assert len(names) > 5
    for language, tour in (("en", "tour.md"), ("zh", "zh/tour.md")):
        text = (DOCS / tour).read_text(encoding="utf-8")
        assert [name for name in names if f"pictures/{name}-{language}.webp" not in text] == []


def test_the_example_of_the_first_page_gives_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```csv\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "my_events.csv").write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTONOMICS_DATA", str(tmp_path / "data"))
    answers = {}
    for line in lines_of_code(text):
        if line.startswith("artonomics "):
            assert artonomics.run_command(shlex.split(line)[1:]) == 0, line
            answers[line] = capsys.readouterr().out
    (retention,) = [answer for line, answer in answers.items() if "retention" in line]
    # Of ada, bo and cleo on 1 September two were there on the next day; of dan and eve one.
    assert re.search(r"2026-09-01\s*│ 3\s*│ 66.7%", retention)
    assert re.search(r"2026-09-02\s*│ 2\s*│ 50.0%", retention)
    question = "SELECT sum(size)::INT AS began, sum(payers)::INT AS paid FROM paid_conversion"
    assert artonomics.run_command(["sql", question, "--format", "csv"]) == 0
    assert capsys.readouterr().out.split() == ["began,paid", "5,1"]


@pytest.mark.parametrize(("name", "app"), list(commands()), ids=[name for name, _ in commands()])
def test_every_option_says_what_it_does(name: str, app: App):
    arguments = app.assemble_argument_collection(parse_docstring=True)
    silent = [item.name for item in arguments if item.parse and not item.parameter.help]
    assert not silent, f"artonomics {name} does not explain {silent}"


def test_every_global_option_is_in_the_readme():
    assert [option for option in commandline.GLOBAL_OPTIONS if option not in README] == []


@pytest.mark.parametrize(
    "line", sorted({line for line in written_commands() if line.startswith("artonomics")})
)
def test_every_written_command_can_be_given(line: str):
    tokens = shlex.split(line.partition(" > ")[0], comments=True)[1:]
    _, bound, _ = artonomics.app.meta.parse_args(tokens, exit_on_error=False, print_error=False)
    artonomics.app.parse_args(list(bound.args), exit_on_error=False, print_error=False)
    if tokens[0] == "bench":
        pages.bench_parser().parse_args(tokens[1:])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_verb_that_a_sentence_names_exists(path: Path):
    known = {name for name, _ in commands()}
    above = {" ".join(name.split()[:n]) for name in known for n in range(1, len(name.split()))}
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for words in re.findall(r"`artonomics ((?:[a-z][a-z-]*(?: |(?=`)))+)", text):
        named = words.split()
        begun = [" ".join(named[:n]) for n in range(1, len(named) + 1)]
        assert {*begun} & known or begun[-1] in above, f"artonomics {words}"


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
