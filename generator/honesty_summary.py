"""The errors of a preset in a few figures. No torch here: records are read on any machine."""

from __future__ import annotations

from typing import Any

STAGES = ("text", "denoiser", "decode")


def largest(entry: dict[str, Any]) -> dict[str, float | None]:
    """Return the largest error by stage for equal inputs, and that of the picture from noise."""
    same = entry.get("same_inputs") or {}
    told = {stage: max(same.get(stage) or (), default=None) for stage in STAGES}
    return told | {"picture": entry["from_noise"]["picture"]}


def row(entry: dict[str, Any]) -> dict[str, Any]:
    """Return one line for a table."""
    own, last = largest(entry), entry["from_noise"]["denoiser"][-1]
    in_float32 = max((entry.get("float32") or {}).values(), default=None)
    return {
        "text": own["text"],
        "denoiser call": own["denoiser"],
        "decode": own["decode"],
        "last call from noise": last,
        "picture from noise": own["picture"],
        "bf16 against float32": in_float32,
        "note": entry.get("float32_note"),
        "weights": entry["cell"]["weights"],
        "skips work": "yes" if entry["skips_work"] else None,
    }
