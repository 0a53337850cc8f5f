"""What a scenario's pictures cost, in words and tables."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from dashboard.tables import spoken
from dashboard.tables.economics import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.quantities import Quantity
from etl.scenarios.picture_costs import ONE, PictureCosts

THOUSAND = 1_000


def kind_name(name: str, said: Words) -> str:
    """Name a kind of picture; one of a mix is named by its writer."""
    return said.t("Every picture") if name == ONE else name


def part_name(part: str, said: Words) -> str:
    """Name a part of a picture's cost."""
    return {
        "machine": said.t("Machine, or the price paid for a picture"),
        "electricity": said.t("Electricity"),
        "storage_and_egress": said.t("Storage and traffic"),
        "moderation": said.t("Moderation"),
    }[part]


def sentences(costs: PictureCosts, currency: str, said: Words) -> list[str]:
    """Say what a thousand pictures and a pack cost, and what these costs leave out."""
    return [*_thousand(costs, currency, said), *_pack(costs, currency, said), *_bound(costs, said)]


def _thousand(costs: PictureCosts, currency: str, said: Words) -> Iterator[str]:
    if costs.per_1000 is None:
        return
    told = {
        "amount": names.amount(costs.per_1000.value, currency, said),
        "range": _range(costs.per_1000, currency, said),
    }
    if len(costs.cells) == 1:
        yield said.t("A thousand delivered pictures cost {amount}{range}.", **told)
        return
    yield said.t(
        "A thousand delivered pictures of the mix of {n} kinds cost {amount}{range}.",
        n=len(costs.cells),
        **told,
    )


def _pack(costs: PictureCosts, currency: str, said: Words) -> Iterator[str]:
    if costs.per_pack is None or costs.n_pictures is None:
        return
    yield said.n(
        "A pack of {n} picture costs {amount}{range}",
        "A pack of {n} pictures costs {amount}{range}",
        costs.n_pictures,
        amount=names.amount(costs.per_pack.value, currency, said),
        range=_range(costs.per_pack, currency, said),
    ) + (
        said.t(
            ", of which {training} is the training of its adapter.",
            training=names.amount(costs.training.value, currency, said),
        )
        if costs.training is not None
        else said.t("; no training is told.")
    )


def _bound(costs: PictureCosts, said: Words) -> Iterator[str]:
    if costs.is_lower_bound:
        yield said.t(
            "A lower bound: electricity is left out where it was not given ({inputs}).",
            inputs=said.t("; ").join(input_name(name, said) for name in costs.without_energy),
        )


def input_name(name: str, said: Words) -> str:
    """Name an input of a picture or of a pack's training."""
    return {
        "training_seconds": said.t("Seconds of a training"),
        "training_joules": said.t("Energy of a training"),
        "training_cost": said.t("Cost of a training"),
    }.get(name) or names.input_name(name, said)


def _range(cost: Quantity, currency: str, said: Words) -> str:
    if cost.is_exact:
        return ""
    low, high = (names.amount(end, currency, said) for end in cost.ends)
    return said.t(" (90% of the draws: {low} to {high})", low=low, high=high)


def lacking(costs: PictureCosts, said: Words) -> list[str]:
    """Say which kinds of pictures lack which input; nothing for a scenario of one kind."""
    return [
        said.t(
            "{input} is not told for: {kinds}.",
            input=input_name(name, said),
            kinds=said.t("; ").join(
                said.t("the training") if kind == "training" else kind for kind in kinds
            ),
        )
        for name, kinds in costs.missing.items()
    ]


def parts(costs: PictureCosts, evidence_kind: str, said: Words) -> pd.DataFrame:
    """Return the parts of a thousand pictures' cost as the bridge takes them.

    Returns
    -------
    DataFrame
        ``label, amount, low, high, evidence_kind, role``: parts that are not zero, then their sum.
    """
    assert costs.per_1000 is not None
    rows: list[tuple[str, float, float | None, float | None, str, str]] = [
        (part_name(name, said), THOUSAND * part, None, None, evidence_kind, "add")
        for name, part in costs.parts.items()
        if part
    ]
    low, high = (None, None) if costs.per_1000.is_exact else costs.per_1000.ends
    whole = said.t("A thousand pictures")
    rows.append((whole, costs.per_1000.value, low, high, costs.per_1000.evidence_kind, "total"))
    columns = ["label", "amount", "low", "high", "evidence_kind", "role"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def kinds(costs: PictureCosts, currency: str, said: Words) -> Table:
    """Return what a thousand of each kind cost, of the mix, and a pack."""
    rows = [
        _row(kind_name(cell.name, said), cell.share, _thousand_of(cell.cost), said)
        for cell in costs.cells
    ]
    if len(costs.cells) > 1:
        rows.append(_row(said.t("The mix"), 1.0, costs.per_1000, said))
    if costs.n_pictures is not None:
        rows.append(_row(said.t("Training of a pack (one)"), None, costs.training, said))
        pack = said.n("A pack of {n} picture", "A pack of {n} pictures", costs.n_pictures)
        rows.append(_row(pack, None, costs.per_pack, said))
    columns = {
        "what": TableColumn(said.t("Pictures (1,000)")),
        "share": TableColumn(said.t("Share of the mix"), "percent", 1),
        "value": TableColumn(said.t("Cost ({currency})", currency=currency), "number", 4),
        "low": TableColumn(said.t("5% of draws"), "number", 4),
        "high": TableColumn(said.t("95% of draws"), "number", 4),
        "evidence_kind": TableColumn(said.t("Evidence")),
    }
    return Table(pd.DataFrame(rows), columns, "picture-costs")


def _thousand_of(cost: Quantity | None) -> Quantity | None:
    if cost is None:
        return None
    low, high = (None if end is None else THOUSAND * end for end in (cost.low, cost.high))
    return Quantity(THOUSAND * cost.value, cost.unit, cost.evidence_kind, low, high)


def _row(
    what: str, share: float | None, cost: Quantity | None, said: Words
) -> dict[str, str | float | None]:
    return {
        "what": what,
        "share": share,
        "value": None if cost is None else cost.value,
        "low": None if cost is None else cost.low,
        "high": None if cost is None else cost.high,
        "evidence_kind": said.t("missing") if cost is None else said.evidence(cost.evidence_kind),
    }


def inputs_of_cells(costs: PictureCosts, said: Words) -> Table:
    """Return what each kind's cost was worked out from, with its evidence."""
    rows = [
        {
            "what": kind_name(cell.name, said),
            "input": names.input_name(name, said),
            "value": quantity.value,
            "unit": names.input_unit(name, quantity.unit, said),
            "evidence_kind": said.evidence(quantity.evidence_kind),
            "source": spoken.input_source(quantity.source, said),
            "as_of": quantity.as_of,
        }
        for cell in costs.cells
        for name, quantity in cell.inputs.items()
    ]
    columns = {
        "what": TableColumn(said.t("Pictures")),
        "input": TableColumn(said.t("Input")),
        "value": TableColumn(said.t("Value"), "any"),
        "unit": TableColumn(said.t("Unit")),
        "evidence_kind": TableColumn(said.t("Evidence")),
        "source": TableColumn(said.t("Source")),
        "as_of": TableColumn(said.t("As of"), "date"),
    }
    return Table(pd.DataFrame(rows), columns if rows else {}, "picture-cost-inputs")
