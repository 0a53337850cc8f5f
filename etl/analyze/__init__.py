"""One method on the user's own file: read, measure, and answer as a JSON-ready document."""
