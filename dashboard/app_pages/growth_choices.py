"""What the reader of the Growth page chooses, each choice a code in the address."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import available_timezones

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard import cache, permalinks
from dashboard.app_pages.filters import ANY_TIME, Times
from dashboard.figures import annotations, labels
from dashboard.queries import Reader
from dashboard.studies.growth.definitions import Definitions, definitions, event_names
from dashboard.studies.growth.retention import (
    FEW_EVENTS,
    RULE_NAMES,
    SPLITS,
    RetentionChoice,
)
from dashboard.studies.growth.sources import Histories, nearest
from dashboard.studies.growth.trials import cost_fact, trials
from dashboard.studies.growth.value import products
from dashboard.studies.marks import marks
from dashboard.tables.growth import names
from dashboard.text import Words
from etl.errors import InputError

PERIODS = ("day", "week", "month")
HORIZONS = {"day": 30, "week": 12, "month": 6}
ZONES = (
    "UTC",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
)
WINDOWS = (7, 14, 30, 60, 90)
NONE = "none"
MOST_MILLS = 1_000


@dataclass(frozen=True)
class View:
    """What the reader chose.

    ``source``, ``payments`` and ``spend`` name histories, empty where none may stand beside the
    events; the rest belongs to the section that is shown.
    """

    told: Definitions
    payments: str
    spend: str
    retention: RetentionChoice | None = None
    all_rules: bool = False
    claim: str = ""
    group: str = "month"
    steps: tuple[str, ...] = ()
    window_days: int = 0
    experiment: str = ""
    control: str = ""
    cost_mills: int = 0
    product: str = ""
    discount_percent: int = 10
    timing: str = "start"
    horizon_days: int = 90
    times: Times = ANY_TIME

    @property
    def source(self) -> str:
        """Source of the events."""
        return self.told.source

    @property
    def cost_per_image_usd(self) -> float:
        """Compute of a picture in US dollars."""
        return self.cost_mills / 10_000


def marked(figure: go.Figure, drawn: pd.DataFrame, day: str, view: View, said: Words) -> go.Figure:
    """Return the figure of ``drawn`` with the events of the market, never on a made-up history."""
    if not view.times.show_events or view.told.evidence_kind == "simulated" or drawn.empty:
        return figure
    between = annotations.first_and_last(drawn[day])
    return annotations.mark_events(figure, cache.study(marks), between, said)


def choose(held: Histories, section: str, said: Words) -> View:
    """Show the controls of a section and return what they hold."""
    with st.container(border=True):
        told, payments, spend = _histories(held, said)
        if section == "retention":
            return _retention(told, payments, spend, said)
        if section == "conversion":
            return _conversion(told, payments, spend, said)
        if section == "trials":
            return _trial(told, payments, spend, said)
        if section == "value":
            return _value(told, payments, spend, said)
        if section == "channels":
            columns = st.columns(3)
            with columns[0]:
                mills = _cost(said)
            with columns[1]:
                label = said.t("Age looked at (days)")
                horizon = _code("horizon_days", label, ("30", "90"), "90", said)
            return View(told, payments, spend, cost_mills=mills, horizon_days=int(horizon))
        return View(told, payments, spend)


def _histories(held: Histories, said: Words) -> tuple[Definitions, str, str]:
    known = list(held.events["source"])
    columns = st.columns(3)
    with columns[0]:
        source = _code("source", said.t("Events"), tuple(known), known[0], said)
    told = cache.study(definitions, source)
    chosen = []
    for column, key, label, found in (
        (columns[1], "payments", said.t("Payments"), held.subscriptions_beside(source)),
        (columns[2], "spend", said.t("Spend"), held.spend_beside(source)),
    ):
        with column:
            options = (*found, NONE)
            chosen.append(_code(key, label, options, nearest(source, found) or NONE, said))
    payments, spend = ("" if code == NONE else code for code in chosen)
    return told, payments, spend


def _retention(told: Definitions, payments: str, spend: str, said: Words) -> View:
    rules = names.rules(said)
    first = st.columns([3, 2, 2, 2, 2])
    with first[0]:
        rule = _code("rule", said.t("Rule"), RULE_NAMES, "n_day", said, rules)
        st.caption(said.t("What each rule counts"), help=names.rule_helps(said))
    periods = {"day": said.t("days"), "week": said.t("weeks"), "month": said.t("months")}
    daily = rule in ("n_day_24h", "rolling_window")
    with first[1]:
        allowed = PERIODS[:1] if daily else PERIODS
        period = _code("period", said.t("Counted in"), allowed, "day", said, periods)
    with first[2]:
        groups = {"day": said.t("day"), "week": said.t("week"), "month": said.t("month")}
        offered = PERIODS if period == "day" else (period,)
        default = "week" if period == "day" else period
        group = _code("group", said.t("Cohorts by"), offered, default, said, groups)
    held = tuple(cache.study(event_names, told.source))
    words = names.events(said)
    with first[3]:
        target = _event("target", said.t("Begins with"), held, told.begins, words, said)
    with first[4]:
        back = _event(
            "returning", said.t("Comes back by"), held, told.definition.active, words, said
        )
    usual = {"cohort": "first_time", "week_start": "monday", "zone": "UTC", "split": NONE}
    # What was chosen otherwise, here or by a link, stays in sight.
    opened = any(st.query_params.get(key, code) != code for key, code in usual.items())
    with st.expander(said.t("More choices"), icon=":material/tune:", expanded=opened):
        second = st.columns(5)
    with second[0]:
        kinds = {
            "first_time": said.t("once, by the first"),
            "recurring": said.t("in every period again"),
        }
        label = said.t("Users belong")
        cohort = _code("cohort", label, tuple(kinds), usual["cohort"], said, kinds)
    with second[1]:
        starts = {"monday": said.t("Monday"), "sunday": said.t("Sunday")}
        label = said.t("Weeks begin")
        start = _code("week_start", label, tuple(starts), usual["week_start"], said, starts)
    with second[2]:
        zone = _zone(said)
    with second[3]:
        splits = {NONE: said.t("nothing")} | names.attributes(said)
        split = _code("split", said.t("Split by"), (NONE, *SPLITS), usual["split"], said, splits)
    with second[4]:
        claimants = _claimants(said)
        codes = tuple(claimants)
        claim = _code("claim", said.t("Published figure"), codes, codes[0], said, claimants)
    segment = _segment(told, "" if split == NONE else split, said)
    choice = RetentionChoice(
        told.source,
        rule=rule,
        cohort=cohort,
        period=period,
        week_start=start,
        horizon=HORIZONS[period],
        zone=zone,
        target=target,
        returning=back,
        split="" if split == NONE else split,
        segment=segment,
        group=group,
    )
    return View(told, payments, spend, choice, _all_rules(told, said), claim)


def _event(
    key: str, label: str, held: tuple[str, ...], default: str, words: dict[str, str], said: Words
) -> str:
    """Offer the events of the source; ``any`` stands for every one of them."""
    options = ("any", *held)
    named = {"any": said.t("any event")} | {name: words.get(name, name) for name in held}
    code = _code(key, label, options, default or "any", said, named)
    return "" if code == "any" else code


def _zone(said: Words) -> str:
    wanted = st.query_params.get("zone")
    known = (
        ZONES
        if wanted in (None, *ZONES) or wanted not in available_timezones()
        else (
            *ZONES,
            str(wanted),
        )
    )
    return _code("zone", said.t("Clock"), known, "UTC", said)


def _segment(told: Definitions, split: str, said: Words) -> str:
    if not split:
        permalinks.leave_out("segment")
        return ""
    found = cache.study(_values, told.source, split)
    options = (NONE, *found)
    named = {NONE: said.t("all of them")}
    code = _code("segment", said.t("Shown in the triangle"), options, NONE, said, named)
    return "" if code == NONE else code


def _values(reader: Reader, source: str, split: str) -> tuple[str, ...]:
    if split not in SPLITS:
        raise InputError(f"got the attribute {split!r}", f"one of {', '.join(SPLITS)}")
    found = reader.query(
        f"SELECT {split} AS value FROM paid_conversion WHERE source = ? AND {split} IS NOT NULL "
        "GROUP BY ALL ORDER BY sum(size) DESC, value",
        [source],
    )
    return tuple(str(value) for value in found["value"])


def _claimants(said: Words) -> dict[str, str]:
    """Return who published figures, by the code of each, in the reader's language."""
    found = cache.ask(_entities).to_dict("records")
    return {str(row["entity"]): labels.company(row, said, "entity") for row in found} or {
        NONE: said.t("none")
    }


