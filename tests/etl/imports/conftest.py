"""What the tests of imports share: a data folder and short ways to import and to ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from etl import imports
from etl.config import Settings
from etl.imports import Imported, Options
from etl.warehouse import SnapshotReader

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "imports"


class Desk:
    """A data folder, a folder for the user's files, and the instants of the imports."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.settings = Settings(data_dir=folder / "data")
        self.hours = 0

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def bring(self, kind: str, *paths: Path, **options: Any) -> Imported:
        self.hours += 1
        now = NOW + timedelta(hours=self.hours)
        return imports.import_files(self.settings, kind, list(paths), Options(**options), now)

    def brought(self, kind: str, *paths: Path, **options: Any) -> tuple[str, int, int, int, int]:
        """Import and return status, rows in, new, changed and quarantined."""
        done = self.bring(kind, *paths, **options)
        assert done.error is None, done.error
        assert [entry.source for entry in done.entries] == [
            options.get("source") or f"user_{kind.replace('-', '_')}"
        ], done.entries
        entry = done.entries[0]
        return (
            entry.status,
            entry.rows_in,
            entry.rows_new,
            entry.rows_changed,
            entry.rows_quarantined,
        )

    def refused(self, kind: str, *paths: Path, **options: Any) -> str:
        """Import what cannot be; return what is said, after it was found in the ledger."""
        done = self.bring(kind, *paths, **options)
        assert done.error is not None
        assert done.error.exit_status == 2
        assert [entry.status for entry in done.entries] == ["failed"]
        assert done.entries[0].error == str(done.error)
        return str(done.error)

    def ask(self, question: str) -> pd.DataFrame:
        return SnapshotReader(self.settings.data_dir).query(question)

    def preview(self, kind: str, *paths: Path, **options: Any) -> imports.Preview:
        return imports.preview(self.settings, kind, list(paths), Options(**options), NOW)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def fixture() -> Callable[[str], Path]:
    return lambda name: FIXTURES / name
