"""Tables of what pictures cost: measured runs of the generator, loads, published benchmarks."""

from __future__ import annotations

from typing import Any

from etl.schemas.base import Column, ColumnType, RowCheck, Table

STATUSES = ("measured", "skipped", "refused", "failed")


def _text(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(name, "string", meaning, nullable=nullable)


def _size(name: str, meaning: str, unit: str = "", kind: ColumnType = "number") -> Column:
    """Return a column that is above zero where it is known: a failed figure is never 0."""
    return Column(name, kind, meaning, unit, nullable=True, positive=True)


def _span(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, "number", meaning, unit, nullable=True, minimum=0)


def _estimate(name: str, meaning: str, unit: str) -> tuple[Column, ...]:
    return (
        _size(name, meaning, unit),
        _size(f"{name}_low", "low end of its 95 % interval", unit),
        _size(f"{name}_high", "high end of its 95 % interval", unit),
    )


def _has_waits(frame: Any) -> Any:
    return frame["status"].ne("measured") | frame["p50_seconds"].notna()


def _says_why(frame: Any) -> Any:
    return frame["status"].eq("measured") | frame["reason"].notna()


def _below_the_roof(frame: Any) -> Any:
    # A roof that was measured on a shared machine is no physical limit; a card's is.
    soft = frame["ceiling_evidence"].eq("measured") | frame["percent_of_roofline"].isna()
    return soft | frame["percent_of_roofline"].le(100)


_RUN = (
    _text("bench_run_id", "the generator's run", nullable=False),
    _text("cell", "model/task/preset/batch/size/steps/weights", nullable=False),
    Column("measured_at", "timestamp", "end of the run", unit="UTC"),
    _text("device_name", "card or processor", nullable=False),
    _text("device_kind", "cuda or cpu", nullable=False),
    _text("driver_version", "driver of the card"),
    _text("torch_version", "version of torch"),
    _text("diffusers_version", "version of diffusers"),
    _text("program_commit", "commit of the program that measured"),
    _text("model", "configuration", nullable=False),
    _text("task", "what is done for a user", nullable=False),
    _text("preset", "switches that were on", nullable=False),
    _text("weights", "twin (random) or real", nullable=False),
)

COMPUTE_BENCHMARKS = Table(
    "compute_benchmarks",
    "Measured runs of the generator, a row a cell: speed, waits, energy, memory, place under the "
    "roof.",
    (
        *_RUN,
        _size("batch", "pictures in one call", "pictures", "integer"),
        _size("width_px", "width of a picture", "px", "integer"),
        _size("height_px", "height of a picture", "px", "integer"),
        _size("steps", "num_inference_steps, or steps of a training", "steps", "integer"),
        _span("guidance", "guidance_scale"),
        _text("dtype", "arithmetic"),
        Column("status", "string", "what became of the cell", allowed=STATUSES),
        _text("reason", "why there are no figures"),
        _size("n_images", "pictures measured", "pictures", "integer"),
        *_estimate("images_per_second", "pictures a second", "pictures/s"),
        *_estimate("p50_seconds", "median wait for a call", "s"),
        *_estimate("p95_seconds", "95th percentile; from 20 calls", "s"),
        *_estimate("p99_seconds", "99th percentile; from 100 calls", "s"),
        _size("first_image_seconds", "first call after loading", "s"),
        _span("load_seconds", "loading", "s"),
        _span("cold_start_seconds", "from the process's start to ready", "s"),
        _span("compile_seconds", "first call beyond a steady one, where a preset compiles", "s"),
        _span("text_seconds", "text encoders, mean of a call", "s"),
        _span("denoiser_seconds", "denoiser, mean of a call", "s"),
        _span("encode_seconds", "encoder of a given picture, mean of a call", "s"),
        _span("decode_seconds", "decoder, mean of a call", "s"),
        Column("other_seconds", "number", "what no stage was busy with", "s", nullable=True),
        _size("denoiser_calls", "calls of the denoiser in one call", "calls", "integer"),
        _size("joules_per_image_gross", "energy of the card for a picture", "J"),
        Column(
            "joules_per_image_net",
            "number",
            "the same without what the idle card draws",
            "J",
            nullable=True,
        ),
        _size("idle_watts", "draw with the model in memory and nothing to do", "W"),
        _text("energy_reason", "why there is no energy"),
        _size("vram_allocated_bytes", "peak of the allocator", "B", "integer"),
        _size("vram_reserved_bytes", "peak that the allocator held", "B", "integer"),
        _size("vram_driver_bytes", "peak that the driver saw", "B", "integer"),
        _size("tflop_per_image", "operations of a picture, in 10^12", "TFLOP"),
        _size("tflops", "operations a second, in 10^12", "TFLOP/s"),
        _size("intensity_flop_per_byte", "operations a byte of weights read", "FLOP/B"),
        _size("roof_tflops", "most that the device can do at that intensity", "TFLOP/s"),
        _size("percent_of_roofline", "share of the roof", "%"),
        _text("ceiling_evidence", "how the roof is known"),
        _size("seconds_per_training", "training of one adapter", "s"),
        _size("joules_per_training_gross", "energy of one training", "J"),
        _size("pictures_per_pack", "pictures of one avatar pack", "pictures", "integer"),
        _text("flags", "what makes a figure doubtful"),
    ),
    key=("bench_run_id", "cell"),
    checks=(
        RowCheck("measured_without_figures", "a measured cell has no waits", _has_waits),
        RowCheck("unexplained_cell", "a cell without figures does not say why", _says_why),
        RowCheck("above_the_roof", "faster than the device can be", _below_the_roof),
    ),
    observed="measured_at",
)

COMPUTE_LOADS = Table(
    "compute_loads",
    "Highest rate of requests that a device holds at a promised wait: searched by simulation on "
    "measured times, then run.",
    (
        *_RUN,
        _size("paid_p95_promise_seconds", "promise to paying users", "s"),
        _size("free_p95_promise_seconds", "promise to free users", "s"),
        _size("p99_promise_seconds", "promise to all users", "s"),
        _size("paid_share", "share of requests that are paid", "ratio"),
        _size("max_batch", "most pictures in one call", "pictures", "integer"),
        _span("highest_rate_per_second", "rate that keeps the promise (simulated)", "requests/s"),
        _span("utilisation", "share of the run in which the device worked (measured)", "ratio"),
        _size("paid_p95_seconds", "p95 of paid requests in the run (measured)", "s"),
        _size("free_p95_seconds", "p95 of free requests in the run (measured)", "s"),
        _text("batch_curve", "JSON: mean seconds of a call by batch size (measured)"),
    ),
    key=("bench_run_id", "cell"),
    observed="measured_at",
)

PUBLISHED_BENCHMARKS = Table(
    "published_benchmarks",
    "Speed and energy of pictures as others published them, beside our own runs.",
    (
        _text("published_id", "identifier of the row", nullable=False),
        _text("benchmark", "whose benchmark", nullable=False),
        _text("device_name", "card", nullable=False),
        _size("n_devices", "cards of the system, all in the figure", "cards", "integer"),
        _size("n_nodes", "machines of the system", "machines", "integer"),
        _text("model", "model", nullable=False),
        _text("task", "what is done for a user", nullable=False),
        _size("steps", "num_inference_steps", "steps", "integer"),
        _size("batch", "pictures in one call", "pictures", "integer"),
        _text("scenario", "how requests come", nullable=False),
        _size("images_per_second", "pictures a second of the whole system", "pictures/s"),
        _size("joules_per_image", "energy of the card for a picture", "J"),
        _size("latency_seconds", "wait for a call", "s"),
        _text("submitter", "who measured"),
        _text("division", "division of the benchmark"),
        _text("availability", "of the system"),
        _text("weight_types", "arithmetic"),
        _text("software", "software"),
        Column("published_on", "date", "day of publication", nullable=True),
        _text("source_title", "title of the source"),
        _text("note", "what a reader must know"),
    ),
    key=("published_id",),
)
