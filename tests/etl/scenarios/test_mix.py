"""A mix of kinds of pictures, and an avatar pack, in a scenario."""

from __future__ import annotations

from typing import Any

import pytest

from etl.analytics.product_month import product_month
from etl.errors import InputError
from etl.scenarios import cost_report
from etl.scenarios.document import validate
from etl.scenarios.picture_costs import PictureCosts, picture_costs
from etl.scenarios.resolve import Scenario, scenario
from etl.warehouse import SnapshotReader

CELL = "tiny-shapes/txt2img/default/b4/native/card-steps/real"
TYPED: dict[str, Any] = {
    "name": "mixed",
    "as_of": "2026-11-29",
    "currency": "CNY",
    "sourcing": "rent",
    "inputs": {"hourly_price": 18, "utilisation": {"value": 0.5, "low": 0.4, "high": 0.6}},
    "mix": {
        "cells": {
            "text to image 1024": {"share": 0.7, "images_per_second": 0.5, "retry_rate": 0.25},
            "image to image 512": {"share": 0.3, "images_per_second": 2, "blocked_rate": 0.2},
        },
        "pack_images": 40,
        "training_seconds": 600,
    },
}
EACH = [18 / 3_600 / 0.5 / 0.5 * 1.25, 18 / 3_600 / 2 / 0.5 / 0.8]
IMAGE = 0.7 * EACH[0] + 0.3 * EACH[1]
TRAINING = 18 / 3_600 * 600 / 0.5


def with_mix(**mix: Any) -> dict[str, Any]:
    return {**TYPED, "mix": {**TYPED["mix"], **mix}}


def resolved(raw: dict[str, Any], reader: SnapshotReader | None = None) -> Scenario:
    return scenario(raw, "mixed.yml", reader)


def costs(raw: dict[str, Any], reader: SnapshotReader | None = None) -> PictureCosts:
    return picture_costs(resolved(raw, reader))


def refused(raw: dict[str, Any]) -> str:
    with pytest.raises(InputError) as fault:
        resolved(raw)
    return str(fault.value)


def test_a_mix_costs_its_cells_by_their_shares() -> None:
    found = costs(TYPED)
    assert [cell.cost.value for cell in found.cells if cell.cost] == pytest.approx(EACH)
    assert found.per_image is not None
    assert found.per_1000 is not None
    assert found.per_image.value == pytest.approx(IMAGE)
    assert found.per_1000.value == pytest.approx(1_000 * IMAGE)
    assert found.per_1000.unit == "CNY/1000 images"
    assert sum(found.parts.values()) == pytest.approx(IMAGE)
    # The utilisation is shared: the range is that of its own draws, wide as theirs.
    assert found.per_image.low == pytest.approx(IMAGE * 0.5 / 0.568, rel=0.01)
    assert found.per_image.high == pytest.approx(IMAGE * 0.5 / 0.432, rel=0.01)


def test_a_pack_is_its_training_and_its_pictures() -> None:
    found = costs(TYPED)
    assert found.training is not None
    assert found.per_pack is not None
    assert found.training.value == pytest.approx(TRAINING)
    assert found.per_pack.value == pytest.approx(TRAINING + 40 * IMAGE)
    assert found.per_pack.unit == "CNY/pack"
    alone = costs(with_mix(training_seconds=None))
    assert alone.per_pack is not None
    assert (alone.training, alone.per_pack.value) == (None, pytest.approx(40 * IMAGE))
    bought = costs(with_mix(training_seconds=None, training_cost=3))
    assert bought.per_pack is not None
    assert bought.per_pack.value == pytest.approx(3 + 40 * IMAGE)


def test_the_month_is_worked_out_with_the_mix() -> None:
    raw = {**TYPED, "inputs": {**TYPED["inputs"], "paying_share": 0.1, "net_proceeds": 10}}
    found = resolved(raw)
    month = product_month(found.inputs, found.document.sourcing, found.horizon)
    assert month.evaluation.step("cost_per_image").value == pytest.approx(IMAGE)