def _entities(reader: Reader) -> pd.DataFrame:
    return reader.query(
        "SELECT entity, min(entity_zh) AS entity_zh, "
        "min(confidence <> 'stated') AS told_by_others FROM disclosed_facts "
        "WHERE metric IN ('retention_d1', 'retention_d7', 'retention_d30') GROUP BY entity "
        "ORDER BY told_by_others, entity"
    )


def _all_rules(told: Definitions, said: Words) -> bool:
    if told.n_events <= FEW_EVENTS:
        return True
    choices = {
        "0": said.t("published figures alone"),
        "1": said.t("all rules, counted from the events (takes a while)"),
    }
    label = said.t("Beside the published figures")
    return _code("all_rules", label, tuple(choices), "0", said, choices) == "1"


def _conversion(told: Definitions, payments: str, spend: str, said: Words) -> View:
    columns = st.columns([2, 5, 2])
    with columns[0]:
        groups = {"week": said.t("week"), "month": said.t("month")}
        group = _code("cohorts", said.t("Cohorts by"), ("month", "week"), "month", said, groups)
    with columns[1]:
        offered = [*told.funnel_steps]
        held = [n for n in cache.study(event_names, told.source) if n != told.begins]
        offered += [name for name in held if name not in offered]
        default = list(told.funnel_steps)
        permalinks.restore("steps", permalinks.several_of(offered, said), default, said)
        words = names.events(said)
        st.multiselect(
            said.t("Steps of the funnel after the beginning, in order"),
            offered,
            key="steps",
            format_func=lambda name: str(words.get(name, name)),
            wrap=True,
        )
        steps: list[str] = st.session_state["steps"]
        permalinks.remember("steps", ",".join(steps))
    with columns[2]:
        options = tuple(str(days) for days in WINDOWS)
        window = _code("window", said.t("Window (days)"), options, str(told.funnel_days), said)
    return View(told, payments, spend, group=group, steps=tuple(steps), window_days=int(window))


