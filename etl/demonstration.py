"""A made-up product history to try the Growth page on: drawn with a seed, imported, labelled."""

from __future__ import annotations

import shutil

from etl import imports
from etl.config import Settings
from etl.imports import Options
from etl.pipeline import LedgerEntry, Progress
from etl.simulate import Parameters, simulate
from etl.warehouse import SnapshotReader

SOURCE = "simulated_app"
KINDS = {"events": SOURCE, "subscriptions": f"{SOURCE}_payments", "spend": f"{SOURCE}_spend"}
"""Source of each kind of data."""
USERS, DAYS, SEED = 20_000, 240, 7


def is_wanted(settings: Settings) -> bool:
    """Say whether the published snapshot holds no history of a product yet."""
    with SnapshotReader(settings.data_dir) as reader:
        held = reader.query("SELECT count(*) AS n FROM growth_definitions")
    return not int(held["n"].iloc[0])


def bring(settings: Settings, progress: Progress | None = None) -> list[LedgerEntry]:
    """Draw the history and import it; repeated, it changes nothing.

    Returns
    -------
    list of LedgerEntry
        One a kind of data; the import of a kind that fails ends it.
    """
    say = progress or (lambda _: None)
    folder = settings.data_dir / "simulated" / SOURCE
    try:
        simulate(Parameters(users=USERS, days=DAYS, seed=SEED), folder, force=True, progress=say)
        entries: list[LedgerEntry] = []
        for kind, source in KINDS.items():
            say(f"importing made-up {kind}")
            done = imports.import_files(settings, kind, [folder], Options(source=source))
            entries += done.entries
            if done.error:
                break
        return entries
    finally:
        # The lake and the warehouse hold it, and the same seed draws it again.
        shutil.rmtree(folder.parent, ignore_errors=True)
