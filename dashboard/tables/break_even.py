"""The tables of the break-even strip, and its remarks."""

from __future__ import annotations

from dashboard.components import Table, TableColumn
from dashboard.figures import labels
from dashboard.studies import BreakEvenStudy, Note
from dashboard.text import Words


def rates(study: BreakEvenStudy, said: Words) -> Table:
    """Return the break-even pay rate of every price and store terms."""
    found = study.break_even.to_dict("records")
    frame = study.break_even.assign(
        about=[labels.company(row, said, "entity") for row in found],
        terms=[program(said, str(row["program"])) for row in found],
        kind=[said.evidence(str(row["evidence_kind"])) for row in found],
        price_kind=[said.evidence(str(row["price_evidence_kind"])) for row in found],
    )
    columns = {
        "about": TableColumn(said.t("About")),
        "as_of": TableColumn(said.t("Price of"), "date"),
        "price": TableColumn(said.t("Price"), "number", 2),
        "price_unit": TableColumn(said.t("Unit")),
        "price_kind": TableColumn(said.t("Evidence of the price")),
        "terms": TableColumn(said.t("Store terms")),
        "commission_rate": TableColumn(said.t("Commission"), "percent"),
        "tax_rate": TableColumn(said.t("Tax"), "percent"),
        "terms_from": TableColumn(said.t("Terms from"), "date"),
        "terms_to": TableColumn(said.t("Terms to"), "date"),
        "net_proceeds": TableColumn(said.t("Kept"), "number", 2),
        "value": TableColumn(said.t("Break-even pay rate"), "percent"),
        "low": TableColumn(said.t("Low"), "percent"),
        "high": TableColumn(said.t("High"), "percent"),
        "kind": TableColumn(said.t("Evidence")),
        "source_url": TableColumn(said.t("Source of the price"), "link"),
        "terms_url": TableColumn(said.t("Source of the terms"), "link"),
        "fact_id": TableColumn(said.t("Claim")),
    }
    return Table(frame, columns, "break-even")


def achieved(study: BreakEvenStudy, said: Words) -> Table:
    """Return the published shares of payers, the newest first; they are not one measure."""
    rows = study.achieved.sort_values(["as_of", "fact_id"], ascending=False)
    found = rows.to_dict("records")
    frame = rows.assign(
        about=[labels.company(row, said, "entity") for row in found],
        measure=[share(said, str(row["metric"])) for row in found],
        kind=[said.evidence(str(row["evidence_kind"])) for row in found],
    )
    columns = {
        "about": TableColumn(said.t("About")),
        "measure": TableColumn(said.t("Which share"), "wide"),
        "as_of": TableColumn(said.t("As of"), "date"),
        "value": TableColumn(said.t("Value"), "percent"),
        "low": TableColumn(said.t("Low"), "percent"),
        "high": TableColumn(said.t("High"), "percent"),
        "kind": TableColumn(said.t("Evidence")),
        "source_url": TableColumn(said.t("Source"), "link"),
        "note": TableColumn(said.t("Note"), "wide"),
        "fact_id": TableColumn(said.t("Claim")),
    }
    return Table(frame, columns, "achieved-pay-rates")


def program(said: Words, code: str) -> str:
    """Name a programme of the store."""
    names = {
        "standard": said.t("App Store, standard"),
        "small_business": said.t("App Store, small business"),
    }
    return names.get(code, code)


def share(said: Words, metric: str) -> str:
    """Say what a published share of payers is a share of."""
    names = {
        "subscription_penetration_rate": said.t(
            "subscription penetration: subscribers ÷ monthly actives"
        ),
        "download_to_paid_d30": said.t("paid conversion: payers within 30 days ÷ installs"),
        "download_to_paid_d35": said.t("paid conversion: payers within 35 days ÷ installs"),
    }
    return names.get(metric, metric)


def note_sentence(note: Note, said: Words) -> str:
    """Say one note of the strip."""
    values = note.values
    match note.code, values.get("name"):
        case "not_included", _:
            return said.t("Only the server is counted: no electricity, staff or bandwidth.")
        case "assumed", "life_months":
            return said.t(
                "Assumed: the server is written off over {months} months, with no resale value.",
                months=said.number(values["value"], digits=0),
            )
        case "assumed", "price_includes_tax" if values["value"]:
            return said.t("Assumed: prices shown in the store contain consumption tax.")
        case "assumed", "price_includes_tax":
            return said.t("Assumed: prices shown in the store are without consumption tax.")
        case "middle_of_range", _:
            return said.t(
                "The middle stands for the middle of the stated range of users; low and high are "
                "its ends."
            )
        case "penetration_is_not_conversion", _:
            return said.t(
                "Subscription penetration (subscribers ÷ monthly actives) is not paid conversion "
                "(payers ÷ installs): the two are never compared as one."
            )
        case "tax_order_disputed", _:
            return said.t(
                "Sources disagree whether tax comes off before the commission; the range holds "
                "both orders."
            )
        case "revenue_without_tax", _:
            return said.t("Revenue per payer as companies report it holds no tax any more.")
        case "other_currency_left_out", _:
            return said.n(
                "{n} price in another currency or for another period is left out.",
                "{n} prices in another currency or for another period are left out.",
                values["n"],
            )
        case "not_known_yet", _:
            return said.t("The facts about the server were not public yet.")
        case code, name:
            raise LookupError(f"no sentence for the note {code!r} ({name})")
