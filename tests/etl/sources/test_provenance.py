"""Every bundled file has a sidecar that is true of it, and says what its source module says."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from pathlib import Path

import pytest

from etl import sources
from etl.config import bundled_dir
from etl.errors import SourceError
from etl.schemas import TABLES
from etl.sources._provenance import read_sidecar

SNAPSHOTS = bundled_dir() / "snapshots"
FILES = sorted(p.name for p in SNAPSHOTS.iterdir() if p.name.endswith((".csv", ".csv.gz")))


def text_of(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")


# Exchange rates come with a package, measurements from the generator's records.
WITHOUT_FILE = {"fx_rates", "compute_benchmarks", "compute_loads"}


def test_every_source_of_the_bundle_has_its_file() -> None:
    tables = {read_sidecar(SNAPSHOTS / name).table for name in FILES}
    assert tables == set(sources.standing(offline=True)) - WITHOUT_FILE


def test_no_sidecar_is_left_without_its_file() -> None:
    assert sorted(p.name.removesuffix(".yml") for p in SNAPSHOTS.glob("*.yml")) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_sidecar_is_true_of_its_file(name: str) -> None:
    path = SNAPSHOTS / name
    sidecar = read_sidecar(path)
    rows = list(csv.reader(io.StringIO(text_of(path))))
    assert sidecar.file == name
    assert sidecar.table in TABLES
    assert sidecar.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(sidecar.columns) == rows[0]
    assert sidecar.rows == len(rows) - 1


@pytest.mark.parametrize("name", FILES)
def test_a_sidecar_and_its_source_module_say_the_same(name: str) -> None:
    sidecar = read_sidecar(SNAPSHOTS / name)
    info = sources.load(sidecar.table).INFO
    assert (info.name, info.table.name) == (sidecar.table, sidecar.table)
    assert info.title == sidecar.title
    assert info.publisher == sidecar.publisher
    assert info.licence == sidecar.licence
    assert info.redistributable == sidecar.redistributable


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".gz")])
def test_a_compressed_file_carries_no_time_stamp(name: str) -> None:
    assert (SNAPSHOTS / name).read_bytes()[4:8] == bytes(4)


def test_a_licence_that_must_travel_with_its_data_lies_beside_it() -> None:
    notice = (SNAPSHOTS / "LICENSES" / "app-store-top-apps.txt").read_text()
    assert "Copyright (c) 2022 Eliott Vincent" in notice
    assert "The above copyright notice and this permission notice shall be included" in notice


@pytest.mark.parametrize(
    ("before", "after"),
    [("redistributable: facts only", "redistributable: perhaps"), ("sha256: ", "sha: ")],
)
def test_a_sidecar_with_a_wrong_field_is_refused(own_bundle: Path, before: str, after: str) -> None:
    path = own_bundle / "snapshots" / "gpus.csv.yml"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(SourceError, match=r"gpus\.csv\.yml"):
        read_sidecar(path.with_suffix(""))
