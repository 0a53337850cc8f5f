"""The attention report: how high a wave of curiosity rose, how long, how fast it faded."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from dashboard import cases, queries
from dashboard.figures import attention as figures
from dashboard.reports import attention_sources, require, sources
from dashboard.reports.attention_sums import downloads_sums
from dashboard.reports.choice import Choice, Prepared
from dashboard.reports.document import (
    Block,
    Document,
    Paragraph,
    Picture,
    Points,
    Section,
    Source,
)
from dashboard.reports.edition import Edition, Reader, edition_of
from dashboard.reports.grids import grid
from dashboard.studies.attention import (
    AttentionChoice,
    AttentionStudy,
    attention_study,
    last_day,
)
from dashboard.studies.frames import column, rows
from dashboard.studies.waves import WaveStudy, wave_study
from dashboard.tables import attention as tables
from dashboard.tables import waves as wave_tables
from dashboard.text import Words
from etl.errors import InputError

OPTIONS = ("wave", "app", "storefront")

_TABLES = ("app_rating_counts", "app_chart_ranks", "disclosed_facts", "waves", "market_events")
_TABLES += ("stock_prices",)
_MOST_ROWS = 20


@dataclass(frozen=True)
class AttentionReport:
    """What is known about some apps, and the data behind it.

    Attributes
    ----------
    study
        Ratings, positions, downloads, shocks.
    waves
        The scoreboard, of the chosen wave or of all.
    wave
        Identifier of the chosen wave; empty for all.
    storefront
        The storefront it is narrowed to; empty for all.
    edition
        The data.
    sources
        Where counts, positions, published downloads and the waves' shares were read.
    events
        Of ``market_events``, by which the waves are measured.
    """

    study: AttentionStudy
    waves: WaveStudy
    wave: str
    storefront: str
    edition: Edition
    sources: tuple[Source, ...]
    events: pd.DataFrame


def prepare(reader: Reader, choice: Choice) -> Prepared:
    """Return the attention to some apps, or to those of a wave.

    Raises
    ------
    InputError
        If an app, wave or storefront is unknown, or nothing is held of them.
    """
    apps = queries.apps(reader)
    board = wave_study(reader, as_of=choice.as_of)
    if choice.wave and choice.app:
        raise InputError(
            f"got --wave {choice.wave} beside --app",
            "a wave, or apps",
            "leave one of them out",
        )
    chosen = _apps(apps, board, choice)
    study = attention_study(reader, AttentionChoice(tuple(chosen)), as_of=choice.as_of)
    if choice.storefront:
        study = _narrowed(study, choice.storefront.upper())
    edition = edition_of(reader, choice.as_of, choice, *_TABLES)
    if study.rates.empty and study.positions.empty and study.storefronts.empty:
        nothing = "of which no rating count and no position is held"
        raise InputError(
            f"got {', '.join(chosen)}, {nothing}{edition.kept_back()}",
            "an app that was looked up or ranked",
            "choose another --app, or collect with `artonomics etl run`",
            code="NOTHING_TO_REPORT",
        )
    if choice.wave:
        own = rows(board.waves, column(board.waves, "wave_id").eq(choice.wave))
        board = WaveStudy(board.spec, own)
    report = AttentionReport(
        study,
        board,
        choice.wave or "",
        (choice.storefront or "").upper(),
        edition,
        tuple(attention_sources.read_from(reader, chosen, study, board)),
        attention_sources.events_of(reader, board),
    )
    stem = "_".join(filter(None, ("attention", choice.wave, report.storefront)))
    return Prepared(stem, partial(document, report))


def _apps(apps: pd.DataFrame, board: WaveStudy, choice: Choice) -> list[str]:
    """Return the identifiers of the apps that were asked for; the first wave's by default."""
    codes = dict(zip(apps["app_id"], apps["app_name"], strict=True))
    if choice.wave:
        require("wave", [choice.wave], list(board.waves["wave_id"]))
        own = board.waves.loc[board.waves["wave_id"] == choice.wave, "app_name"]
        named = [code for code, name in codes.items() if name in set(own.dropna())]
        if not named:
            raise InputError(
                f"got the wave {choice.wave!r}, whose app is not among the apps held",
                "a wave with an app",
                "name apps with --app",
            )
        return named
    if choice.app:
        named = choice.app.split(",")
        require("app", named, list(codes))
        return named
    return [code for name in cases.APPS for code, held in codes.items() if held == name]


