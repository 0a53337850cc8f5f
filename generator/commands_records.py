"""Verbs that read records: what changed between two, how close cells came to the ceiling."""

from __future__ import annotations

from argparse import Namespace

from generator import compare, record
from generator.output import say, show, show_table


def show_comparison(told: Namespace) -> int:
    """Compare two records."""
    made = compare.compare(record.read(told.earlier), record.read(told.later))
    if told.json:
        show(made)
        return 0
    for name, (before, after) in made["changed"].items():
        say(f"{name}: {before} -> {after}")
    rows = [
        {
            "cell": cell["key"],
            "figure": name,
            "later/earlier": cell[name]["value"],
            "low": cell[name]["low"],
            "high": cell[name]["high"],
            "verdict": cell[name]["verdict"],
        }
        for cell in made["cells"]
        for name in ("images_per_second", "p50_seconds", "p95_seconds")
    ]
    if rows:
        show_table(rows, list(rows[0]))
    else:
        say("no cell is in both records")
    for name in ("only_earlier", "only_later"):
        for key in made[name]:
            say(f"{name.replace('_', ' ')}: {key}")
    return 0


def show_roofline(told: Namespace) -> int:
    """Show how close each measured cell came to its ceiling."""
    rows = []
    for path in told.records:
        for cell in record.read(path)["cells"]:
            if cell["status"] != "measured":
                continue
            roof = cell["figures"]["roofline"]
            rows.append(
                {
                    "cell": cell["key"],
                    "TFLOP/s": None if roof is None else roof["tflops"],
                    "roof": None if roof is None else roof["roof_tflops"],
                    "%": None if roof is None else roof["percent_of_roofline"],
                    "FLOP/byte": None if roof is None else roof["intensity_flop_per_byte"],
                    "J/TFLOP": None if roof is None else roof["joules_per_tflop"],
                    "ceiling": cell["figures"]["roofline_reason"]
                    if roof is None
                    else roof["ceiling"]["evidence"],
                }
            )
    if told.json:
        show(rows)
    elif rows:
        show_table(rows, list(rows[0]))
    else:
        say("no measured cell in these records")
    return 0
