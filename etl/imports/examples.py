"""A short file of each kind as it may be brought in, for pages that say what a file must hold.

The values are nobody's: they show forms, and are never brought in by the program itself.
"""

from __future__ import annotations

EXAMPLES = {
    "events": """\
user_id,event_name,event_at,country,channel,amount,currency
u1,install,2026-11-01T08:00:00Z,JP,organic,,
u1,session_start,2026-11-02 09:30:00,JP,organic,,
u1,purchase,2026-11-02 09:41:00,JP,organic,480,JPY
""",
    "subscriptions": """\
user_id,product_id,purchased_at,period_months,price,currency
u1,pro_monthly,2026-11-02T09:41:00Z,1,480,JPY
u2,pro_yearly,2026-11-03T20:10:00Z,12,4800,JPY
""",
    "spend": """\
spend_date,channel,campaign,country,spend,installs,currency
2026-11-01,search ads,brand,JP,120.50,300,USD
2026-11-02,search ads,brand,JP,98.00,240,USD
""",
    "charts": """\
observed_on,storefront,chart_type,category,rank,app_id
2026-11-01,JP,free,photo_and_video,1,com.example.painter
2026-11-02,JP,free,photo_and_video,3,com.example.painter
""",
    "prices": """\
ticker,trade_date,adjusted_close,volume,currency
1357.HK,2022-12-01,1.30,21000000,HKD
1357.HK,2022-12-02,1.42,35000000,HKD
""",
    "market-events": """\
event_date,entity,ticker,title_en
2026-11-03,Example Painter,,A picture made in one second
2026-11-10,Example Painter,,A price of 480 yen a month
""",
    "financials": """\
ticker,company,period,period_end,metric,value,unit,currency,source_title,source_url
1357.HK,Example,FY2025,2025-12-31,revenue,1000000,currency,CNY,Annual report,https://example.org
""",
    "facts": """\
entity,metric,value,unit,known_on,source_title,source_url
Example Painter,retention_d1,0.4,ratio,2026-11-01,An interview,https://example.org
""",
    "gpu-bills": """\
period_start,period_end,provider,gpu_name,gpu_hours,amount,currency
2026-10-01,2026-10-31,Example Cloud,H100,1440,4300,USD
""",
}
