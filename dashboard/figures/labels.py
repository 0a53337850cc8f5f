"""Names of codes and things, as figures and reports say them."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from dashboard.text import MISSING, Words


def event_title(event: Any, words: Words) -> str:
    """Return an event's title in the reader's language, in English where no other is held."""
    detected = _shocks(words).get(str(event.get("event_type")))
    if detected:
        return words.t("{apps}: {shock} (detected)", apps=event["entity"], shock=detected)
    chinese = event["title_zh"] if words.language == "zh" else None
    return str(event["title_en"] if chinese is None or pd.isna(chinese) else chinese)


def shock(words: Words, code: str) -> str:
    """Name a detected shock of attention."""
    return _shocks(words).get(code, code)


def _shocks(words: Words) -> dict[str, str]:
    return {
        "first_top_1": words.t("first at the top"),
        "entered_top_10": words.t("entered the top 10"),
        "jump_of_50_places": words.t("jump of 50 places or more"),
        "rating_surge": words.t("surge of ratings"),
    }


def event_day(event: Any, words: Words) -> str:
    """Return the day of an event, and the trading day it counts for where that is another."""
    day = words.date(event["event_date"])
    if pd.isna(event["day_zero"]) or event["day_zero"] == event["event_date"]:
        return day
    return words.t("{day} → {traded}", day=day, traded=words.date(event["day_zero"]))


def company(row: Any, words: Words, column: str = "company") -> str:
    """Return a name in the reader's language, in English where no other is held."""
    chinese = row[f"{column}_zh"] if words.language == "zh" else None
    return str(row[column] if chinese is None or pd.isna(chinese) else chinese)


def model(words: Words, code: str) -> str:
    """Name a model of normal returns."""
    names = {
        "market": words.t("market model"),
        "mean": words.t("constant mean model"),
        "adjusted": words.t("market-adjusted model"),
    }
    return names[code]


def returns(words: Words, code: str) -> str:
    """Name the kind of returns."""
    return {"log": words.t("log returns"), "simple": words.t("simple returns")}[code]


def return_headers(words: Words, code: str) -> tuple[str, str]:
    """Name the columns of an abnormal return and of a cumulative one, by the kind of returns."""
    if code == "log":
        return words.t("AR (log return)"), words.t("CAR (log return)")
    return words.t("AR (ratio)"), words.t("CAR (ratio)")


def selection(words: Words, code: str) -> str:
    """Say how an event was chosen."""
    names = {
        "exogenous": words.t("date not taken from the price"),
        "price_selected": words.t("date picked because the price moved"),
    }
    return names[code]


def concept_group(words: Words, code: str) -> str:
    """Name what a company had of AI art at the time."""
    names = {
        "ai_art_revenue": words.t("AI-art revenue"),
        "ai_art_product_no_revenue": words.t("AI-art product, no revenue"),
        "label_only": words.t("label only"),
        "supplier": words.t("supplier"),
        "global_peer": words.t("global peer"),
    }
    return names.get(code, code)


def event_theme(words: Words, event_type: str) -> str:
    """Name the theme an event type belongs to."""
    themes = {
        words.t("Product"): (
            "product_release", "feature_launch", "product_retirement", "shutdown", "price_change",
        ),
        words.t("Attention"): ("chart_top", "viral", "milestone"),
        words.t("Business"): (
            "earnings", "earnings_guidance", "funding", "ipo", "merger", "corporate",
            "partnership", "announcement",
        ),
        words.t("Law and dispute"): ("lawsuit", "regulation", "policy", "controversy"),
        words.t("Price move"): ("price_move",),
    }  # fmt: skip
    return next((name for name, types in themes.items() if event_type in types), event_type)


def status(words: Words, code: str) -> str:
    """Say how an event was treated."""
    names = {
        "tested": words.t("tested"),
        "described": words.t("described, not tested"),
        "excluded": words.t("left out"),
    }
    return names[code]