def test_a_mix_of_one_is_the_cell(bundled: SnapshotReader) -> None:
    told = {"images_per_second": {"measured": {"cell": CELL}}}
    mixed = {**TYPED, "mix": {"cells": {"toy": {"share": 1, **told}}}}
    plain = {**TYPED, "inputs": {**TYPED["inputs"], **told}, "mix": None}
    one, other = resolved(mixed, bundled), resolved(plain, bundled)
    assert dict(one.inputs.given) == dict(other.inputs.given)
    assert one.inputs.given["images_per_second"].evidence_kind == "measured"
    assert picture_costs(one).per_image == picture_costs(other).per_image


def test_the_evidence_is_the_weakest_of_the_parts(bundled: SnapshotReader) -> None:
    price = {"value": 18, "evidence_kind": "disclosed", "source": "a bill"}
    share = {"value": 0.5, "evidence_kind": "measured", "source": "a meter"}
    measured = {"images_per_second": {"measured": {"cell": CELL}}}
    raw = {**TYPED, "inputs": {"hourly_price": price, "utilisation": share}}
    cells = {"a": {"share": 0.5, **measured}, "b": {"share": 0.5, "images_per_second": 1}}
    found = costs({**raw, "mix": {"cells": cells}}, bundled)
    kinds = [cell.cost.evidence_kind for cell in found.cells if cell.cost]
    assert kinds == ["estimated", "assumed"]
    assert found.per_image is not None
    assert found.per_image.evidence_kind == "assumed"


def test_a_cell_takes_what_it_lacks_from_the_scenario() -> None:
    raw = {**TYPED, "inputs": {**TYPED["inputs"], "images_per_second": 4, "retry_rate": 1}}
    raw["mix"] = {"cells": {"a": {"share": 0.5}, "b": {"share": 0.5, "retry_rate": 0}}}
    found = costs(raw)
    assert found.cells[0].cost is not None
    assert found.cells[1].cost is not None
    assert found.cells[0].cost.value == pytest.approx(2 * found.cells[1].cost.value)


def test_a_cell_without_a_speed_leaves_the_mix_unknown_and_says_which() -> None:
    cells = {"fast": {"share": 0.5, "images_per_second": 9}, "slow": {"share": 0.5}}
    found = resolved(with_mix(cells=cells))
    assert "images_per_second" not in found.inputs.given
    assert "for slow" in found.reasons["images_per_second"]
    told = picture_costs(found)
    assert told.missing == {"images_per_second": ("slow",)}
    assert (told.per_image, told.per_1000, told.per_pack) == (None, None, None)
    assert told.cells[0].cost is not None


def test_a_machine_of_ones_own_without_energy_is_a_lower_bound_that_says_so() -> None:
    own = {"server_price": 200_000, "utilisation": 0.5}
    raw = {**TYPED, "sourcing": "own", "inputs": own}
    found = costs(raw)
    assert found.is_lower_bound
    assert found.without_energy == (
        *("joules_per_image", "idle_watts", "tariff_per_kwh"),
        "training_joules",
    )
    assert found.per_image is not None
    told = {"joules_per_image": 900, "idle_watts": 90, "tariff_per_kwh": 0.7}
    whole = costs({**raw, "inputs": own | told, "mix": {**TYPED["mix"], "training_joules": 2e5}})
    assert not whole.is_lower_bound
    assert whole.per_image is not None
    assert whole.per_image.value > found.per_image.value
    assert whole.parts["electricity"] > 0
    assert whole.parts["machine"] == pytest.approx(found.parts["machine"])
    # The month names the same terms among what it leaves out.
    month = {"paying_share": 0.1, "net_proceeds": 10, "paid_images_per_user": 9}
    more = resolved({**raw, "inputs": own | month | {"free_images_per_user": 1}})
    left_out = product_month(more.inputs, "own", more.horizon).evaluation.left_out
    assert {"joules_per_image", "idle_watts", "tariff_per_kwh"} <= set(left_out)