def _trial(told: Definitions, payments: str, spend: str, said: Words) -> View:
    columns = st.columns(3)
    mills = 0
    with columns[2]:
        mills = _cost(said)
    found = cache.study(trials, told.source) if told.in_lake else None
    if found is None or found.empty:
        return View(told, payments, spend, cost_mills=mills)
    known = tuple(dict.fromkeys(found["experiment_id"]))
    with columns[0]:
        experiment = _code("experiment", said.t("Trial"), known, known[-1], said)
    arms = tuple(found.loc[found["experiment_id"] == experiment, "variant"])
    with columns[1]:
        first = "control" if "control" in arms else arms[0]
        control = _code("control", said.t("Compared with"), arms, first, said)
    return View(told, payments, spend, experiment=experiment, control=control, cost_mills=mills)


def _cost(said: Words) -> int:
    """Offer the compute of a picture in hundredths of a cent, first the published figure."""
    fact = cache.study(cost_fact)
    default = round(10_000 * float(fact["value"])) if fact else 0
    permalinks.restore("cost", permalinks.whole_number(0, MOST_MILLS, said), default, said)
    mills = st.number_input(
        said.t("Compute of a picture (hundredths of a US cent)"),
        0,
        MOST_MILLS,
        key="cost",
        help=said.t(
            "Begins with a third party's published estimate of a self-hosted picture; your own "
            "measurement is better."
        ),
    )
    permalinks.remember("cost", str(mills))
    return int(mills)


def _value(told: Definitions, payments: str, spend: str, said: Words) -> View:
    if not payments:
        return View(told, payments, spend)
    plans = tuple(cache.study(products, payments))
    columns = st.columns(3)
    product = ""
    if plans:
        with columns[0]:
            product = _code("plan", said.t("Plan"), plans, plans[0], said)
    with columns[1]:
        permalinks.restore("discount", permalinks.whole_number(0, 100, said), 10, said)
        discount = st.number_input(said.t("Discount rate (% a year)"), 0, 100, key="discount")
        permalinks.remember("discount", str(discount))
    with columns[2]:
        timings = {
            "start": said.t("at once, the first counts in full"),
            "end": said.t("at the end of each period"),
        }
        timing = _code("timing", said.t("Payments come"), tuple(timings), "start", said, timings)
    return View(
        told, payments, spend, product=product, discount_percent=int(discount), timing=timing
    )


def _code(
    key: str,
    label: str,
    options: tuple[str, ...],
    default: str,
    said: Words,
    named: dict[str, str] | None = None,
) -> str:
    """Offer codes and return the chosen one, which stands in the address."""
    shown = {NONE: said.t("none")} | (named or {})
    if st.session_state.get(key) not in (None, *options):
        permalinks.forget(key)
    first = default if default in options else options[0]
    permalinks.restore(key, permalinks.one_of(options, said), first, said)
    st.selectbox(label, options, key=key, format_func=lambda code: str(shown.get(code, code)))
    return permalinks.chosen(key)