def exclusion(words: Words, code: str) -> str:
    """Say why an event or a share could not be studied."""
    names = {
        "no_prices_for_ticker": words.t("no bars of the share are held"),
        "no_prices_for_benchmark": words.t("no bars of its market are held"),
        "event_outside_bars": words.t(
            "the day lies outside the common bars of the share and its market"
        ),
        "benchmark_does_not_overlap": words.t("share and market have no trading day in common"),
        "collinear_factor": words.t("a factor does not vary by itself in the estimation window"),
        "event_window_incomplete": words.t("the event window reaches beyond the bars"),
        "too_short_estimation_window": words.t("too few days to estimate from"),
        "missing_return": words.t("a return is missing inside the windows"),
        "constant_series": words.t("the price does not vary in the estimation window"),
        "constant_benchmark": words.t("the market does not vary in the estimation window"),
        "no_residual_variance": words.t("the model leaves nothing unexplained"),
    }
    return names.get(code, code)


def test_name(words: Words, code: str) -> str:
    """Name a test over several events."""
    names = {
        "cross_sectional": words.t("cross-sectional t"),
        "patell": words.t("Patell"),
        "bmp": words.t("BMP"),
        "kolari_pynnonen_bmp": words.t("Kolari–Pynnönen (BMP)"),
        "kolari_pynnonen_patell": words.t("Kolari–Pynnönen (Patell)"),
        "corrado_rank": words.t("Corrado rank"),
        "generalised_sign": words.t("generalised sign"),
        "wilcoxon": words.t("Wilcoxon"),
        "grank": words.t("generalised rank"),
    }
    return names.get(code, code)


def store_program(words: Words, code: str) -> str:
    """Name a store's fee programme."""
    names = {
        "standard": words.t("standard programme"),
        "small_business": words.t("small-business programme"),
    }
    return names.get(code, code)


def pay_rate(words: Words, metric: str) -> str:
    """Name a published share of payers with its numerator and denominator."""
    names = {
        "subscription_penetration_rate": words.t(
            "Subscription penetration (subscribers ÷ monthly actives)"
        ),
        "download_to_paid_d30": words.t("Paid within 30 days (payers ÷ installs)"),
        "download_to_paid_d35": words.t("Paid within 35 days (payers ÷ installs)"),
    }
    return names.get(metric, metric)


def category(words: Words, code: str) -> str:
    """Name a category of a store's charts; one that is not known here by its code."""
    names = {
        "overall": words.t("all apps"),
        "photo_and_video": words.t("Photo & Video"),
        "graphics_and_design": words.t("Graphics & Design"),
        "entertainment": words.t("Entertainment"),
    }
    return names.get(code, code)


def run(words: Words, label: str) -> str:
    """Say the name of a measured run, part by part; what is not known stays as it is."""
    return " · ".join(_run_part(words, part) for part in label.split(" · "))


def _run_part(words: Words, part: str) -> str:
    if found := re.fullmatch(r"batch (\d+)", part):
        return words.t("batch {n}", n=found[1])
    if found := re.fullmatch(r"(\d+) steps", part):
        return words.n("{n} step", "{n} steps", int(found[1]))
    if found := re.fullmatch(r"(.+) \(toy\)", part):
        return words.t("{model} (toy)", model=found[1])
    names = {
        "txt2img": words.t("txt2img"),
        "img2img": words.t("img2img"),
        "inpaint": words.t("inpaint"),
        "upscale": words.t("upscale"),
        "default": words.t("default"),
        "compiled": words.t("compiled"),
        "tuned": words.t("tuned"),
        "fast": words.t("fast"),
        "cached": words.t("cached"),
        "few-steps": words.t("few steps"),
        "real": words.t("real weights"),
        "twin": words.t("random weights"),
    }
    return names.get(part, part)


def channel(words: Words, code: Any) -> str:
    """Name a channel of acquisition; one that is not known here as it was written."""
    names = {
        "organic": words.t("organic"),
        "viral": words.t("by word of mouth"),
        "search_ads": words.t("search ads"),
        "social_ads": words.t("social ads"),
        "influencer": words.t("influencers"),
    }
    return MISSING if pd.isna(code) else names.get(str(code), str(code))
