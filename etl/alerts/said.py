"""The sentences of alerts in English and Chinese.

They stand here and not in a catalogue of the interface: what is sent is said without it, and the
Overview says the same.
"""

from __future__ import annotations

KINDS = {
    "en": {k: k for k in ("measured", "disclosed", "estimated", "simulated", "assumed")},
    "zh": {
        "measured": "实测",
        "disclosed": "披露",
        "estimated": "估计",
        "simulated": "模拟",
        "assumed": "假设",
    },
}
UNITS: dict[str, dict[str, str]] = {
    "en": {"USD/1,000 images": "USD per 1,000 pictures"},
    "zh": {"USD/1,000 images": "美元/千张图片", "rows": "行"},
}
SAID = {
    "en": {
        "raised": "Alert {rule}: {subject}",
        "cleared": "Over: {rule}: {subject}",
        "simulated": "Simulated data: {text}",
        "app_enters_top": "{app} stands at position {value} in the {storefront} {chart} chart, "
        "{category} (line: {line}).",
        "app_fell": "{app} fell to position {value} in the {storefront} {chart} chart, "
        "{category} (line: {line}).",
        "app_left": "{app} is not among the positions that were read of the {storefront} {chart} "
        "chart, {category} (line: {line}).",
        "chart_free": "free",
        "chart_paid": "paid",
        "chart_grossing": "grossing",
        "abnormal_return": "{subject}: abnormal return of {value} on {day}, its last trading day, "
        "t = {t} (line: ±{line}), by the market model against {benchmark}. The day was picked by "
        "its price: described, not tested, and a move names no cause.",
        "abnormal_calm": "{subject}: the last trading day, {day}, is ordinary again (t = {t}).",
        "retention_drop": "{subject}: {stay} is {value} of the {size} users who began in the week "
        "of {week} (95% interval up to {high}); of the {weeks} weekly cohorts before it, {before} "
        "(lower end of the interval: {line}).",
        "retention_drop_one": "{subject}: {stay} is {value} of the {size} users who began in the "
        "week of {week} (95% interval up to {high}); of the weekly cohort before it, {before} "
        "(lower end of the interval: {line}).",
        "retention_back": "{subject}: {stay} is {value} in the newest complete weekly cohort, no "
        "longer below the interval of those before it.",
        "crosses_above": "{subject}: {value}, above the line of {line}.",
        "crosses_below": "{subject}: {value}, below the line of {line}.",
        "crosses_back": "{subject}: {value}; the line of {line} is no longer crossed.",
        "source_failed": "The last run of {subject} failed: {error}",
        "source_stale": "{subject} is stale: its next observation is overdue.",
        "source_fresh": "{subject} is neither stale nor failed any more.",
        "no_words": "no reason was given",
        "evidence": "Evidence: {kind}; as of {day}; {source}",
        "evidence_undated": "Evidence: {kind}; day not known; {source}",
        "since": "The alert began on {at}.",
        "several_raised": "{n} alerts: {rules}",
        "several_cleared": "{n} alerts are over: {rules}",
        "several": "{raised} alerts, {cleared} over: {rules}",
        "several_one": "1 alert, {cleared} over: {rules}",
        "between_rules": ", ",
        "between_parts": "; ",
        "removed": "The rule was edited and no longer looks at this.",
    },
    "zh": {
        "raised": "警报 {rule}：{subject}",
        "cleared": "解除 {rule}：{subject}",
        "simulated": "模拟数据：{text}",
        "app_enters_top": "{app} 在 {storefront} {chart}（{category}）排名第 {value}"
        "（警戒线：第 {line} 名）。",
        "app_fell": "{app} 在 {storefront} {chart}（{category}）跌至第 {value} 名"
        "（警戒线：第 {line} 名）。",
        "app_left": "{app} 未出现在所采集的 {storefront} {chart}（{category}）排名之内"
        "（警戒线：第 {line} 名）。",
        "chart_free": "免费榜",
        "chart_paid": "付费榜",
        "chart_grossing": "畅销榜",
        "abnormal_return": "{subject}：最近交易日（{day}）的超额收益为 {value}，t = {t}"
        "（警戒线：±{line}），市场模型，基准 {benchmark}。该日因股价异动才被选中：只描述、不检验；"
        "波动本身不说明原因。",
        "abnormal_calm": "{subject}：最近交易日（{day}）恢复正常（t = {t}）。",
        "retention_drop": "{subject}：{week} 当周新增的 {size} 名用户，{stay}为 {value}"
        "（95% 区间上限 {high}）；此前 {weeks} 个周同期群为 {before}（区间下限 {line}）。",
        "retention_drop_one": "{subject}：{week} 当周新增的 {size} 名用户，{stay}为 {value}"
        "（95% 区间上限 {high}）；此前一个周同期群为 {before}（区间下限 {line}）。",
        "retention_back": "{subject}：最近一个完整周同期群的{stay}为 {value}，"
        "已不低于此前各同期群的区间。",
        "crosses_above": "{subject}：{value}，高于警戒线 {line}。",
        "crosses_below": "{subject}：{value}，低于警戒线 {line}。",
        "crosses_back": "{subject}：{value}，不再越过警戒线 {line}。",
        "source_failed": "{subject} 最近一次采集失败：{error}",
        "source_stale": "{subject} 的数据已过期：新的观测逾期未到。",
        "source_fresh": "{subject} 不再过期，采集也不再失败。",
        "no_words": "未给出原因",
        "evidence": "证据：{kind}；截至 {day}；{source}",
        "evidence_undated": "证据：{kind}；日期未知；{source}",
        "since": "警报始于 {at}。",
        "several_raised": "{n} 条警报：{rules}",
        "several_cleared": "{n} 条警报已解除：{rules}",
        "several": "{raised} 条警报，{cleared} 条解除：{rules}",
        "several_one": "1 条警报，{cleared} 条解除：{rules}",
        "between_rules": "、",
        "between_parts": "；",
        "removed": "规则已修改，不再关注此对象。",
    },
}
GONE = "the rule gives no reading of it any more"
REASONS = {
    GONE: "规则不再给出它的读数",
    "no dated reading of this chart is held": "没有该榜单带日期的读数",
    "how deep the chart was read is not known": "榜单的采集深度未知",
    "no benchmark is named for this share": "该股票没有指定基准指数",
    "the last day cannot be measured: too few bars of it or its benchmark": "最近交易日无法测算："
    "该股票或其基准的行情不足",
    "fewer than two weekly cohorts have had their full time": "观察期完整的周同期群不足两个",
    "a cohort of fewer than 50 users says too little": "同期群不足 50 名用户，说明不了什么",
    "the value is missing": "数值缺失",
    "this source was never collected": "该数据源从未采集",
}
"""Why nothing is known, in Chinese by what it is in English."""
REASONS_WITH_NUMBERS = {
    r"the last bar is of (\S+), more than (\d+) days ago: collect newer ones": "最后一条行情为"
    " {0}，已超过 {1} 天：请采集更新的行情",
    r"the chart was read (\d+) deep, top (\d+) cannot be seen: set top and leaves to \d+ or "
    r"collect deeper": "榜单只采集到第 {0} 名，无从判断是否进入前 {1} 名：请将 top 与 leaves 设为"
    " {0}，或加深采集",
    r"the chart was read (\d+) deep, leaves (\d+) cannot be seen: set leaves to \d+ or "
    r"collect deeper": "榜单只采集到第 {0} 名，无从判断是否跌出第 {1} 名（leaves）：请将 leaves "
    "设为 {0}，或加深采集",
}
"""The same with numbers in them, by what they match in English."""
SOURCES_ZH = {
    "abnormal_return": "市场模型，基准 {benchmark}，120 个交易日",
    "retention_drop": "{subject} 的周同期群，95% Wilson 区间",
    "cost_crosses": "速度为{speed}；每小时 {price} 美元、平均利用率 {use} 为假设",
    "scenario_crosses": "情景 {subject}",
    "query_crosses": "规则中的自定义查询",
    "source_stale": "运行记录",
}
"""What the source of a kind of rule is called in Chinese; a chart keeps the name of its source."""
