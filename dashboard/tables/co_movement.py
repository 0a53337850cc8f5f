"""How closely shares move together, as tables."""

from __future__ import annotations

from dashboard.studies.co_movement import CoMovementStudy
from dashboard.tables import remarks
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def rolling(study: CoMovementStudy, said: Words) -> Table:
    """Return the trailing beta and correlation by day."""
    if study.rolling.empty:
        return Table(study.rolling, {}, "rolling-beta")
    frame = study.rolling.assign(
        why=[remarks.reason(said, code) for code in study.rolling["reason"]]
    )
    columns = {
        "trade_date": TableColumn(said.t("Trading day"), "date"),
        "n_observations": TableColumn(said.t("Returns in it"), "integer"),
        "beta": TableColumn(said.t("Beta"), "number", 3),
        "beta_low": TableColumn(said.t("95% band, low"), "number", 3),
        "beta_high": TableColumn(said.t("95% band, high"), "number", 3),
        "correlation": TableColumn(said.t("Correlation"), "number", 3),
        "why": TableColumn(said.t("Reason"), "wide"),
    }
    return Table(frame, columns, "rolling-beta")


def pairs(study: CoMovementStudy, said: Words) -> Table:
    """Return one row a peer: how close it was before and after, and what swings explain."""
    if study.pairs.empty:
        return Table(study.pairs, {}, "co-movement")
    frame = study.pairs.assign(
        found=[
            _verdict(str(verdict), said) or remarks.reason(said, reason)
            for verdict, reason in zip(study.pairs["verdict"], study.pairs["reason"], strict=True)
        ],
    )
    columns = {
        "other": TableColumn(said.t("Ticker")),
        "n_before": TableColumn(said.t("Days before"), "integer"),
        "n_after": TableColumn(said.t("Days after"), "integer"),
        "correlation_before": TableColumn(said.t("Correlation before"), "number", 2),
        "correlation_after": TableColumn(said.t("Correlation after"), "number", 2),
        "correlation_adjusted": TableColumn(
            said.t("After, at the earlier volatility"),
            "number",
            2,
            help=said.t("Larger swings alone raise a correlation (Forbes and Rigobon 2002)."),
        ),
        "p_value": TableColumn(said.t("p, plain change"), "number", 3),
        "adjusted_p_value_holm": TableColumn(said.t("p, adjusted, Holm"), "number", 3),
        "found": TableColumn(said.t("What it amounts to"), "wide"),
    }
    return Table(frame, columns, "co-movement")


def components(study: CoMovementStudy, said: Words) -> Table:
    """Return the components of what the market leaves, beside what chance would give."""
    columns = {
        "component": TableColumn(said.t("Component"), "integer"),
        "explained_variance_ratio": TableColumn(said.t("Share of the variance"), "percent"),
        "bound": TableColumn(
            said.t("Unrelated shares stay below"),
            "percent",
            help=said.t("95 of 100 times, each share's days shuffled by themselves."),
        ),
        "significant": TableColumn(said.t("Beyond chance"), "check"),
    }
    shown = columns if len(study.components) else {}
    return Table(study.components, shown, "components")


def _verdict(code: str, said: Words) -> str:
    names = {
        "contagion": said.t("closer than before, beyond what larger swings explain"),
        "volatility_only": said.t("closer, as larger swings alone would make it"),
        "looser": said.t("less close than before"),
        "no_change_found": said.t("no change beyond chance"),
    }
    return names.get(code, code)
