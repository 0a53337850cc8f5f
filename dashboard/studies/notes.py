"""What a reader must know about a study, as codes that pages and reports put into words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Note:
    """One remark.

    Attributes
    ----------
    code
        What is remarked; the codes are listed where a study makes them.
    values
        What the sentence needs: identifiers, tickers, days, numbers.
    """

    code: str
    values: dict[str, Any] = field(default_factory=dict)
