"""The Data page answers: can I trust it, is it fresh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard import cache, freshness, permalinks, queries
from dashboard.app_pages.as_known import as_known_on
from dashboard.app_pages.data_import import wizard
from dashboard.app_pages.data_rejects import rejects
from dashboard.app_pages.data_run import run_card
from dashboard.app_pages.filters import ALL, kept_line, one_or_all
from dashboard.components import plain, table_card
from dashboard.states import not_prepared, with_states
from dashboard.tables import ledgers
from dashboard.tables.metrics import metric_name
from dashboard.text import Words, words


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("Can I trust it, is it fresh?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    st.caption(_snapshot_line(said))
    not_prepared(said)
    sections = _sections(said)
    codes = list(sections)
    permalinks.restore("view", permalinks.one_of(codes, said), codes[0], said)
    st.segmented_control(
        said.t("Section"),
        codes,
        key="view",
        format_func=lambda code: sections[code][0],
        required=True,
    )
    name, show = sections[permalinks.chosen("view")]
    st.header(name, anchor=False)
    show(said)
    kept_line(said)


def _snapshot_line(said: Words) -> str:
    info = cache.info()
    return said.t(
        "Snapshot {snapshot}, published {date}",
        snapshot=plain(info.snapshot_id),
        date=said.instant(info.published_at),
    )


def _sections(said: Words) -> dict[str, tuple[str, Callable[[Words], None]]]:
    return {
        "sources": (said.t("Sources"), _sources),
        "runs": (said.t("Runs"), _runs),
        "rejects": (said.t("Rejected rows"), rejects),
        "import": (said.t("Import"), wizard),
        "claims": (said.t("Claims"), _claims),
        "conflicts": (said.t("Side by side"), _conflicts),
        "financials": (said.t("Financials"), _financials),
        "dictionary": (said.t("Dictionary"), _dictionary),
    }


def _sources(said: Words) -> None:
    frame = cache.ask(queries.sources_with_freshness)
    states_held = [None if pd.isna(state) else bool(state) for state in frame["stale"]]
    counted = Counter(states_held)
    st.markdown(
        " ".join(
            f"{freshness.badge(said, stale=state)} {said.number(n, digits=0)}"
            for state, n in sorted(counted.items(), key=str)
        )
    )
    table_card(said, ledgers.sources(frame, said))
    st.caption(
        said.t(
            "A source goes stale by its own calendar: an exchange's trading days, days, or never "
            "where it is a fixed file. Terms say whether it may be passed on."
        )
    )


def _runs(said: Words) -> None:
    run_card(said)
    st.subheader(said.t("All runs"), anchor=False)
    table_card(said, ledgers.runs(cache.ask(queries.runs), said))


def _claims(said: Words) -> None:
    facts = cache.ask(queries.facts)
    st.markdown(
        said.t(
            "Figures said in public, as they were said. Expect some to carry a wrong period or "
            "meaning: the source stands beside each."
        )
    )
    wanted, metric, kind, known = st.columns([3, 2, 2, 2])
    with wanted:
        text = _search(said)
    with metric:
        metrics = [str(code) for code in facts["metric"].value_counts().index]
        names = {code: metric_name(code, said) for code in metrics}
        chosen = one_or_all("metric", said.t("Metric"), metrics, names, said)
    with kind:
        kinds = {code: said.evidence(code) for code in sorted(facts["evidence_kind"].unique())}
        evidence = one_or_all("evidence", said.t("Evidence"), list(kinds), kinds, said)
    with known:
        as_of = as_known_on(said)
    shown = _matching(cache.ask(queries.facts, None, as_of), text)
    if chosen != ALL:
        shown = shown.loc[shown["metric"] == chosen]
    if evidence != ALL:
        shown = shown.loc[shown["evidence_kind"] == evidence]
    table_card(said, ledgers.claims(shown, said))


def _search(said: Words) -> str:
    permalinks.restore("q", str, "", said)
    text = st.text_input(said.t("Search"), key="q", type="search", live=False, max_chars=80)
    permalinks.remember("q", text)
    return text


def _matching(facts: pd.DataFrame, text: str) -> pd.DataFrame:
    """Return the facts that hold every word of ``text`` somewhere, in either language."""
    searched = ["fact_id", "entity", "entity_zh", "ticker", "metric", "source_title",
                "source_publisher", "note", "gpu_name", "model_name"]  # fmt: skip
    lines = facts[searched].fillna("").agg(" ".join, axis=1).str.lower()
    found = pd.Series(True, index=facts.index)
    for word in text.lower().split():
        found &= lines.str.contains(word, regex=False)
    return facts.loc[found]


def _conflicts(said: Words) -> None:
    st.markdown(
        said.t(
            "Different figures for one entity, metric and period. Some contradict each other, some "
            "are different plans or tiers: the note says which. None is preferred."
        )
    )
    table_card(said, ledgers.side_by_side(cache.ask(queries.side_by_side), said))


def _financials(said: Words) -> None:
    frame = cache.ask(queries.financials)
    tickers = frame["ticker"].drop_duplicates().tolist()
    names = frame.drop_duplicates("ticker").set_index("ticker")["company"].to_dict()
    chosen = one_or_all("ticker", said.t("Company"), tickers, names, said)
    if chosen != ALL:
        frame = frame.loc[frame["ticker"] == chosen]
    table_card(said, ledgers.financials(frame, said))


def _dictionary(said: Words) -> None:
    names = ledgers.dictionary_names()
    permalinks.restore("table", permalinks.one_of(names, said), names[0], said)
    st.selectbox(said.t("Table"), names, key="table")
    name = permalinks.chosen("table")
    st.markdown(plain(ledgers.meaning(name)))
    table_card(said, ledgers.dictionary(name, said))


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
