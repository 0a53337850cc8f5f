"""A report document as one HTML file with figures that answer the pointer."""

from __future__ import annotations

from dashboard.reports.document import Document


def render(document: Document) -> str:
    """Return the HTML of a document."""
    raise NotImplementedError
