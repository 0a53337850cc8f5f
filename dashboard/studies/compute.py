"""What one picture costs: measured runs, published benchmarks, and prices put on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.frames import column, rows
from etl.analytics.compute import (
    Cost,
    Electricity,
    Extras,
    Machine,
    Speed,
    TaskShare,
    cost_of_mix,
    cost_of_pack,
    cost_per_image,
    cost_per_training,
    owned_hourly_price,
)

PICTURE_TASKS = ("txt2img", "img2img", "inpaint", "upscale")
STAGES = ("text", "encode", "denoiser", "decode", "other")
TOYS = ("emoji-64", "tiny-shapes")
"""The small bundled pipelines: they draw 64 pixels, and make no product's pictures."""


@dataclass(frozen=True)
class ComputeStudy:
    """What was measured, and what others published.

    Attributes
    ----------
    runs
        The latest measured row of each device and cell, with ``run`` (a code that is stable while
        the cell exists) and ``label``. A later attempt that failed does not hide it.
    without
        Cells whose latest attempt gave no figures, with their reasons.
    loads
        Rates at a promised wait.
    published
        MLPerf and ML.ENERGY, with ``images_per_second_per_device``.
    prices
        Disclosed prices of an hour of a card: ``value`` to ``value_high`` where a range was
        published; ``is_contract`` where the hours had to be bound for a term.
    """

    runs: pd.DataFrame
    without: pd.DataFrame
    loads: pd.DataFrame
    published: pd.DataFrame
    prices: pd.DataFrame

    @property
    def devices(self) -> list[str]:
        """Return the devices that were measured, the latest first."""
        return list(dict.fromkeys(column(self.runs, "device_name")))


def compute_study(reader: Reader) -> ComputeStudy:
    """Read everything that the page shows."""
    every = reader.query(
        """
        SELECT * FROM compute_benchmarks
        QUALIFY row_number() OVER (
            PARTITION BY device_name, cell ORDER BY measured_at DESC, bench_run_id
        ) = 1 OR status = 'measured' AND row_number() OVER (
            PARTITION BY device_name, cell, status ORDER BY measured_at DESC, bench_run_id
        ) = 1
        ORDER BY max(measured_at) OVER (PARTITION BY device_name) DESC, device_name,
                 model, task, preset <> 'default', preset, batch
        """
    )
    every = every.assign(label=[label(row) for row in every.to_dict("records")])
    every = every.assign(run=[_code(row) for row in every.to_dict("records")])
    measured = column(every, "status").eq("measured")
    loads = reader.query("SELECT * FROM compute_loads ORDER BY measured_at DESC, cell")
    published = reader.query(
        """
        SELECT *, images_per_second / n_devices AS images_per_second_per_device
        FROM published_benchmarks
        ORDER BY benchmark, images_per_second_per_device DESC NULLS LAST, published_id
        """
    )
    prices = reader.query(
        """
        SELECT fact_id, gpu_name, entity, value, value_high, unit, evidence_kind, source_title,
               source_url, coalesce(period_end, period_start) AS as_of,
               coalesce(note ILIKE '%contract%', false) AS is_contract
        FROM disclosed_facts
        WHERE metric = 'gpu_hour_price' AND unit = 'USD/GPU-hour' AND gpu_name IS NOT NULL
        ORDER BY gpu_name, value, fact_id
        """
    )
    return ComputeStudy(rows(every, measured), rows(every, ~measured), loads, published, prices)


def label(row: dict[Any, Any]) -> str:
    """Return the name of a cell for a reader: names are the field's own in every language."""
    size = f"{row['width_px']:.0f}×{row['height_px']:.0f}" if _known(row["width_px"]) else ""
    steps = f"{row['steps']:.0f} steps" if _known(row["steps"]) else ""
    batch = f"batch {row['batch']:.0f}" if _known(row["batch"]) else ""
    parts = (
        model_label(str(row["model"])),
        row["task"],
        row["preset"],
        batch,
        size,
        steps,
        row["weights"],
    )
    return " · ".join(part for part in parts if part)


def model_label(model: str) -> str:
    """Return the name of a model; a toy's says that it is one."""
    return f"{model} (toy)" if model in TOYS else model


def is_toy(runs: pd.DataFrame) -> pd.Series:
    """Return by row whether a model is a toy."""
    return column(runs, "model").isin(TOYS)


