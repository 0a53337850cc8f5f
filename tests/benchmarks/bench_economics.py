"""The whole chain from curiosity to cash: 10,000 draws at once beside a loop over single draws.

The peer is the same chain in plain Python with ``random.triangular``, one draw after the other, as
a spreadsheet add-in or a hand-written script does it. Also how long a moved slider computes.
"""

from __future__ import annotations

import random
import runpy
import statistics
from dataclasses import replace

from harness import CHECKOUT, seconds, summary, write_record

from etl.analytics.curiosity_to_cash import curiosity_to_cash
from etl.analytics.product_month import product_month
from etl.analytics.sensitivity import Inputs
from etl.analytics.wave_cash import Horizon

DRAWS, SEED = 10_000, 1
YEAR = Horizon(12, 0.15)


def main() -> None:
    """Measure, print and record."""
    cases = runpy.run_path(str(CHECKOUT / "tests/etl/analytics/economics_cases.py"))
    typed, inputs = cases["TYPED"], cases["inputs"]
    ranged = {
        name: (0.7 * value, value, min(1.3 * value, _top(name))) for name, value in typed.items()
    }
    given = inputs("estimated", **ranged)
    curiosity_to_cash(given, "rent", YEAR, n_draws=100)  # the first call tries what depends on what
    product_month(given, "rent", YEAR, n_draws=100)
    ours = seconds(lambda: curiosity_to_cash(given, "rent", YEAR, n_draws=DRAWS), repeats=5)
    loop = seconds(lambda: _loop(given), repeats=3, warm_up=0)
    moved = [_moved(given, step) for step in range(20)]
    ratio = statistics.median(loop) / statistics.median(ours)
    results = {
        "draws": DRAWS,
        "inputs_with_a_range": sum(not each.is_exact for each in given.given.values()),
        "chain_with_tornado_and_variance": summary(ours),
        "peer_plain_loop_draws_alone": summary(loop),
        "loop_over_ours": ratio,
        "slider_whole_month": summary(moved),
    }
    path = write_record("economics", results, ("numpy", "scipy"))
    told = statistics.median(ours), statistics.median(moved)
    print(f"chain {told[0]:.3f} s, slider {told[1]:.3f} s, loop {ratio:.1f}x -> {path}")  # noqa: T201


def _top(name: str) -> float:
    from etl.analytics.inputs import INPUTS

    return INPUTS[name].maximum


def _moved(given: Inputs, step: int) -> float:
    """Return how long a month takes after one input was moved."""
    price = given.given["net_proceeds"]
    value = price.ends[0] + (price.ends[1] - price.ends[0]) * step / 20
    moved = given.with_(net_proceeds=replace(price, value=value, low=value, high=value))
    return seconds(lambda: product_month(moved, "rent", YEAR, n_draws=DRAWS), repeats=1, warm_up=0)[
        0
    ]


def _loop(given: Inputs) -> float:
    """Return the share of draws with a contribution above zero, one draw after the other."""
    rng, won = random.Random(SEED), 0
    ends = {name: (*each.ends, each.value) for name, each in given.given.items()}
    monthly = (1 + YEAR.hurdle_rate) ** (1 / 12) - 1
    for _ in range(DRAWS):
        v = {name: rng.triangular(*three) for name, three in ends.items()}
        kept = (1 - v["paid_churn_rate"]) / (1 + monthly)
        paid = sum(kept**t for t in range(YEAR.months))
        stayed = (1 - v["free_churn_rate"]) / (1 + monthly)
        later = v["retained_rate"] * sum(stayed**t for t in range(YEAR.months - 1)) / (1 + monthly)
        again = (1 + v["retry_rate"]) / (1 - v["blocked_rate"])
        made = v["hourly_price"] / (3_600 * v["images_per_second"] * v["utilisation"])
        extras = v["storage_per_image"] + v["egress_per_image"] + v["moderation_per_image"]
        each = (made + extras) * again
        capped = min(v["free_images_per_user"], v["free_cap_images"])
        free = (1 - v["abuse_share"]) * capped + v["abuse_share"] * v["abuse_images_per_user"]
        payers = v["installs"] * v["paid_conversion_rate"]
        net = v["net_proceeds"] * (1 - v["refund_rate"] - v["chargeback_rate"])
        revenue = payers * paid * net + v["installs"] * later * v["ad_revenue_per_retained_user"]
        pictures = v["installs"] * (v["free_images_per_install"] + later * free)
        pictures += payers * paid * v["paid_images_per_user"]
        fixed = v["fixed_costs"] * sum((1 + monthly) ** -t for t in range(YEAR.months))
        won += revenue - pictures * each - v["marketing_cost"] - fixed > 0
    return won / DRAWS


if __name__ == "__main__":
    main()
