"""A report document as a spreadsheet: native charts, live formulas, a sheet of sources."""

from __future__ import annotations

from dashboard.reports.document import Document


def render(document: Document) -> bytes:
    """Return the XLSX of a document."""
    raise NotImplementedError
