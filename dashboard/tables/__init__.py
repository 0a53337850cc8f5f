"""The tables that pages show and offer for download, with headings in the reader's language."""
