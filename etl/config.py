"""Where things lie and how a run behaves; everything can be set from the environment.

``ARTONOMICS_DATA`` (or ``--data``) names the folder of the warehouse, raw files and reports.
Without it, a checkout uses its own ``data/`` and an installed copy the user's data folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field

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
