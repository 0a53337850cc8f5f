"""Tables of growth, each with the headings a reader needs."""
