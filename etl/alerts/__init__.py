"""Alerts: rules of the user over the published tables, told once when something crosses a line.

The rules stand in ``alerts.yml`` of the data folder; :func:`etl.alerts.check.check` looks at them
after each run. What is raised at present lies in ``alerts/state.json``, what happened in
``alerts/events.jsonl``.
"""
