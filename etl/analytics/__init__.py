"""Pure functions on frames and arrays; no input or output, no clock."""
