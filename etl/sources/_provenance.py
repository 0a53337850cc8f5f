"""The provenance sidecar of a bundled file: who made it, where it was read, what to doubt."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from etl.errors import SourceError


class Origin(BaseModel):
    """One place the values were read; without an address each row names its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    url: str | None


class Sidecar(BaseModel):
    """Provenance of one file of ``data/snapshots``.

    Attributes
    ----------
    producer, publisher
        Who made the figures, and who published what was read.
    published
        When, in words; ``undated`` where the source does not say.
    accessed
        Day of reading.
    sha256, rows, columns
        The file's own bytes (compressed where it is), data rows and header.
    made
        How the file came from its sources.
    doubts
        What a reader must know before trusting a value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    table: str
    title: str = Field(min_length=1)
    producer: str = Field(min_length=1)
    publisher: str = Field(min_length=1)
    sources: tuple[Origin, ...] = Field(min_length=1)
    published: str = Field(min_length=1)
    accessed: date
    licence: str = Field(min_length=1)
    redistributable: Literal["yes", "facts only", "no"]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    rows: int = Field(ge=1)
    columns: tuple[str, ...] = Field(min_length=1)
    made: str = Field(min_length=1)
    doubts: tuple[str, ...]


def read_sidecar(data_file: Path) -> Sidecar:
    """Return the sidecar that stands beside ``data_file``.

    Raises
    ------
    SourceError
        If it is absent, is not YAML or does not have the fields above.
    """
    path = data_file.with_name(data_file.name + ".yml")
    try:
        return Sidecar.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise SourceError(
            f"got no usable provenance sidecar {path.name}: {error}",
            "a YAML file with the fields of etl.sources._provenance.Sidecar",
            "restore data/snapshots from the distribution",
        ) from error
