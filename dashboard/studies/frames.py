"""Typed steps over frames: pandas carries no types, so selections are named here once."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return one column."""
    return cast(pd.Series, frame[name])


def rows(frame: pd.DataFrame, chosen: Any) -> pd.DataFrame:
    """Return the rows where ``chosen`` (a boolean Series or array) is true, numbered anew."""
    return cast(pd.DataFrame, frame[chosen]).reset_index(drop=True)


def columns(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return columns in the order of ``names``."""
    return cast(pd.DataFrame, frame[list(names)])


def ordered(frame: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Return the rows in ascending order of the columns ``by``, numbered anew."""
    return frame.sort_values(by=list(by), ignore_index=True, kind="stable")
