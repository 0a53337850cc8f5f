"""A small picture model of our own: drawn signs of 64 px from words, trained on free picture sets.

``python -m generator make-emoji FOLDER`` trains it, ``judge-emoji FOLDER`` measures how good it is;
the bundled weights and their card lie in ``data/models/emoji-64``.
"""

from __future__ import annotations

NAME = "emoji-64"
REMARK = "a toy of 64 px that draws signs from words: its pictures and its cost are no product's"
SIZE_PX = 64
STEPS, GUIDANCE = 20, 3.0
FEW_STEPS = 4
"""Up to so many steps the adapter for few steps draws, where a folder has one."""
STEPS_MEASURED = (1, 2, 4, 8, 20)
MOST_WEIGHTS = 14_000_000
MOST_BYTES = 30_000_000