def _narrowed(study: AttentionStudy, storefront: str) -> AttentionStudy:
    """Return a study with the rows of one storefront."""
    held = {*study.rates["storefront"], *study.positions["storefront"]}
    held |= set(study.storefronts["storefront"])
    require("storefront", [storefront], sorted(map(str, held)))

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        if frame.empty or "storefront" not in frame:
            return frame
        return rows(frame, column(frame, "storefront").eq(storefront))

    waves = own(study.waves)
    named = list(waves["app_name"]) if len(waves) else []
    curves = rows(study.curves, study.curves["app_name"].isin(named))
    return replace(
        study,
        rates=own(study.rates),
        waves=waves,
        curves=curves,
        positions=own(study.positions),
        storefronts=own(study.storefronts),
        shocks=own(study.shocks),
    )


def document(report: AttentionReport, words: Words) -> Document:
    """Return the attention report in one language."""
    study = report.study
    names = words.listed(dict.fromkeys(_names(study)))
    return Document(
        language=words.language,
        title=words.t("How high, how long, how fast does it fade?"),
        subtitle=words.t("{apps}: ratings and positions", apps=names),
        finding=tuple(_finding(report, words)),
        sections=(
            *_fading(study, words),
            *_standing(study, words),
            *_sold(study, words),
            *_scoreboard(report, words),
            *_shocks(study, words),
            _cautions(study, words),
            Section(words.t("How it was measured"), (Paragraph(_methods(study, words)),)),
        ),
        sources_heading=words.t("Sources"),
        sources=(
            *sources.named(report.sources, words),
            *sources.of_events(report.events.to_dict("records"), words),
        ),
        facts=tuple(_facts(report, words)),
        disclaimer=report.edition.disclaimer(words),
        data_at=report.edition.published_at,
    )


def _names(study: AttentionStudy) -> list[Any]:
    held = (study.waves, study.positions, study.storefronts)
    return [name for frame in held if len(frame) for name in frame["app_name"]]


def _finding(report: AttentionReport, words: Words) -> Iterator[str]:
    waves = report.study.waves.to_dict("records")
    known = [row for row in waves if not pd.isna(row["half_life_days"])]
    if not waves:
        yield words.t("No wave of ratings is known for these apps.")
    elif known:
        yield words.n(
            "Of {n} app with a wave of ratings, {k} shows how fast it faded.",
            "Of {n} apps with a wave of ratings, {k} show how fast it faded.",
            len(waves),
            k=words.number(len(known), digits=0),
        )
    else:
        yield words.n(
            "{n} app has a wave of ratings, of whose half-life only an upper bound is known.",
            "{n} apps have a wave of ratings, of whose half-lives only upper bounds are known.",
            len(waves),
        )
    told = known or [row for row in waves if row["half_life_kind"]]
    yield from (_half_life(report.study, row, words) for row in told)
    best = _best_position(report.study)
    if best is not None:
        yield words.t(
            "The best dated position was {rank} ({app}, {storefront}, {day}): measured.",
            rank=words.number(best["rank"], digits=0),
            app=best["app_name"],
            storefront=best["storefront"],
            day=words.date(best["observed_on"]),
        )
    elif report.study.positions.empty:
        yield words.t("No dated chart ranks these apps, so no position by day is told.")


def _half_life(study: AttentionStudy, row: dict[Hashable, Any], words: Words) -> str:
    begins_high = _begins_with_its_highest(study, row)
    said = {
        "app": row["app_name"],
        "storefront": row["storefront"],
        "peak": words.number(row["peak_per_day"], digits=1),
        "begin": words.date(row["peak_begin"]),
        "end": words.date(row["peak_end"]),
        "half_life": wave_tables.half_life(row, words),
        "kind": words.evidence(row["half_life_kind"]),
        "peak_kind": words.evidence(row["peak_kind"]),
    }
    told = (
        words.t(
            "{app} ({storefront}): the highest rate held, {peak} new ratings a day ({peak_kind}), "
            "lay between {begin} and {end}. The series begins on {begin}, maybe after the real "
            "peak, which may have been higher. From the highest rate held, the half-life is "
            "{half_life} ({kind}); from the real peak it is not known.",
            **said,
        )
        if begins_high
        else words.t(
            "{app} ({storefront}): the peak of {peak} new ratings a day ({peak_kind}) lay between "
            "{begin} and {end}; the half-life is {half_life} ({kind}).",
            **said,
        )
    )
    return words.sentences([told, _left(study, row, words, begins_high=begins_high)])


def _left(
    study: AttentionStudy, row: dict[Hashable, Any], words: Words, *, begins_high: bool
) -> str:
    """Say what was left after a month, and of what; nothing where it is not known."""
    if pd.isna(row["left_30"]) or tables.is_too_short(study, row, 30):
        return ""
    kind = words.evidence(row["left_30_kind"])
    if rests := tables.rests_on(study, row, 30, words):
        kind = words.labelled(kind, rests)
    said = {"share": words.percent(row["left_30"]), "kind": kind}
    if begins_high:
        return words.t("30 days after it began, {share} of that rate was left ({kind}).", **said)
    return words.t("After 30 days {share} of the peak was left ({kind}).", **said)


