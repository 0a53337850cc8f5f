"""A report document as slides: native charts, speaker notes with the sources."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.reports.document import Document


def render(document: Document, fonts: Sequence[str]) -> bytes:
    """Return the PPTX of a document."""
    raise NotImplementedError
