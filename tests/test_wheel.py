"""The wheel holds everything and runs from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert answer.returncode == 0, answer.stderr
    return answer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=ROOT)
    return next(out.glob("artonomics-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a fresh environment that borrows today's other packages.

    Returns
    -------
    Path
        The folder of the environment's programs.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False)
    programs = folder / SCRIPTS
    python = programs / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"),
        *("--no-index", "--no-compile", wheel),
        cwd=folder,
    )
    where = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
    ).stdout.strip()
    # A path in a .pth file brings the packages there, but not their .pth files: the checkout,
    # which is installed by one, stays out.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(where) / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")
    return programs


def test_the_wheel_holds_all_packages_and_their_data(wheel: Path):
    inside = set(zipfile.ZipFile(wheel).namelist())

    packages = [ROOT / name for name in ("etl", "dashboard", "generator")]
    code = {p.relative_to(ROOT).as_posix() for folder in packages for p in folder.rglob("*.py")}
    words = {p.relative_to(ROOT).as_posix() for p in ROOT.glob("dashboard/text/locale/**/*.po")}
    bundled = {
        f"etl/bundled/{path.relative_to(ROOT / 'data').as_posix()}"
        for name in ("snapshots", "corrections")
        for path in (ROOT / "data" / name).rglob("*")
        if path.is_file()
    }
    assert words
    assert bundled
    assert (code | words | bundled | {"artonomics.py"}) - inside == set()
    assert not [name for name in inside if name.startswith(("tests/", "data/"))]


def test_it_collects_and_answers_from_another_folder(installed: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    artonomics = installed / "artonomics"
    settings = {"ARTONOMICS_DATA": str(tmp_path / "data")}

    python = installed / "python"
    home = run(python, "-c", "import etl; print(etl.__file__)", cwd=elsewhere).stdout.strip()
    collected = run(artonomics, "etl", "run", "--offline", "--json", cwd=elsewhere, **settings)
    question = "SELECT count(*) AS n FROM stock_prices"
    answer = run(artonomics, "sql", question, "--format", "json", cwd=elsewhere, **settings)

    assert Path(home).is_relative_to(installed.parent)
    assert {entry["status"] for entry in json.loads(collected.stdout)} == {"ok"}
    assert json.loads(answer.stdout)[0]["n"] > 1000
    assert list(elsewhere.iterdir()) == []


@pytest.mark.usefixtures("first_free_port")
def test_its_dashboard_answers(installed: Path, tmp_path: Path):
    settings = {"ARTONOMICS_DATA": str(tmp_path / "data")}

    answer = run(installed / "artonomics", "demo", "--check", cwd=tmp_path, **settings)

    assert "Artonomics answers at http://" in answer.stdout


def test_its_parts_find_each_other(installed: Path, tmp_path: Path):
    settings = {"ARTONOMICS_DATA": str(tmp_path / "data")}
    record = json.loads(run(installed / "python", "-m", "generator", "probe", cwd=tmp_path).stdout)

    help_text = run(installed / "artonomics", "report", "build", "--help", cwd=tmp_path, **settings)

    assert record["record"] == "generator.probe"
    assert "--as-of" in help_text.stdout
