"""Scenarios: named inputs with their evidence, from a YAML file to what the models evaluate.

A number is typed in, or taken by reference from the published snapshot (a disclosed fact, a figure
of a filing, a benchmark, one's own events); either way it says how it is known.
"""
