"""The names and units of published figures in words."""

from __future__ import annotations

from dashboard.text import Words


def metric_name(metric: str, said: Words) -> str:
    """Name a figure of a filing or a claim; an unusual one keeps its code."""
    told = {
        **_users(said),
        **_money(said),
        **_prices(said),
        **_shares(said),
        **_other(said),
    }
    return told.get(metric, metric)


def unit_name(unit: str, said: Words) -> str:
    """Write the unit of a published figure; currencies keep their ISO codes.

    A ratio has none: see :func:`in_per_cent`.
    """
    told = _units(said)
    whole = unit.replace("USD ARR", "USD/year")
    return "/".join(told.get(part, part) for part in whole.split("/"))


def in_per_cent(value: float, unit: str, said: Words) -> tuple[float, str]:
    """Return a figure with its unit as they are read: a ratio in per cent."""
    return (100 * value, "%") if unit == "ratio" else (value, unit_name(unit, said))


def _units(said: Words) -> dict[str, str]:
    return {
        "100 credits": said.t("100 credits"),
        "A100-hours": said.t("A100 hours"),
        "GPU-hour": said.t("GPU hour"),
        "GPU-minute": said.t("GPU minutes"),
        "count": said.t("number"),
        "day": said.t("day"),
        "event": said.t("event"),
        "hour": said.t("hour"),
        "hours": said.t("hours"),
        "image": said.t("picture"),
        "job": said.t("job"),
        "million output tokens": said.t("million output tokens"),
        "month": said.t("month"),
        "pack": said.t("pack"),
        "period unclear": said.t("period not clear"),
        "rank": said.t("position"),
        "seconds": said.t("seconds"),
        "server": said.t("server"),
        "share": said.t("one share"),
        "shares": said.t("shares"),
        "user": said.t("user"),
        "week": said.t("week"),
        "year": said.t("year"),
    }


def _users(said: Words) -> dict[str, str]:
    """Name figures of users, their apps and plans."""
    return {
        "cancel_day0_share": said.t("Cancelled on the first day"),
        "dau": said.t("Daily active users"),
        "download_to_paid_d30": said.t("Payers within 30 days ÷ installs"),
        "download_to_paid_d35": said.t("Payers within 35 days ÷ installs"),
        "download_to_trial": said.t("Trials ÷ installs"),
        "downloads": said.t("Downloads"),
        "downloads_incremental": said.t("Additional downloads"),
        "downloads_share": said.t("Share of downloads"),
        "effect_users": said.t("Users of an effect"),
        "free_trial_images": said.t("Pictures of a free trial"),
        "installs_growth": said.t("Growth of installs"),
        "involuntary_churn_share": said.t("Payers lost to failed payments"),
        "mau": said.t("Monthly active users"),
        "mau_productivity": said.t("Monthly active users, productivity apps"),
        "mau_roboneo": said.t("Monthly active users, RoboNeo"),
        "mau_vmake": said.t("Monthly active users, Vmake"),
        "monthly_plan_share": said.t("Share of monthly plans"),
        "new_app_users_first_days": said.t("New users in the first days"),
        "new_users": said.t("New users"),
        "new_users_day": said.t("New users a day"),
        "paying_subscribers": said.t("Paying subscribers"),
        "paying_subscribers_design_studio": said.t("Paying subscribers, design studio"),
        "paying_subscribers_lifestyle": said.t("Paying subscribers, lifestyle apps"),
        "paying_subscribers_productivity": said.t("Paying subscribers, productivity apps"),
        "potential_users": said.t("Possible users"),
        "refund_rate": said.t("Payments refunded"),
        "refund_rate_upper": said.t("Payments refunded, upper end"),
        "registered_users": said.t("Registered users"),
        "renewal_rate_first_annual": said.t("First renewal of annual plans"),
        "retention_annual_y1": said.t("Annual plans kept after a year"),
        "retention_d1": said.t("Back on day 1"),
        "retention_d30": said.t("Back on day 30"),
        "retention_d7": said.t("Back on day 7"),
        "retention_monthly_y1": said.t("Monthly plans kept after a year"),
        "retention_weekly_y1": said.t("Weekly plans kept after a year"),
        "subscription_penetration_rate": said.t("Subscribers ÷ monthly actives"),
        "trial_conversion": said.t("Payers ÷ trials"),
        "trial_start_day0_share": said.t("Trials begun on the first day"),
        "users_per_server": said.t("Users of a server"),
        "wau": said.t("Weekly active users"),
    }


