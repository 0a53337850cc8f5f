"""Known source errors, kept as data with a reason and an expectation.

``corrections/<table>.yml`` lists them. Each one names its row, the column, the wrong value it
expects there, and either the right value (``set``) or ``quarantine: true``. When the expected
value is no longer there, the source has mended itself and the run fails until the entry is removed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from etl.checks import rejected_rows
from etl.errors import InputError, SourceError
from etl.schemas import Table


class Correction(BaseModel):
    """One known error of a source."""

    model_config = ConfigDict(extra="forbid")

    match: dict[str, str] = Field(min_length=1)
    column: str
    expect: str
    set: str | None = None
    quarantine: bool = False
    reason: str
    source: str

    @model_validator(mode="after")
    def _one_remedy(self) -> Correction:
        if (self.set is not None) == self.quarantine:
            raise ValueError("give either `set` or `quarantine: true`")
        return self


def read(table: Table, bundled: Path) -> list[Correction]:
    """Return the corrections of ``table``; raise InputError where the file is not well formed."""
    path = bundled / "corrections" / f"{table.name}.yml"
    if not path.exists():
        return []
    try:
        listed: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [Correction.model_validate(entry) for entry in listed["corrections"]]
    except (yaml.YAMLError, ValidationError, KeyError, TypeError) as error:
        raise InputError(
            f"got a corrections file that cannot be read: {path} ({error})",
            "a list `corrections` of match, column, expect, set or quarantine, reason, source",
            "mend the file",
        ) from error


def apply(table: Table, frame: pd.DataFrame, bundled: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the corrected frame, and the rows taken out of it as rejected rows.

    Parameters
    ----------
    table
        The table the frame is meant for.
    frame
        Parsed rows, before any check.
    bundled
        Folder that holds ``corrections/``.

    Raises
    ------
    SourceError
        When an expected wrong value is not there any more.
    """
    rejected = [rejected_rows(table, frame.iloc[:0], "", "")]
    for entry in read(table, bundled):
        _require_columns(table, frame, entry)
        rows = _matching(frame, entry)
        if not rows.any():
            continue  # the run did not fetch that row
        found = set(frame.loc[rows, entry.column].astype(str))
        if found != {entry.expect}:
            raise SourceError(
                f"got {sorted(found)} in {table.name}.{entry.column} at {entry.match}",
                f"the known error {entry.expect!r} ({entry.reason})",
                f"the source has changed: look again and edit corrections/{table.name}.yml",
                code="CORRECTION_STALE",
            )
        if entry.quarantine:
            rejected.append(
                rejected_rows(table, frame.loc[rows], "known_source_error", entry.reason)
            )
            frame = frame.loc[~rows]
        else:
            frame = frame.assign(**{entry.column: frame[entry.column].mask(rows, entry.set)})
    return frame, pd.concat(rejected, ignore_index=True)


def _require_columns(table: Table, frame: pd.DataFrame, entry: Correction) -> None:
    unknown = sorted({entry.column, *entry.match} - set(frame))
    if unknown:
        raise InputError(
            f"got a correction of {table.name} that names {unknown}",
            f"columns among {list(frame)}",
            f"edit corrections/{table.name}.yml",
        )


def _matching(frame: pd.DataFrame, entry: Correction) -> pd.Series:
    rows = pd.Series(True, index=frame.index)
    for column, value in entry.match.items():
        rows &= frame[column].astype(str) == value
    return rows