def _known(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _code(row: dict[Any, Any]) -> str:
    import hashlib

    told = f"{row['device_name']}|{row['cell']}"
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def curve(study: ComputeStudy, device: str) -> pd.DataFrame:
    """Return images per second by batch for the cells that differ in nothing else."""
    runs: Any = study.runs
    own = runs.loc[
        (runs["device_name"] == device) & (runs["task"] != "lora") & runs["batch"].notna()
    ]
    names = ["model", "task", "preset", "width_px", "height_px", "steps", "weights"]
    own = own.assign(series=own[["model", "task", "preset", "weights"]].agg(" · ".join, axis=1))
    several = own.groupby(names, dropna=False)["batch"].transform("nunique") > 1
    return own.loc[several].sort_values(["series", "batch"], ignore_index=True)


@dataclass(frozen=True)
class Prices:
    """What the reader says a machine costs.

    Attributes
    ----------
    hourly_price_usd
        Of renting; not used where the machine is owned.
    utilisation
        Mean over provisioned rate.
    owned_price_usd
        Bought for; 0 means rented.
    life_years
        Written off over.
    tariff_usd_per_kwh
        Electricity of an owned machine.
    retry_rate, blocked_rate
        See :class:`etl.analytics.compute.TaskShare`.
    extras_usd
        Storage, egress and moderation of a picture.
    """

    hourly_price_usd: float
    utilisation: float
    owned_price_usd: float = 0.0
    life_years: float = 3.0
    tariff_usd_per_kwh: float = 0.0
    retry_rate: float = 0.0
    blocked_rate: float = 0.0
    extras_usd: float = 0.0

    @property
    def machine(self) -> Machine:
        """Return the machine with these prices."""
        if not self.owned_price_usd:
            return Machine(self.hourly_price_usd, self.utilisation)
        hourly = owned_hourly_price(self.owned_price_usd, self.life_years)
        return Machine(hourly, self.utilisation, Electricity(self.tariff_usd_per_kwh))

    @property
    def extras(self) -> Extras:
        """Return what a picture costs beside the machine."""
        return Extras(moderation_usd=self.extras_usd)


def costs(runs: pd.DataFrame, prices: Prices) -> pd.DataFrame:
    """Return the cost of a thousand pictures of every run, by part.

    Returns
    -------
    DataFrame
        ``run, label, task, machine_usd, electricity_usd, extras_usd, generated_usd,
        delivered_usd`` (each for 1,000 pictures; a training for one), ``energy_is_missing`` and
        ``is_toy``: of a small bundled pipeline, whose cost is no product's.
        Rows whose speed is not known are left out.
    """
    made = []
    for row in runs.to_dict("records"):
        cost = _cost(row, prices)
        if cost is None:
            continue
        n = 1 if row["task"] == "lora" else 1_000
        share = TaskShare(1.0, cost.total_usd, prices.retry_rate, prices.blocked_rate)
        delivered = cost.total_usd if n == 1 else share.delivered_usd
        missing = cost.electricity_usd is None
        made.append(
            {
                **{name: row[name] for name in ("run", "label", "task")},
                "machine_usd": n * cost.machine_usd,
                "electricity_usd": None if missing else n * (cost.electricity_usd or 0.0),
                "extras_usd": n * cost.extras_usd,
                "generated_usd": n * cost.total_usd,
                "delivered_usd": n * delivered,
                "energy_is_missing": missing,
                "is_toy": row["model"] in TOYS,
            }
        )
    names = ["run", "label", "task", "machine_usd", "electricity_usd", "extras_usd"]
    return pd.DataFrame(
        made, columns=[*names, "generated_usd", "delivered_usd", "energy_is_missing", "is_toy"]
    )


def _cost(row: dict[Any, Any], prices: Prices) -> Cost | None:
    def number(name: str) -> float | None:
        return float(row[name]) if _known(row[name]) else None

    if row["task"] == "lora":
        seconds = number("seconds_per_training")
        if seconds is None:
            return None
        joules, idle = number("joules_per_training_gross"), number("idle_watts")
        return cost_per_training(seconds, prices.machine, joules, idle)
    rate = number("images_per_second")
    if rate is None:
        return None
    speed = Speed(rate, number("joules_per_image_gross"), number("idle_watts"))
    return cost_per_image(speed, prices.machine, prices.extras)


@dataclass(frozen=True)
class Product:
    """Cost of a mix of tasks and of an avatar pack.

    Attributes
    ----------
    mix_usd
        1,000 delivered pictures of the mix; ``None`` where the shares do not add up to 1.
    pack_usd
        One training and its pictures; ``None`` without a training.
    training_usd
        The training's part.
    n_pictures
        Of the pack.
    energy_is_missing
        The electricity of some part was not measured, so the cost is a lower bound.
    is_toy
        Some part is of a small bundled pipeline, so the cost is no product's.
    """

    mix_usd: float | None
    pack_usd: float | None
    training_usd: float | None
    n_pictures: int
    energy_is_missing: bool
    is_toy: bool


def product(
    table: pd.DataFrame,
    shares: Sequence[tuple[str, float]],
    training: str,
    n_pictures: int,
    prices: Prices,
) -> Product:
    """Return the cost of a product.

    Parameters
    ----------
    table
        Of :func:`costs`.
    shares
        Code of a run and its share of delivered pictures; shares of 0 take no part.
    training
        Code of the run of a training; empty without one.
    n_pictures
        Pictures of a pack.
    prices
        Retries and blocked pictures.
    """
    by_run = {row["run"]: row for row in table.to_dict("records")}
    taken = [(by_run[run], share) for run, share in shares if share > 0 and run in by_run]
    tasks = [
        TaskShare(share, row["generated_usd"] / 1_000, prices.retry_rate, prices.blocked_rate)
        for row, share in taken
    ]
    whole = abs(sum(share for _, share in taken) - 1) < 1e-6
    mix = cost_of_mix(tasks) if whole else None
    trained = by_run.get(training)
    each = None if trained is None else float(trained["generated_usd"])
    pack = None if each is None or mix is None else cost_of_pack(each, n_pictures, mix)
    parts = [row for row, _ in taken] + ([trained] if trained else [])
    return Product(
        None if mix is None else 1_000 * mix,
        pack,
        each,
        n_pictures,
        any(row["energy_is_missing"] for row in parts),
        any(row["is_toy"] for row in parts),
    )
