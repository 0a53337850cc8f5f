"""How fast the attention of a file fades after its peak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etl import user_files
from etl.analytics.attention import Attention, Series, attention
from etl.analytics.change_points import LONGEST
from etl.analytics.decay import REASONS
from etl.analyze.answers import plain, shown
from etl.errors import InputError
from etl.user_files import UserFile

FORECAST_DAYS = 90


def run(
    path: Path,
    *,
    cumulative: bool = False,
    begins_after_peak: bool = False,
    forecast: int = FORECAST_DAYS,
    seed: int = 0,
) -> dict[str, Any]:
    """Find the peak of a series, its half-life, and where its mean changes.

    Parameters
    ----------
    path
        CSV or Parquet: ``date,value``, one row a day in any order; a missing value takes no part.
    cumulative
        The values are running counts (of ratings, say): they become mean rates a day between one
        date and the next, and a fall takes no part.
    begins_after_peak
        The peak is known to lie before the first date: the half-life is then a bound.
    forecast
        Days after the last date to continue the curve.
    seed
        Of the intervals.

    Returns
    -------
    dict
        The document of ``artonomics analyze attention --json``.

    Raises
    ------
    InputError
        For a wrong file, column or cell.
    """
    if not 0 <= forecast <= 3650:
        raise InputError(f"got --forecast {forecast}", "days from 0 to 3650")
    frame, notes = _read(path, cumulative=cumulative)
    begin, end = (frame[name].to_numpy(dtype="datetime64[D]") for name in ("begin", "date"))
    series = Series(begin, end, frame["value"].to_numpy(dtype=float))
    rng = np.random.default_rng(seed)
    found = attention(series, rng, begins_after_peak=begins_after_peak)
    return {
        "peak_date": str(found.peak_date),
        "peak_value": plain(series.value[found.peak]),
        "half_life_days": plain(found.half_life_days),
        "half_life_low": plain(found.half_life_low),
        "half_life_high": plain(found.half_life_high),
        "above_half_until_days": plain(found.above_half_until_days),
        "half_gone_by_days": plain(found.half_gone_by_days),
        "begins_after_peak": found.begins_after_peak,
        "reason": found.reason or None,
        "model": found.decay.fit.model if found.decay.fit else None,
        "aicc": {name: plain(value) for name, value in found.decay.aicc.items()},
        "coefficients": _coefficients(found),
        "share_left": {str(days): plain(found.share_left(days)) for days in (30, 90, 365)},
        **_breaks(found),
        "forecast": _forecast(found, forecast),
        "n_observations": series.value.size,
        "evidence_kind": "estimated",
        "seed": seed,
        "notes": [*notes, *_remarks(found)],
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answer as one readable row."""
    return [
        {
            "peak": document["peak_date"],
            "half-life (days)": shown(document["half_life_days"], "{:.1f}"),
            "from": shown(document["half_life_low"], "{:.1f}"),
            "to": shown(document["half_life_high"], "{:.1f}"),
            "curve": document["model"] or "",
            "breaks": ", ".join(one["date"] for one in document["breaks"] or []),
        }
    ]


