"""What goes along with paying: two models, judged on users they have not seen.

Nothing here says what would make anybody pay: users who differ in one thing differ in others.
"""

# pyright: basic
# scikit-learn and pandas ship partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.distributions import FloatArray
from etl.analytics.proportions import wilson

FEWEST_PAYERS = 20
"""Payers needed in training, and half as many in the test."""
NUMBERS = ("n_images", "n_sessions", "wait_seconds", "n_paywalls")
WORDS = ("country", "channel", "platform")
BINS = 5
REPEATS = 10


@dataclass(frozen=True)
class Drivers:
    """Two models of who pays, or the reason why there are none.

    Attributes
    ----------
    scores
        ``model`` (``logistic``, ``boosting``, ``share`` = everybody the training share),
        ``roc_auc`` (missing for the share), ``log_loss``, ``brier`` on later users.
    calibration
        ``model, bin, n, predicted, observed, low, high``: mean prediction and share that paid.
    odds
        ``feature, odds_ratio`` of the logistic model, numbers by one standard deviation, words
        against all others together (penalised), the largest first.
    importance
        ``feature, drop, drop_low, drop_high``: how much the boosting's AUC falls on later users
        when the feature is shuffled.
    n_train, n_test, n_left_out
        Users; those left out had paid before what is known of them was complete.
    split_day
        The first day (since 1970) of the users tested.
    reason
        Code; empty where there are models.
    """

    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    calibration: pd.DataFrame = field(default_factory=pd.DataFrame)
    odds: pd.DataFrame = field(default_factory=pd.DataFrame)
    importance: pd.DataFrame = field(default_factory=pd.DataFrame)
    n_train: int = 0
    n_test: int = 0
    n_left_out: int = 0
    split_day: int = 0
    reason: str = ""


def drivers(features: pd.DataFrame, *, train_share: float = 0.7, seed: int = 0) -> Drivers:
    """Fit on the users who began first, judge on those who began later.

    Parameters
    ----------
    features
        One row a user with the full time to pay, see
        :func:`etl.marts.conversion.first_day_features`; missing numbers are told apart from any
        value, none is filled in by a guess.
    train_share
        Share of the users in training, by the day they began.
    seed
        Of the boosting and the shuffles.

    Returns
    -------
    Drivers
    """
    early: Any = features["paid_on_first_day"] > 0
    known: Any = features.loc[~early]
    n_left_out = int(early.sum())
    if known.empty:
        return Drivers(n_left_out=n_left_out, reason="no_users")
    ordered = known["begun_day"].sort_values().to_numpy()
    split_day = int(ordered[min(int(train_share * len(ordered)), len(ordered) - 1)])
    train, test = known[known["begun_day"] < split_day], known[known["begun_day"] >= split_day]
    counts: dict[str, Any] = {"n_train": len(train), "n_test": len(test), "n_left_out": n_left_out}
    if train["paid"].sum() < FEWEST_PAYERS or test["paid"].sum() < FEWEST_PAYERS / 2:
        return Drivers(**counts, split_day=split_day, reason="too_few_payers")
    return _fitted(train, test, counts, split_day, seed)


def _fitted(train: Any, test: Any, counts: dict[str, Any], split_day: int, seed: int) -> Drivers:
    from sklearn.inspection import permutation_importance

    columns = [*NUMBERS, *WORDS]
    (x, y), (x_test, y_test) = (
        (_typed(part[columns]), part["paid"].to_numpy(np.int64)) for part in (train, test)
    )
    models = {"logistic": _logistic(), "boosting": _boosting(seed)}
    predicted = {
        name: model.fit(x, y).predict_proba(x_test)[:, 1] for name, model in models.items()
    }
    shuffled: Any = permutation_importance(
        models["boosting"], x_test, y_test, scoring="roc_auc", n_repeats=REPEATS, random_state=seed
    )
    importance = pd.DataFrame(
        {
            "feature": columns,
            "drop": shuffled.importances_mean,
            "drop_low": shuffled.importances.min(axis=1),
            "drop_high": shuffled.importances.max(axis=1),
        }
    ).sort_values("drop", ascending=False, ignore_index=True)
    return Drivers(
        scores=_scores(predicted, y_test, float(y.mean())),
        calibration=pd.concat(
            [_calibration(name, p, y_test) for name, p in predicted.items()], ignore_index=True
        ),
        odds=_odds(models["logistic"]),
        importance=importance,
        split_day=split_day,
        **counts,
    )


def _typed(frame: Any) -> pd.DataFrame:
    """Return the features: numbers as floats, words with a word of their own for missing ones."""
    words = {name: frame[name].astype("object").fillna("missing").astype(str) for name in WORDS}
    numbers = {name: frame[name].astype(np.float64) for name in NUMBERS}
    return pd.DataFrame(numbers | words, index=frame.index)


def _logistic() -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    # A missing number takes the median and says so in a column of its own.
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("", numbers, list(NUMBERS)), ("words", words, list(WORDS))])
    return make_pipeline(columns, LogisticRegression(max_iter=1_000))


def _boosting(seed: int) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("words", words, list(WORDS))], remainder="passthrough")
    model = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=120,
        max_leaf_nodes=8,
        min_samples_leaf=50,
        random_state=seed,
    )
    return make_pipeline(columns, model)


def _scores(predicted: dict[str, FloatArray], y: FloatArray, share: float) -> pd.DataFrame:
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    rows = [
        {
            "model": name,
            "roc_auc": float(roc_auc_score(y, p)),
            "log_loss": float(log_loss(y, p)),
            "brier": float(brier_score_loss(y, p)),
        }
        for name, p in predicted.items()
    ]
    same = np.full(len(y), share)
    base = {
        "model": "share",
        "roc_auc": np.nan,
        "log_loss": float(log_loss(y, same)),
        "brier": float(brier_score_loss(y, same)),
    }
    return pd.DataFrame([*rows, base])


def _calibration(name: str, p: FloatArray, y: FloatArray) -> pd.DataFrame:
    """Return predicted and observed shares in bins of equal numbers of users."""
    bins = np.array_split(np.argsort(p, kind="stable"), BINS)
    n, paid = np.array([b.size for b in bins]), np.array([y[b].sum() for b in bins])
    low, high = wilson(paid, n)
    return pd.DataFrame(
        {
            "model": name,
            "bin": np.arange(1, BINS + 1),
            "n": n,
            "predicted": [float(p[b].mean()) if b.size else np.nan for b in bins],
            "observed": paid / np.maximum(n, 1),
            "low": low,
            "high": high,
        }
    )


def _odds(model: Any) -> pd.DataFrame:
    names = model[:-1].get_feature_names_out()
    ratio = np.exp(model[-1].coef_[0])
    names = [str(name).removeprefix("__").removeprefix("words__") for name in names]
    frame = pd.DataFrame({"feature": names, "odds_ratio": ratio})
    return frame.sort_values("odds_ratio", ascending=False, ignore_index=True)
