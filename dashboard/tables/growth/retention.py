"""Who comes back, as tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

from dashboard.figures import labels
from dashboard.studies.growth.retention import ClaimStudy, RetentionStudy
from dashboard.tables import bundled
from dashboard.tables.growth import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def triangle(study: RetentionStudy, said: Words) -> Table:
    """Return one row a cohort and step."""
    columns = {
        "cohort": TableColumn(said.t("Cohort"), "date"),
        "size": TableColumn(said.t("Users"), "integer"),
        "period": TableColumn(said.t("Step"), "integer"),
        "retained": TableColumn(said.t("Came back"), "integer"),
        "retention_rate": TableColumn(said.t("Retention"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
        "complete": TableColumn(
            said.t("Full time"), "check", help=said.t("Every user of the cohort has had the time.")
        ),
        "whole": names.whole_column(said),
    }
    table: Any = study.triangle
    return Table(table.loc[table["size"] > 0].reset_index(drop=True), columns, "retention-triangle")


def curves(study: RetentionStudy, said: Words) -> Table:
    """Return the average of complete cohorts by segment and step."""
    columns = {
        "segment": TableColumn(said.t("Group")),
        "period": TableColumn(said.t("Step"), "integer"),
        "n_cohorts": TableColumn(said.t("Cohorts"), "integer"),
        "size": TableColumn(said.t("Users"), "integer"),
        "retained": TableColumn(said.t("Came back"), "integer"),
        "retention_rate": TableColumn(said.t("Retention"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
        "n_left_out": TableColumn(
            said.t("Cohorts left out"), "integer", help=said.t("They have not had the full time.")
        ),
    }
    return Table(study.curves, columns, "retention-curves")


def rules(study: ClaimStudy, said: Words) -> Table:
    """Return our own average by every rule on the days of the claims."""
    table: Any = study.rules
    shown = table.loc[table["period"].isin([1, 7, 30])].reset_index(drop=True)
    frame = shown.assign(rule=shown["rule"].map(names.rules(said)))
    columns = {
        "rule": TableColumn(said.t("Rule")),
        "period": TableColumn(said.t("Day"), "integer"),
        "size": TableColumn(said.t("Users"), "integer"),
        "retention_rate": TableColumn(said.t("Retention"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
    }
    return Table(frame, columns, "retention-rules")


def ranges(study: ClaimStudy, entity: str, said: Words) -> Table:
    """Return what the figures of an entity mean under each rule."""
    table: Any = study.ranges
    own = table.loc[table["entity"] == entity].reset_index(drop=True)
    rules, reasons = names.rules(said), names.reasons(said)
    frame = own.assign(
        read_as=own["read_as"].map(rules),
        rule=own["rule"].map(rules),
        reason=own["reason"].map(reasons),
    )
    columns = {
        "read_as": TableColumn(said.t("If it was measured")),
        "rule": TableColumn(said.t("Then the share that came back")),
        "day": TableColumn(said.t("Day"), "integer"),
        "low": TableColumn(said.t("At least"), "percent"),
        "high": TableColumn(said.t("At most"), "percent"),
        "like_ours": TableColumn(
            said.t("If users are like ours"),
            "percent",
            help=said.t(
                "Carried over by the distance of the two rules in our own data (estimated)."
            ),
        ),
        "reason": TableColumn(said.t("Remark"), "wide"),
    }
    return Table(frame, columns, "retention-claims")


def facts(study: ClaimStudy, said: Words) -> Table:
    """Return the published figures with their grade."""
    columns = {
        "who": TableColumn(said.t("Who"), "wide"),
        "day": TableColumn(said.t("Day"), "integer"),
        "value": TableColumn(said.t("Published share"), "percent"),
        "grade": TableColumn(
            said.t("Grade"),
            help=said.t(
                "A: stated with rule and number of users. B: with its rule. C: stated by its owner "
                "without a rule. D: by somebody else without one."
            ),
        ),
        "source_date": TableColumn(said.t("Published")),
        "note": TableColumn(said.t("Note"), "wide"),
        "source_url": TableColumn(said.t("Source"), "link"),
    }
    shown = study.facts.assign(
        who=[labels.company(row, said, "entity") for row in study.facts.to_dict("records")],
        note=[bundled.note(note, said) for note in study.facts["note"]],
    )
    return Table(shown, columns, "retention-published")
