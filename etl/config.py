"""Where things lie and how a run behaves; everything can be set from the environment.

``ARTONOMICS_DATA`` (or ``--data``) names the folder of the warehouse, raw files and reports.
Without it, a checkout uses its own ``data/`` and an installed copy the user's data folder.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, field_validator

from etl.errors import InputError

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT_DATA = _PACKAGE.parent / "data"


def bundled_dir() -> Path:
    """Return the folder that holds ``snapshots/`` and ``corrections/`` as shipped (read-only)."""
    packaged = _PACKAGE / "bundled"
    return packaged if packaged.is_dir() else _CHECKOUT_DATA


def default_data_dir() -> Path:
    """Return the data folder for this user: environment, checkout, or the platform's own place."""
    from_environment = os.environ.get("ARTONOMICS_DATA")
    if from_environment:
        return Path(from_environment).expanduser().resolve()
    if (_PACKAGE.parent / "pyproject.toml").is_file():
        return _CHECKOUT_DATA
    return Path(platformdirs.user_data_dir("artonomics"))


class Settings(BaseModel):
    """Configuration of one run.

    Attributes
    ----------
    data_dir
        Folder of everything made at run time.
    keep_snapshots
        How many published snapshots are kept, the current one among them.
    lock_timeout_seconds
        How long a writer waits for another one before it gives up.
    fold_log_bytes
        Size of the writer's log from which it is folded into a new file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(default_factory=default_data_dir)
    keep_snapshots: int = Field(default=5, ge=1)
    lock_timeout_seconds: float = Field(default=0.0, ge=0)
    fold_log_bytes: int = Field(default=16 * 2**20, ge=0)

    @property
    def warehouse_dir(self) -> Path:
        """Folder of the private writer file, its lock and the published snapshots."""
        return self.data_dir / "warehouse"

    @property
    def raw_dir(self) -> Path:
        """Folder where live sources keep the raw answers they got."""
        return self.data_dir / "raw"

    @property
    def reports_dir(self) -> Path:
        """Folder where reports are written unless another is named."""
        return self.data_dir / "reports"

    @property
    def lake_dir(self) -> Path:
        """Folder of the event lake: Parquet by table, source and day."""
        return self.data_dir / "lake"

    @property
    def scratch_dir(self) -> Path:
        """Folder for what is unpacked or spilled while a file is read; emptied afterwards."""
        return self.data_dir / "imports"


Genre = Literal["overall", "photo_and_video", "graphics_and_design", "entertainment"]
ChartType = Literal["free", "paid", "grossing"]
DAILY_BUDGET = 400


class Collection(BaseModel):
    """What live app sources ask for; ``collection.toml`` in the data folder overrides it.

    Attributes
    ----------
    storefronts
        Countries of the stores, ISO 3166-1 alpha-2.
    genres
        Charts of which genres; ``overall`` is the chart of all apps.
    chart_types
        Which charts.
    depth
        Rows of a chart to ask for; the feeds end at 100 or 200 whatever is asked.
    google_play_apps
        Package names of apps to follow at Google Play, beside those of the watch list.
    requests_per_run
        How many requests one source may make in one run.
    seconds_between_requests
        Pause between two requests by host; ``*`` stands for any other host.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    storefronts: tuple[str, ...] = ("JP", "US", "CN", "TW", "HK", "KR", "GB", "DE", "BR")
    genres: tuple[Genre, ...] = ("overall", "photo_and_video", "graphics_and_design")
    chart_types: tuple[ChartType, ...] = ("free", "paid", "grossing")
    depth: int = Field(default=200, ge=1, le=200)
    google_play_apps: tuple[str, ...] = (
        "com.bigwinepot.nwdn.international",
        "com.lensa.app",
        "com.mt.mtxx.mtxx",
        "com.snowcorp.epik",
        "com.womboai.wombodream",
        "io.faceapp",
    )
    requests_per_run: int = Field(default=DAILY_BUDGET, ge=1)
    seconds_between_requests: dict[str, float] = Field(
        default={"itunes.apple.com": 3.0, "play.google.com": 3.0, "*": 2.0}
    )

    @field_validator("storefronts")
    @classmethod
    def _are_countries(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        for code in codes:
            if not re.fullmatch("[A-Z]{2}", code):
                raise ValueError(f"{code!r} is no country code such as JP")
        return codes


def collection(data_dir: Path | None) -> Collection:
    """Return what live app sources ask for in this data folder.

    Raises
    ------
    InputError
        When ``collection.toml`` cannot be read or says something unknown.
    """
    path = data_dir / "collection.toml" if data_dir else None
    if path is None or not path.exists():
        return Collection()
    try:
        return Collection(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:  # pydantic's and tomllib's errors are ValueErrors
        raise InputError(
            f"got a collection.toml that cannot be used: {error}",
            f"some of {', '.join(Collection.model_fields)}",
            f"mend {path}",
        ) from error
