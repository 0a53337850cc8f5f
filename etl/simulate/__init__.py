"""Labelled, seeded product histories: a made-up app life with known truths inside.

What is simulated: waves of installs by country and channel, returns on later days, sessions,
images with their waiting times, randomised experiments on waiting time and price, trials,
subscriptions with renewals, one-time packs, refunds, spend by channel, late and repeated rows.

What it is for: trying the analyses where the true answer is known, teaching, and measuring speed.
What it must not be used for: any statement about a real app, market or person; priors or defaults
of a real forecast; filling gaps in observed data. Every row is of the kind ``simulated``, its
``source_url`` names the simulator and the seed, and ``simulation.json`` beside the tables states
the parameters and the true effects. It leaves out on purpose: time zones of users (days are
UTC days), several devices of one user, reactivated subscriptions, price changes, fraud, holidays.
"""

from __future__ import annotations

from etl.simulate.parameters import Parameters
from etl.simulate.run import simulate

__all__ = ["Parameters", "simulate"]
