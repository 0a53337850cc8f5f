"""The verbs of the command line, one module a group; heavy imports stay inside the functions."""