def test_a_server_of_several_devices_is_so_many_times_as_fast_and_says_so(
    bundled: SnapshotReader,
) -> None:
    benchmark = "mlperf-5.1-0004-datacenter-offline"

    def rate(**told: Any):
        given = {"images_per_second": {"benchmark": benchmark, **told}}
        raw = {**TYPED, "mix": None, "inputs": given}
        return resolved(raw, bundled).inputs.given["images_per_second"]

    one, eight = rate(), rate(devices=8)
    assert eight.value == pytest.approx(8 * one.value)
    assert eight.source.startswith("8 × one device: ")
    assert (one.evidence_kind, eight.evidence_kind) == ("disclosed", "estimated")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (with_mix(cells={"a": {"share": 0.6}, "b": {"share": 0.6}}), "shares that add up to 1.2"),
        (with_mix(cells={}), "mix.cells"),
        (with_mix(cells={"a": {"share": 1, "images_per_secnd": 1}}), "meant images_per_second"),
        (with_mix(cells={"a": {"shar": 1}}), "perhaps you meant share"),
        (with_mix(pack_image=4), "perhaps you meant pack_images"),
        (with_mix(cells={"a": {"share": 1, "images_per_second": 0}}), "mix.cells.a.images_per_"),
        (with_mix(training_seconds=-1), "mix.training_seconds -1"),
        (with_mix(pack_images=None), "a training without a pack"),
        (with_mix(training_cost=1), "a training's cost and its seconds"),
        ({**TYPED, "sourcing": "gross_margin"}, "a mix with the sourcing gross_margin"),
        (with_mix(cells={f"c{i}": {"share": 1 / 15, "images_per_second": {"value": 2, "low": 1,
          "high": 3}} for i in range(15)}), "a mix with 15 ranges"),
    ],
)  # fmt: skip
def test_what_is_no_mix_is_refused_with_the_reason(raw: dict[str, Any], told: str) -> None:
    assert told in refused(raw)


def test_a_sourcing_without_a_cost_of_pictures_is_refused() -> None:
    raw = {**TYPED, "sourcing": "gross_margin", "mix": None}
    with pytest.raises(InputError, match="no cost of its own"):
        costs(raw)


def test_what_is_bought_by_the_piece_needs_the_price_of_a_training() -> None:
    cells = {"a": {"share": 0.5, "api_price": 0.3}, "b": {"share": 0.5, "api_price": 0.5}}
    raw = {**with_mix(cells=cells), "sourcing": "api", "inputs": {}}
    found = costs(raw)
    assert found.per_image is not None
    assert found.per_image.value == pytest.approx(0.4)
    assert found.per_pack is None
    assert found.missing == {"training_cost": ("training",)}


def test_costs_are_told_in_any_currency_at_the_rate_of_the_day(bundled: SnapshotReader) -> None:
    raw = {**TYPED, "as_of": "2026-01-31"}
    own = cost_report.report(raw, "x", bundled)
    euros = cost_report.report(raw, "x", bundled, "EUR")
    rate = bundled.query(
        "SELECT rate FROM fx_rates WHERE quote = 'CNY' AND rate_date <= '2026-01-31' "
        "ORDER BY rate_date DESC LIMIT 1"
    )["rate"].iloc[0]
    for name in ("cost_per_image", "cost_per_1000_images", "cost_per_pack"):
        assert euros[name]["value"] == pytest.approx(own[name]["value"] / rate)
        assert euros[name]["unit"].startswith("EUR/")
    parts = sum(euros["parts_per_image"].values())
    assert parts == pytest.approx(euros["cost_per_image"]["value"])
    assert "EUR/CNY of 2026-01-31" in cost_report.sentences(euros)[-1]
    assert [row["what"] for row in cost_report.table(euros)][-1] == "a pack of 40 images"
    with pytest.raises(InputError, match="perhaps you meant CNY"):
        cost_report.report(raw, "x", bundled, "RMB")


def test_a_mix_is_kept_through_a_link_and_a_file() -> None:
    from etl.scenarios import links, store

    assert validate(links.decode(links.encode(TYPED)), "x") == validate(TYPED, "x")
    assert store.uploaded(store.written(TYPED).encode(), "x") == TYPED


def test_an_input_that_every_cell_tells_is_refused_and_never_swallowed() -> None:
    told = {**TYPED, "inputs": {**TYPED["inputs"], "images_per_second": 50}}
    assert "got inputs.images_per_second beside a mix of which every cell tells its own" in refused(
        told
    )
    assert "change images_per_second in the cells" in refused(told)
    # One that a cell lacks is that cell's.
    shared = {**TYPED, "inputs": {**TYPED["inputs"], "retry_rate": 5}}
    assert resolved(shared).cells["image to image 512"]["retry_rate"].value == 5


def test_the_cost_of_pictures_says_what_it_holds() -> None:
    assert "moderation" in cost_report.report(TYPED, "mixed.yml", None)["includes"]
