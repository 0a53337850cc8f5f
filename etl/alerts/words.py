"""What is said about an alert, in English and Chinese: its subject, and sentences with evidence."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from etl.alerts import rules
from etl.alerts.reading import Reading
from etl.delivery.message import Message

_LOCALES = {"en": "en_GB", "zh": "zh_CN"}
_KINDS = {
    "en": {k: k for k in ("measured", "disclosed", "estimated", "simulated", "assumed")},
    "zh": {
        "measured": "实测",
        "disclosed": "披露",
        "estimated": "估计",
        "simulated": "模拟",
        "assumed": "假设",
    },
}
_SAID = {
    "en": {
        "raised": "Alert {rule}: {subject}",
        "cleared": "Over: {rule}: {subject}",
        "app_enters_top": "{app} stands at position {value} in the {storefront} chart "
        "(line: {line}).",
        "app_left": "{app} is no longer among the first {line} of the {storefront} chart.",
        "abnormal_return": "{subject}: abnormal return {value} on its last trading day, t = {t} "
        "(line: ±{line}), by the market model against {benchmark}. A move alone names no cause.",
        "abnormal_calm": "{subject}: the last trading day is ordinary again (t = {t}).",
        "retention_drop": "{subject}: {value} of {size} users of the newest weekly cohort came "
        "back on day {day} (95% interval up to {high}); of the {weeks} cohorts before it {before}, "
        "lower end of the interval {line}.",
        "retention_back": "{subject}: day-{day} retention is back within its interval ({value}).",
        "crosses": "{subject}: {value} {unit} (line: {line}).",
        "source_failed": "The last run of {subject} failed: {error}",
        "source_stale": "{subject} is stale.",
        "source_fresh": "{subject} is collected again.",
        "evidence": "Evidence: {kind}; as of {day}; {source}",
        "removed": "The rule or its subject is no longer there.",
        "unknown_day": "unknown",
    },
    "zh": {
        "raised": "警报 {rule}：{subject}",
        "cleared": "解除：{rule}：{subject}",
        "app_enters_top": "{app} 在 {storefront} 榜单排名第 {value}（警戒线：{line}）。",
        "app_left": "{app} 已不在 {storefront} 榜单前 {line} 名。",
        "abnormal_return": "{subject}：最近交易日的异常收益 {value}，t = {t}（警戒线：±{line}），"
        "市场模型，基准 {benchmark}。仅凭波动不能说明原因。",
        "abnormal_calm": "{subject}：最近交易日恢复正常（t = {t}）。",
        "retention_drop": "{subject}：最新一周的 {size} 名用户中 {value} 在第 {day} 天回访"
        "（95% 区间上限 {high}）；此前 {weeks} 个同期群为 {before}，区间下限 {line}。",
        "retention_back": "{subject}：第 {day} 天留存率回到区间内（{value}）。",
        "crosses": "{subject}：{value} {unit}（警戒线：{line}）。",
        "source_failed": "{subject} 最近一次采集失败：{error}",
        "source_stale": "{subject} 的数据已过期。",
        "source_fresh": "{subject} 已恢复采集。",
        "evidence": "证据：{kind}；截至 {day}；{source}",
        "removed": "规则或其对象已不存在。",
        "unknown_day": "未知",
    },
}


def message(rule: rules.Rule, reading: Reading, *, is_raised: bool) -> Message:
    """Return what is sent about the beginning or the end of an alert."""
    said = _SAID[rule.language]
    head = said["raised" if is_raised else "cleared"]
    text = "\n".join(
        filter(None, (sentence(rule, reading, is_raised=is_raised), _proof(rule, reading)))
    )
    return Message(head.format(rule=rule.name, subject=reading.subject), text, link=reading.link)


def sentence(rule: rules.Rule, reading: Reading, *, is_raised: bool = True) -> str:
    """Say in one sentence what a reading found."""
    said, told = _SAID[rule.language], dict(reading.told)
    locale = _LOCALES[rule.language]
    told |= {"subject": reading.subject, "unit": reading.unit}
    told |= {"value": _number(reading.value, locale), "line": _number(reading.line, locale)}
    if isinstance(rule, rules.AppEntersTop):
        return said["app_enters_top" if is_raised else "app_left"].format(**told)
    if isinstance(rule, rules.AbnormalReturn):
        told |= {"value": _percent(reading.value, locale, signed=True)}
        told["t"] = _number(told.get("t"), locale)
        return said["abnormal_return" if is_raised else "abnormal_calm"].format(**told)
    if isinstance(rule, rules.RetentionDrop):
        shares = ("high", "before")
        told |= {name: _percent(told.get(name), locale) for name in shares}
        told |= {"value": _percent(reading.value, locale), "line": _percent(reading.line, locale)}
        return said["retention_drop" if is_raised else "retention_back"].format(**told)
    if isinstance(rule, rules.SourceStale):
        if not is_raised:
            return said["source_fresh"].format(**told)
        failed = bool(told.get("failed"))
        return said["source_failed" if failed else "source_stale"].format(**told)
    return said["crosses"].format(**told)


def _proof(rule: rules.Rule, reading: Reading) -> str:
    said, kinds = _SAID[rule.language], _KINDS[rule.language]
    if not reading.evidence_kind:
        return ""
    day = _day(reading.as_of, _LOCALES[rule.language]) or said["unknown_day"]
    kind = kinds.get(reading.evidence_kind, reading.evidence_kind)
    source = " ".join(filter(None, (reading.source, reading.url)))
    return said["evidence"].format(kind=kind, day=day, source=source)


def removed(rule_name: str, subject: str, language: str = "en") -> Message:
    """Return what is sent about an alert whose rule or subject is gone."""
    said = _SAID[language]
    return Message(said["cleared"].format(rule=rule_name, subject=subject), said["removed"])


def _day(day: date | None, locale: str) -> str:
    return "" if day is None else format_date(day, "medium", locale=locale)


def _number(x: float | None, locale: str) -> str:
    if x is None:
        return "–"
    size = abs(x)
    pattern = "#,##0" if size >= 1_000 or x == int(x) else "#,##0.00" if size >= 0.1 else "0.####"
    return format_decimal(x, format=f"{pattern};−{pattern}", locale=locale)


def _percent(x: float | None, locale: str, *, signed: bool = False) -> str:
    if x is None:
        return "–"
    return format_percent(x, format=f"{'+' * signed}0.0%;−0.0%", locale=locale)