def _begins_with_its_highest(study: AttentionStudy, row: dict[Hashable, Any]) -> bool:
    """Return whether no lower rate is held from before the highest one."""
    if row["reason"] == "begins_after_peak":
        return True
    own = study.rates.dropna(subset=["new_ratings_per_day"])
    own = rows(own, column(own, "app_id").eq(row["app_id"]))
    own = rows(own, column(own, "storefront").eq(row["storefront"]))
    return bool(len(own)) and own["previous_on"].min() >= row["peak_begin"]


def _best_position(study: AttentionStudy) -> dict[Hashable, Any] | None:
    ranked = study.positions.dropna(subset=["rank"])
    if ranked.empty:
        return None
    return ranked.sort_values(["rank", "observed_on"]).to_dict("records")[0]


def _fading(study: AttentionStudy, words: Words) -> Iterator[Section]:
    if study.rates.empty:
        return
    rates, curves = study.around_the_waves()
    caption = _ratings_caption(study, rates, words)
    names = ("app_name", "storefront", "peak_begin", "peak_end", "peak_per_day", "half_life")
    names += ("how", "left_30", "rests_30", "left_90", "rests_90", "why")
    blocks: list[Block] = [
        Picture(
            "ratings",
            figures.rating_waves_figure(rates, curves, words, apps=_coloured(study)),
            caption,
        )
    ]
    if len(study.waves):
        told = words.t(
            "Peak, half-life and what was left: a measured share rests on the one pair of look-ups "
            "around its day, and goes up and down by chance where these found few ratings"
        )
        blocks.append(grid(tables.waves(study, words), told, words, names))
    yield Section(words.t("How fast it fades"), tuple(blocks))


def _ratings_caption(study: AttentionStudy, drawn: pd.DataFrame, words: Words) -> str:
    """Say which look-ups are drawn, and how far they are held beyond them."""
    known = drawn.dropna(subset=["new_ratings_per_day"])
    kinds = {"kind": words.evidence("measured"), "fitted": words.evidence("estimated")}
    if known.empty:
        return words.t(
            "New ratings a day, by storefront: {kind}; dotted lines are fitted ({fitted}).", **kinds
        )
    begins: list[pd.Timestamp] = list(known["previous_on"])
    ends: list[pd.Timestamp] = list(known["observed_on"])
    told = [
        words.t(
            "New ratings a day, by storefront, {first} to {last}: {kind}; dotted lines are fitted "
            "({fitted}).",
            first=words.date(min(begins)),
            last=words.date(max(ends)),
            **kinds,
        )
    ]
    held = last_day(study.rates)
    if held is not None and held > max(ends).date():
        told.append(words.t("Look-ups are held to {day}.", day=words.date(held)))
    return words.sentences(told)


def _standing(study: AttentionStudy, words: Words) -> Iterator[Section]:
    measured = words.evidence("measured")
    blocks: list[Block] = []
    if len(study.positions):
        days: list[pd.Timestamp] = list(study.positions["observed_on"].dropna())
        blocks.append(
            Picture(
                "positions",
                figures.bump_figure(study.lines(), words, apps=_coloured(study)),
                words.t(
                    "Positions by day, {first} to {last}: {kind}.",
                    first=words.date(min(days)),
                    last=words.date(max(days)),
                    kind=measured,
                ),
            )
        )
    if len(study.storefronts):
        blocks.append(
            Picture(
                "storefronts",
                figures.storefront_figure(study.storefronts, words),
                _storefronts_caption(study, words),
            )
        )
    if blocks:
        yield Section(words.t("How high it stood"), tuple(blocks))


def _storefronts_caption(study: AttentionStudy, words: Words) -> str:
    """Say what the positions by storefront are, and that those without a day have none."""
    measured = words.evidence("measured")
    said = words.t("The last position by storefront: {kind}.", kind=measured)
    undated = sum(pd.isna(day) for day in study.storefronts["observed_on"])
    if not undated:
        return said
    if undated == len(study.storefronts):
        return words.t(
            "The last position by storefront: {kind}, undated: the charts bear no day.",
            kind=measured,
        )
    more = words.n(
        "{n} of {total} positions is undated.",
        "{n} of {total} positions are undated.",
        undated,
        total=words.number(len(study.storefronts), digits=0),
    )
    return words.sentences([said, more])


def _coloured(study: AttentionStudy) -> tuple[str, ...]:
    return figures.apps_in(study.rates, study.positions)


