"""Downloads behind new ratings as a calculation that a spreadsheet keeps live."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from dashboard.reports.document import Calculation, Formula, Input
from dashboard.reports.grids import calculation_header
from dashboard.studies.attention import AttentionStudy
from dashboard.text import Words

MOST_SERIES = 6
"""Apps by storefront whose height is calculated, the highest first."""


def downloads_sums(study: AttentionStudy, words: Words) -> Iterator[Calculation]:
    """Yield the downloads a day at the highest rate of ratings of each app and storefront.

    What nobody published, the installs behind one new rating, is an input to change.
    """
    own = study.installs.loc[study.installs["method"] == "ratings"]
    own = own.loc[own["high"].notna() & (own["high"] > 0)]
    highest = own.sort_values("high", ascending=False, kind="stable").drop_duplicates("name")
    if highest.empty:
        return
    inputs = list(_factors(study, words))
    formulas: list[Formula] = []
    factors = {line.key: line.value for line in inputs}
    for place, row in enumerate(highest.head(MOST_SERIES).to_dict("records")):
        key = f"ratings_{place}"
        rate = float(row["high"]) / factors["installs_high"]
        inputs.append(_rate(key, rate, str(row["name"]), (row["start"], row["end"]), words))
        labels = {
            "low": words.t("Downloads a day, {name}, low", name=row["name"]),
            "high": words.t("Downloads a day, {name}, high", name=row["name"]),
        }
        for end, label in labels.items():
            value = rate * factors[f"installs_{end}"]
            formulas.append(
                Formula(
                    f"downloads_{place}_{end}",
                    label,
                    f"{{{key}}} * {{installs_{end}}}",
                    value,
                    words.number(value, digits=0),
                    "#,##0",
                    words.t("downloads a day"),
                )
            )
    yield Calculation(
        words.t("Downloads at the highest rate: change what is yours"),
        calculation_header(words),
        tuple(inputs),
        tuple(formulas),
    )


def _factors(study: AttentionStudy, words: Words) -> Iterator[Input]:
    labels = (
        words.t("Installs behind one new rating, low"),
        words.t("Installs behind one new rating, high"),
    )
    for end, label, value in zip(
        ("low", "high"), labels, study.choice.installs_per_rating, strict=True
    ):
        yield Input(
            f"installs_{end}",
            label,
            float(value),
            words.number(value, digits=0),
            "#,##0",
            words.t("installs"),
            words.evidence("assumed"),
            words.t("to be replaced by your own"),
        )


def _rate(
    key: str, rate: float, name: str, days: tuple[pd.Timestamp, pd.Timestamp], words: Words
) -> Input:
    begin, end = map(words.date, days)
    return Input(
        key,
        words.t("New ratings a day, {name}", name=name),
        rate,
        words.number(rate, digits=1),
        "#,##0.0",
        words.t("ratings a day"),
        words.evidence("measured"),
        words.t("look-ups of {begin} and {end}", begin=begin, end=end),
    )
