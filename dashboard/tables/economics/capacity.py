"""Machines, waits and the price of a second, in words and tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.studies.economics.capacity import CapacityChoice, CapacityStudy
from dashboard.tables.economics import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words

_TOO_LITTLE = 0.005


def tier_name(tier: str, said: Words) -> str:
    """Name a tier."""
    return {"paid": said.t("Paying users"), "free": said.t("Free users")}[tier]


def method_name(method: str, said: Words) -> str:
    """Say how a wait is known."""
    return {
        "mm1": said.t("formula: M/M/1"),
        "mmc": said.t("formula: Erlang C (M/M/c)"),
        "md1": said.t("formula: M/D/1 (Crommelin)"),
        "mdc": said.t("chain: M/D/c (Crommelin)"),
        "mg1": said.t("formula: M/G/1 (Pollaczek and Khinchine)"),
        "cobham": said.t("formula: priority on one server (Cobham)"),
        "mmc_priority": said.t("formula: priority in M/M/c (Cobham, Erlang C)"),
        "simulation": said.t("simulation"),
    }.get(method, method)


def wait(seconds: float | None, said: Words) -> str:
    """Write a wait."""
    if seconds is None or pd.isna(seconds):
        return said.t("not known")
    if seconds < _TOO_LITTLE:
        return said.t("none")
    return names.amount(seconds, "seconds", said)


def sentence(study: CapacityStudy, choice: CapacityChoice, said: Words) -> str:
    """Say how many machines are needed, how full they are, and whether the promises are kept."""
    asked = said.t(
        "{day} pictures a day; in the busiest hour {rate} a second, work for {n} machines.",
        day=said.number(sum(study.demand.mean_rates) * 86_400, digits=0),
        rate=names.amount(sum(study.demand.peak_rates), "", said).strip(),
        n=names.amount(study.offered, "", said).strip(),
    )
    if study.n_short:
        return said.sentences([asked, _overloaded(study, said)])
    if study.n_machines is None:
        least = said.n(
            "It takes at least {n} machine to carry it; how many keep the promises has no "
            "formula. Choose a simulation.",
            "It takes at least {n} machines to carry it; how many keep the promises has no "
            "formula. Choose a simulation.",
            study.n_least,
        )
        return said.sentences([asked, least])
    parts = [asked, _machines(study, choice, said)]
    parts += _promises(study, choice, said)
    return said.sentences(parts)


def _overloaded(study: CapacityStudy, said: Words) -> str:
    return said.n(
        "The machines at hand cannot carry it: {n} machine is missing. No wait can be told, for "
        "the line would grow without end.",
        "The machines at hand cannot carry it: {n} machines are missing. No wait can be told, for "
        "the line would grow without end.",
        study.n_short,
    )


def _machines(study: CapacityStudy, choice: CapacityChoice, said: Words) -> str:
    assert study.n_machines is not None
    use = {
        "mean": said.percent(study.utilisation_mean),
        "peak": said.percent(study.utilisation_peak),
    }
    if choice.n_machines:
        return said.n(
            "The {n} machine at hand is {mean} busy on the mean of the day and {peak} in the "
            "busiest hour.",
            "The {n} machines at hand are {mean} busy on the mean of the day and {peak} in the "
            "busiest hour.",
            study.n_machines,
            **use,
        )
    return said.n(
        "It takes {n} machine, {mean} busy on the mean of the day and {peak} in the busiest hour.",
        "It takes {n} machines, {mean} busy on the mean of the day and {peak} in the busiest hour.",
        study.n_machines,
        **use,
    )


def _promises(study: CapacityStudy, choice: CapacityChoice, said: Words) -> list[str]:
    told: list[str] = []
    for tier in study.marks["tier"]:
        promised, p95 = choice.promises.of(tier), study.p95(tier)
        values = {"tier": tier_name(tier, said), "wait": wait(p95, said)}
        if p95 is None:
            told.append(said.t("{tier}: the 95% wait has no formula.", tier=values["tier"]))
        elif promised is None:
            told.append(said.t("{tier}: 95% wait {wait}; nothing is promised.", **values))
        else:
            seconds = names.amount(promised, "seconds", said)
            told.append(
                said.t(
                    "{tier}: 95% wait {wait}; the promise of {promise} is kept.",
                    promise=seconds,
                    **values,
                )
                if p95 <= promised
                else said.t(
                    "{tier}: 95% wait {wait}; the promise of {promise} is broken.",
                    promise=seconds,
                    **values,
                )
            )
    bound = {
        "paid": said.t("One machine fewer would break the promise to paying users."),
        "free": said.t("One machine fewer would break the promise to free users."),
        "load": said.t("One machine fewer could not carry the busiest hour."),
    }
    return [*told, *([bound[study.bound_by]] if study.bound_by else [])]


def waits(study: CapacityStudy, choice: CapacityChoice, said: Words) -> Table:
    """Return the waits by tier, how each is known, or why not."""
    rows: list[dict[str, Any]] = []
    for row in study.marks.to_dict("records"):
        kind = row["evidence_kind"]
        rows.append(
            {
                **{name: row[name] for name in study.marks.columns if name in _NUMBERS},
                "tier": tier_name(str(row["tier"]), said),
                "promise": choice.promises.of(row["tier"]),
                "method": method_name(str(row["method"]), said) if row["method"] else "",
                "evidence": said.evidence(kind) if isinstance(kind, str) else "",
                "reason": _reason(str(row["reason"] or ""), said),
                "simulated": _simulated(study, choice, said) if kind == "simulated" else "",
            }
        )
    interval = said.t("Ends of the 95% interval of the simulation; a formula is exact.")
    columns = {
        "tier": TableColumn(said.t("Who waits")),
        "promise": TableColumn(said.t("Promised, p95 (s)"), "number", 1),
        "p50": TableColumn(said.t("p50 (s)"), "number", 3),
        "p50_low": TableColumn(said.t("p50, low (s)"), "number", 3, interval),
        "p50_high": TableColumn(said.t("p50, high (s)"), "number", 3, interval),
        "p95": TableColumn(said.t("p95 (s)"), "number", 3),
        "p95_low": TableColumn(said.t("p95, low (s)"), "number", 3, interval),
        "p95_high": TableColumn(said.t("p95, high (s)"), "number", 3, interval),
        "evidence": TableColumn(said.t("Evidence")),
        "method": TableColumn(said.t("Method"), "wide"),
        "simulated": TableColumn(said.t("Simulation"), "wide"),
        "reason": TableColumn(said.t("Why not known"), "wide"),
    }
    return Table(pd.DataFrame(rows), columns if rows else {}, "waits-by-tier")


_NUMBERS = ("p50", "p95", "p50_low", "p50_high", "p95_low", "p95_high")


def _reason(code: str, said: Words) -> str:
    return said.t("No formula gives this wait; it can be simulated.") if code else ""


def _simulated(study: CapacityStudy, choice: CapacityChoice, said: Words) -> str:
    return said.t(
        "{jobs} pictures in {runs} runs, seed {seed}",
        jobs=said.number(choice.n_jobs, digits=0),
        runs=study.n_replications,
        seed=choice.seed,
    )


def distribution(study: CapacityStudy, said: Words) -> Table:
    """Return the share that waits no longer than a time, by tier."""
    frame = study.distribution
    shown = frame.assign(tier=[tier_name(str(tier), said) for tier in frame["tier"]])
    columns = {
        "tier": TableColumn(said.t("Who waits")),
        "wait_seconds": TableColumn(said.t("Wait (s)"), "number", 3),
        "share_at_or_below": TableColumn(said.t("Share that waits no longer"), "percent"),
    }
    return Table(shown, columns if len(shown) else {}, "wait-distribution")


def day(hours: pd.DataFrame, said: Words) -> Table:
    """Return the hours of the day."""
    columns = {
        "hour": TableColumn(said.t("Hour of the day"), "integer"),
        "over_mean": TableColumn(said.t("Over the mean hour"), "number", 3),
    }
    return Table(hours, columns, "day-curve")


def price_sentence(frame: pd.DataFrame, currency: str, said: Words) -> str:
    """Say what the shortest promise costs beyond the longest."""
    first, last = frame.iloc[0], frame.iloc[-1]
    promised = {
        "short": names.amount(float(first["promise_seconds"]), "seconds", said),
        "long": names.amount(float(last["promise_seconds"]), "seconds", said),
    }
    if first["servers"] == last["servers"]:
        n = int(first["servers"])
        return said.n(
            "Between a promise of {short} and one of {long} lies no price: {n} machine keeps both.",
            "Between a promise of {short} and one of {long} lies no price: {n} machines keep both.",
            n,
            **promised,
        )
    more = float(first["cost_per_month"] - last["cost_per_month"])
    return said.t(
        "To promise payers {short} instead of {long} takes {n} machines instead of {base}, {more} "
        "more a month; {uplift} more paying users would pay for it.",
        n=said.number(float(first["servers"]), digits=0),
        base=said.number(float(last["servers"]), digits=0),
        more=names.amount(more, currency, said),
        uplift=said.percent(float(first["needed_uplift_ratio"])),
        **promised,
    )


def seconds(frame: pd.DataFrame, currency: str, said: Words) -> Table:
    """Return what each promise costs."""
    shown = frame.assign(evidence=[said.evidence(kind) for kind in frame["evidence_kind"]])
    by_month, by_payer = said.t("Cost a month"), said.t("Cost a payer and month")
    columns = {
        "promise_seconds": TableColumn(said.t("Promised, p95 (s)"), "number", 0),
        "servers": TableColumn(said.t("Machines"), "integer"),
        "p95_paid": TableColumn(said.t("p95 of payers (s)"), "number", 3),
        "cost_per_month": TableColumn(said.noted(by_month, currency), "number", 2),
        "cost_per_payer": TableColumn(said.noted(by_payer, currency), "number", 4),
        "needed_uplift_ratio": TableColumn(said.t("Rise of paying users needed"), "percent"),
        "needed_conversion_rate": TableColumn(said.t("Share of payers needed"), "percent"),
        "evidence": TableColumn(said.t("Evidence")),
    }
    return Table(shown, columns, "price-of-a-second")
