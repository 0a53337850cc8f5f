"""What a visitor chooses is a parameter of a question, never a part of it; questions only read.

Two nets: by the sources, every part that is put into a question of the dashboard is named here with
the reason why no visitor writes it; by running, no question of a page holds what an address said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.errors import InputError
from etl.warehouse import SnapshotReader

ROOT = Path(__file__).resolve().parents[2]
ASKS = {"query", "execute", "executemany", "sql"}
REVIEWED = {
    ("dashboard/queries.py", "table"): "made of the name of a table by _bitemporal",
    ("dashboard/app_pages/growth_choices.py", "split"): "refused unless one of SPLITS",
    ("dashboard/studies/growth/channels.py", "_BEGUN"): "a constant",
    ("dashboard/studies/growth/conversion.py", "', '.join(ATTRIBUTES)"): "a constant",
    ("dashboard/studies/growth/conversion.py", "name"): "one of FUNNEL_ATTRIBUTES",
    ("dashboard/studies/growth/retention.py", "segment"): "refused unless one of ATTRIBUTES",
    ("dashboard/studies/growth/sources.py", "table"): "a constant of the caller",
    ("dashboard/studies/growth/sources.py", "when"): "a constant of the caller",
    ("dashboard/studies/weekly.py", "source"): "the name of a table that the snapshot holds",
}


def put_into_questions(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, expression) of everything that is put into the text of a question."""
    for path in sorted((root / "dashboard").rglob("*.py")):
        place = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in ASKS or not node.args:
                continue
            asked = node.args[0]
            for part in ast.walk(asked):
                if isinstance(part, ast.FormattedValue):
                    yield place, ast.unparse(part.value)
                elif isinstance(part, ast.BinOp) or (
                    isinstance(part, ast.Call)
                    and isinstance(part.func, ast.Attribute)
                    and part.func.attr in {"format", "replace", "join"}
                ):
                    yield place, ast.unparse(part)


def test_every_part_put_into_a_question_of_the_dashboard_is_reviewed():
    found = set(put_into_questions(ROOT))
    news = sorted(one for one in found if one not in REVIEWED and not _is_inside(one, found))
    assert news == [], "pass it as a parameter, or name it in REVIEWED with the reason"
    assert sorted(set(REVIEWED) - found) == [], "reviewed, and no longer there"


def _is_inside(one: tuple[str, str], found: set[tuple[str, str]]) -> bool:
    """Say whether it is a part of an expression that is reviewed as a whole."""
    return any(
        one[0] == place and one[1] != whole and one[1] in whole
        for place, whole in found
        if (place, whole) in REVIEWED
    )


@pytest.mark.parametrize(
    "source",
    [
        "reader.query(f'SELECT * FROM t WHERE a = {code}')",
        "reader.query('SELECT * FROM t WHERE a = ' + code)",
        "reader.query('SELECT * FROM t WHERE a = {}'.format(code))",
        "con.execute('SELECT %s' % code)",
    ],
)
def test_a_planted_part_is_found(tmp_path: Path, source: str):
    (tmp_path / "dashboard").mkdir()
    (tmp_path / "dashboard" / "x.py").write_text(source)
    assert "code" in " ".join(part for _, part in put_into_questions(tmp_path))


HOSTILE_QUESTIONS = (
    "UPDATE gpus SET tdp_watts = 0",
    "DELETE FROM gpus",
    "CREATE TABLE x AS SELECT 1",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/other.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "PRAGMA enable_external_access = true",
    "SELECT 1; DROP TABLE gpus",
    "SELECT * FROM read_csv('{folder}/secret.csv')",
    "SELECT * FROM read_text('{folder}/secret.csv')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{folder}/secret.csv'",
    "SELECT * FROM read_parquet('https://example.com/x.parquet')",
    "FROM query('COPY (SELECT 1) TO ''{folder}/out.csv''')",
    "CALL pragma_version()",
)


@pytest.mark.parametrize("for_export", [False, True])
def test_a_question_can_neither_write_nor_read_a_file_nor_fetch_nor_load(
    published: Path, tmp_path: Path, for_export: bool
):
    (tmp_path / "secret.csv").write_text("secret\nhidden\n")
    reader = SnapshotReader(published, for_export=for_export)
    for question in HOSTILE_QUESTIONS:
        with pytest.raises(InputError):
            reader.query(question.format(folder=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]
    assert len(reader.query("FROM gpus")) > 0