def _money(said: Words) -> dict[str, str]:
    """Name figures of what firms take and spend."""
    return {
        "adjusted_net_profit": said.t("Adjusted net profit"),
        "adjusted_net_profit_growth": said.t("Growth of adjusted net profit"),
        "ai_revenue": said.t("Revenue of AI"),
        "ai_revenue_broad": said.t("Revenue of AI, widely counted"),
        "annual_plan_revenue_share": said.t("Revenue share of annual plans"),
        "arr": said.t("Recurring revenue a year (ARR)"),
        "arr_ai": said.t("Recurring revenue a year (ARR) of AI"),
        "cash": said.t("Cash"),
        "cloud_purchase_commitment": said.t("Commitment to buy cloud services"),
        "consumer_spend_cumulative": said.t("Users' spending, cumulative"),
        "consumer_spend_daily": said.t("Users' spending a day"),
        "consumer_spend_share": said.t("Share of users' spending"),
        "contract_value": said.t("Value of a contract"),
        "crypto_disposal_gain": said.t("Gain on selling crypto assets"),
        "gross_margin": said.t("Gross margin"),
        "monthly_plan_revenue_share": said.t("Revenue share of monthly plans"),
        "net_profit": said.t("Net profit"),
        "one_off_expense": said.t("One-off expense"),
        "operating_expense": said.t("Operating expense"),
        "rd_expense": said.t("Research and development"),
        "revenue": said.t("Revenue"),
        "revenue_advertising": said.t("Revenue of advertising"),
        "revenue_beauty_solutions": said.t("Revenue of beauty solutions"),
        "revenue_design_studio": said.t("Revenue of the design studio"),
        "revenue_growth": said.t("Growth of revenue"),
        "revenue_imaging_design": said.t("Revenue of imaging and design products"),
        "revenue_per_install_d14": said.t("Revenue per install, 14 days"),
        "revenue_per_install_d60": said.t("Revenue per install, 60 days"),
        "revenue_saas": said.t("Revenue of software services"),
        "revenue_share_overseas": said.t("Revenue from abroad ÷ revenue"),
        "revenue_subscription": said.t("Revenue of subscriptions"),
        "rltv_12m": said.t("Realised value of a payer, 12 months"),
        "rltv_annual": said.t("Realised value of a payer, annual plan"),
        "rltv_monthly": said.t("Realised value of a payer, monthly plan"),
        "weekly_plan_revenue_share": said.t("Revenue share of weekly plans"),
    }


def _prices(said: Words) -> dict[str, str]:
    """Name figures of prices and machines."""
    return {
        "channel_cost_growth": said.t("Growth of channel costs"),
        "cloud_compute_cost_growth": said.t("Growth of cloud and computing costs"),
        "compute_cost": said.t("Cost of computing"),
        "compute_cost_per_image": said.t("Cost of computing a picture"),
        "compute_cost_share_of_revenue": said.t("Cost of computing ÷ revenue"),
        "generation_latency_api": said.t("Time to a picture, API"),
        "generation_latency_free": said.t("Time to a picture, free users"),
        "generation_latency_local": said.t("Time to a picture, on the device"),
        "gpu_card_price": said.t("Price of a GPU"),
        "gpu_hour_price": said.t("Price of a GPU hour"),
        "gpu_hour_price_change": said.t("Change of the price of a GPU hour"),
        "gpu_hour_price_extra": said.t("Price of a further GPU hour"),
        "gpu_hour_price_serverless": said.t("Price of a GPU hour, serverless"),
        "gpu_minutes_per_job": said.t("GPU minutes of a job"),
        "gpu_server_price": said.t("Price of a GPU server"),
        "image_api_price": said.t("Price of a picture, API"),
        "image_token_price": said.t("Price of picture tokens"),
        "included_gpu_hours": said.t("GPU hours included"),
        "model_parameters": said.t("Parameters of a model"),
        "price_per_image_implied": said.t("Price of a picture, implied"),
        "price_per_job_implied": said.t("Price of a job, implied"),
        "price_plan": said.t("Price of a plan"),
        "server_cost_per_user": said.t("Server cost per user"),
        "training_cost": said.t("Cost of training"),
        "training_gpu_hours": said.t("GPU hours of training"),
    }


def _shares(said: Words) -> dict[str, str]:
    """Name figures of shares and deals."""
    return {
        "acquisition_price": said.t("Price of an acquisition"),
        "deal_value": said.t("Value of a deal"),
        "funding": said.t("Funding"),
        "index_change": said.t("Change of an index"),
        "ipo_price": said.t("Issue price of a share"),
        "market_cap": said.t("Market value"),
        "merger_cash_per_share": said.t("Cash for a share in a merger"),
        "share_price_change": said.t("Change of the share price"),
        "share_price_close": said.t("Closing price of a share"),
        "share_price_intraday_change": said.t("Change of the share price within the day"),
        "share_price_intraday_high": said.t("Highest share price of the day"),
        "share_price_intraday_high_change": said.t(
            "Highest change of the share price within the day"
        ),
        "share_price_premarket_change": said.t("Change of the share price before the opening"),
        "shares_outstanding": said.t("Shares outstanding"),
        "valuation": said.t("Valuation"),
    }


def _other(said: Words) -> dict[str, str]:
    """Name figures of all else."""
    return {
        "ai_interactions_month": said.t("AI interactions a month"),
        "ai_usage_share": said.t("Users who use AI functions"),
        "aigc_products_live": said.t("AI products on offer"),
        "app_rank": said.t("Position in the chart"),
        "app_rank_top10_markets": said.t("Markets where it is among the first ten"),
        "app_rank_top4_count": said.t("Markets where it is among the first four"),
        "arppu": said.t("Revenue per payer"),
        "commercial_launch": said.t("Commercial launch"),
        "discord_members": said.t("Members on Discord"),
        "employees": said.t("Employees"),
        "feature_launch": said.t("Launch of a function"),
        "free_credits_month": said.t("Free credits a month"),
        "free_images_per_day": said.t("Free pictures a day"),
        "hashtag_share_japan": said.t("Share of a hashtag in Japan"),
        "images_generated": said.t("Pictures made"),
        "images_per_day": said.t("Pictures a day"),
        "included_credits_month": said.t("Credits included a month"),
        "lawsuit_images_claimed": said.t("Pictures claimed in a lawsuit"),
        "market_share": said.t("Market share"),
        "market_size": said.t("Market size"),
        "platform_questions_companies": said.t("Companies asked on the exchange's platform"),
        "share_of_apps": said.t("Share of apps"),
    }