def _read(path: Path, *, cumulative: bool) -> tuple[pd.DataFrame, list[str]]:
    """Return ``begin, date, value`` by day and what was left out."""
    file = user_files.read(path, ("date", "value"))
    frame = pd.DataFrame(
        {"date": user_files.days(file, "date"), "value": user_files.numbers(file, "value")}
    )
    wrong = (frame["value"] < 0).to_numpy() | np.isinf(frame["value"].to_numpy(dtype=float))
    if wrong.any():
        index, row = file.first(wrong)
        raise InputError(
            f"got the value {frame['value'][index]:g} on {frame['date'][index]:%Y-%m-%d} in {row}",
            "a finite number, 0 or more",
            "correct it, or leave the cell empty where nothing is known",
        )
    n_missing = list(frame["value"].isna()).count(True)
    given = frame.dropna(subset=["value"])
    known = given.drop_duplicates()
    twice = known.duplicated("date").to_numpy()
    if twice.any():
        index, row = UserFile(file.path, known).first(twice)
        raise InputError(
            f"got a second, different value of {known['date'][index]:%Y-%m-%d} in {row}",
            "one value a day",
            "remove the wrong one",
        )
    known = known.sort_values("date", ignore_index=True)
    n_repeated = len(given) - len(known)
    notes = [f"{n_missing} rows without a value take no part"] if n_missing else []
    notes += [f"{n_repeated} rows repeat another one and count once"] if n_repeated else []
    if known.empty or (cumulative and len(known) == 1):
        raise InputError(
            f"got {len(known)} dates with a value in {path.name}",
            "at least two counts, for a rate between them" if cumulative else "at least one",
            "add rows, or fill the column value",
        )
    if cumulative:
        known, fallen = _rates(known)
        notes += [f"{fallen} stretches in which the count fell take no part"] if fallen else []
    else:
        known = known.assign(begin=known["date"])
    return known, notes


def _rates(counts: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return mean rates a day between one count and the next, and how many stretches fell."""
    days = counts["date"].diff().dt.days
    rates = counts.assign(begin=counts["date"].shift(), value=counts["value"].diff() / days)
    rates = rates.iloc[1:]
    kept = rates.loc[~(rates["value"] < 0)].reset_index(drop=True)
    return kept, len(rates) - len(kept)


def _coefficients(found: Attention) -> dict[str, float | None]:
    fit = found.decay.fit
    if fit is None:
        return {}
    return {name: plain(getattr(fit, name)) for name in ("scale", "rate", "level")}


def _breaks(found: Attention) -> dict[str, Any]:
    series = found.series
    if series.value.size > LONGEST:
        return dict.fromkeys(("breaks", "segments", "rss", "rss_by_number", "bic"))
    divided = found.breaks
    return {
        "breaks": [
            {"date": str(series.end[after]), "break_after": after + 1} for after in divided.after
        ],
        "segments": [
            {
                "start": str(series.begin[one.first]),
                "end": str(series.end[one.last]),
                "n": one.last - one.first + 1,
                "mean": plain(one.mean),
            }
            for one in divided.segments
        ],
        "rss": plain(divided.rss),
        "rss_by_number": {str(n): plain(value) for n, value in divided.rss_by_number.items()},
        "bic": {str(number): plain(value) for number, value in divided.bic.items()},
    }


def _forecast(found: Attention, days: int) -> list[dict[str, Any]]:
    if found.decay.fit is None:
        return []
    last = int((found.series.end[-1] - found.peak_date) / np.timedelta64(1, "D"))
    since = np.arange(last + 1, last + days + 1)
    value, low, high = found.forecast(since)
    return [
        {
            "date": str(found.peak_date + day),
            "value": plain(v),
            "low": plain(lo),
            "high": plain(hi),
            "evidence_kind": "estimated",
        }
        for day, v, lo, hi in zip(since, value, low, high, strict=True)
    ]


def _remarks(found: Attention) -> list[str]:
    """Say why there is no half-life, and where it reaches beyond what was seen."""
    notes = [f"no half-life: {REASONS[found.reason]}"] if found.reason else []
    if found.reason and np.isfinite(found.half_life_high):
        notes.append(
            f"a bound: half of it had gone at most {found.half_life_high:.1f} days after "
            f"{found.peak_date}, the day of the highest value"
        )
    elif np.isfinite(found.half_life_days) and not np.isfinite(found.half_life_high):
        notes.append("the half-life has no upper end: many resampled series do not fade")
    if found.series.value.size > LONGEST:
        notes.append(f"breaks are looked for in at most {LONGEST} values")
    seen = (found.series.end[-1] - found.peak_date) / np.timedelta64(1, "D")
    if found.half_life_days > seen:
        notes.append(f"the half-life is longer than the {seen:.0f} days seen after the peak")
    return notes