def _sold(study: AttentionStudy, words: Words) -> Iterator[Section]:
    if study.installs.dropna(subset=["downloads_per_day"]).empty:
        return
    blocks: list[Block] = [
        Picture(
            "downloads",
            figures.installs_figure(study.installs, words, apps=_coloured(study)),
            _downloads_caption(study, words),
        ),
        *downloads_sums(study, words),
    ]
    published = tables.installs(_published_alone(study), words)
    if len(published.frame):
        caption = words.t("Downloads as published: {kind}", kind=words.evidence("disclosed"))
        names = ("name", "start", "end", "downloads_per_day", "kind", "scope")
        blocks.append(grid(published, caption, words, names))
    yield Section(words.t("What it may have sold"), tuple(blocks))


def _published_alone(study: AttentionStudy) -> AttentionStudy:
    own = rows(study.installs, column(study.installs, "method").eq("disclosed"))
    return replace(study, installs=own)


def _downloads_caption(study: AttentionStudy, words: Words) -> str:
    """Say how the estimates came to be, and what the published figures are of; none is told."""
    low, high = study.choice.installs_per_rating
    methods = set(study.installs.dropna(subset=["downloads_per_day"])["method"])
    told: list[str] = []
    if methods - {"disclosed"}:
        told.append(
            words.t(
                "Downloads a day of the storefront: {estimated} from {low} to {high} installs "
                "behind one new rating ({assumed}).",
                estimated=words.evidence("estimated"),
                assumed=words.evidence("assumed"),
                low=low,
                high=high,
            )
        )
    if "disclosed" in methods:
        told.append(
            words.t(
                "Downloads as published are of the world or their scope is not stated, so they "
                "cannot be set against one storefront; a total over a stretch of days, in part "
                "approximate, is divided by this program into a mean a day."
            )
        )
    return words.sentences(told)


def _scoreboard(report: AttentionReport, words: Words) -> Iterator[Section]:
    if report.waves.waves.empty:
        return
    names = ("name", "firm", "chosen", "abnormal_return", "p_value")
    names += ("cumulative_abnormal_return", "car_p_value", "percentile", "half_life")
    first, last = report.waves.spec.window
    caption = words.t(
        "Share price and attention of each wave; CAR, its p (window) and the rank among random "
        "days are of days {first} to {last}, returns are {returns}: {kind}",
        returns=_returns(report.waves.spec.returns, words),
        first=words.number(first, digits=0),
        last=words.number(last, digits=0),
        kind=words.evidence("estimated"),
    )
    table = grid(wave_tables.scoreboard(report.waves, words), caption, words, names)
    yield Section(words.t("The waves side by side"), (table,))


def _returns(code: str, words: Words) -> str:
    return words.t("log returns") if code == "log" else words.t("simple returns")


def _shocks(study: AttentionStudy, words: Words) -> Iterator[Section]:
    if study.shocks.empty:
        return
    told = words.t("Surges and jumps, the latest first: {kind}", kind=words.evidence("estimated"))
    latest = replace(study, shocks=study.shocks.sort_values("event_date", ascending=False))
    table = grid(tables.shocks(latest, words), told, words, rows=_MOST_ROWS)
    yield Section(words.t("Detected shocks"), (table,))


def _cautions(study: AttentionStudy, words: Words) -> Section:
    notes = tuple(tables.note_sentence(note, words) for note in study.notes)
    nothing = words.t("Nothing is known that would disturb these figures.")
    return Section(words.t("What to know before trusting it"), (Points(notes or (nothing,)),))


def _methods(study: AttentionStudy, words: Words) -> str:
    return words.t(
        "New ratings a day are the difference of two look-ups over the days between them; where a "
        "count fell, ratings were removed and the rate is not known. The half-life is that of the "
        "height above the level that stays; the curve is chosen by AICc, its interval comes from "
        "resampled residuals; where the series begins after its peak, or look-ups are too far "
        "apart, only an upper bound is known. Downloads follow from {low} to {high} installs "
        "behind one new rating, which nobody published. Rules for shocks look back only. Of the "
        "waves, days that were picked because the price moved are described and never tested.",
        low=study.choice.installs_per_rating[0],
        high=study.choice.installs_per_rating[1],
    )


def _facts(report: AttentionReport, words: Words) -> Iterator[tuple[str, str]]:
    choice = report.study.choice
    filters = ", ".join(
        filter(None, (report.wave, *choice.app_ids, report.storefront, choice.chart_type))
    )
    query = {"lang": words.language, "apps": ",".join(choice.app_ids)}
    if report.edition.as_of is not None:
        query["as_of"] = report.edition.as_of.isoformat()
    to = (words.t("Look-ups to"), words.date(last_day(report.study.rates)))
    link = "/attention?" + urlencode(query, safe=",")
    return report.edition.facts(words, filters, link, to)
