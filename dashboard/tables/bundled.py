"""Titles of sources and notes of bundled tables, in the reader's language.

They are written in English in the data. The sentences stand here as they are written there, so
that one found in the data is said in the language of the page; any other is left as it is.
"""

from __future__ import annotations

from functools import lru_cache

from dashboard.text import Words, words

_OWN_FILES = " imported from the user's own files"


def title(text: str, said: Words) -> str:
    """Return the title of a source."""
    verb, own, rest = text.partition(_OWN_FILES)
    if own and not rest:
        return said.t("{kind} imported from the user's own files", kind=_history(verb, said))
    return _known(said).get(text, text)


def source_name(code: str, said: Words) -> str:
    """Name what a source holds, by its code; an own or unknown one by the code itself."""
    names = {
        "app_chart_ranks": said.t("positions in charts"),
        "app_rating_counts": said.t("rating counts"),
        "apps": said.t("the list of apps"),
        "compute_benchmarks": said.t("measured runs"),
        "compute_loads": said.t("measured loads"),
        "concept_groups": said.t("the list of concept shares"),
        "disclosed_facts": said.t("published figures"),
        "financials": said.t("figures of companies"),
        "fx_rates": said.t("exchange rates"),
        "gpus": said.t("the list of cards"),
        "instruments": said.t("the list of shares"),
        "market_events": said.t("events of the market"),
        "net_proceeds": said.t("the stores' terms"),
        "published_benchmarks": said.t("published benchmarks"),
        "stock_prices": said.t("prices of shares"),
        "waves": said.t("the list of waves"),
    }
    return names.get(code, code)


def note(text: object, said: Words) -> str:
    """Return what a row of a bundled table notes; nothing where nothing is noted.

    A note is looked up whole, else sentence by sentence.
    """
    if not isinstance(text, str):
        return ""
    if said.language == "en" or not text:
        return text
    known, whole = _known(said), text.removesuffix(".")
    if whole in known:
        return known[whole]
    parts = whole.split(". ")
    return said.sentences([f"{known[part]}。" if part in known else f"{part}." for part in parts])


@lru_cache
def _known(said: Words) -> dict[str, str]:
    """Return every sentence by its English."""
    return dict(zip(_sentences(words("en")), _sentences(said), strict=True))


def _sentences(said: Words) -> tuple[str, ...]:
    return (
        *_titles(said),
        *_titles_of_live_sources(said),
        *_of_waves(said),
        *_of_apple(said),
        *_of_google(said),
        *_of_payouts(said),
        *_of_taxes(said),
        *_of_other_stores(said),
        *_of_retention(said),
        *_of_conversion(said),
    )


def _history(verb: str, said: Words) -> str:
    """Name what a file of the user's own held."""
    names = {
        "events": said.t("product events"),
        "subscriptions": said.t("subscriptions and payments"),
        "spend": said.t("acquisition spend and cohorts"),
        "charts": said.t("positions in charts"),
        "prices": said.t("prices of shares"),
        "market-events": said.t("events of the market"),
        "financials": said.t("figures of companies"),
        "facts": said.t("published figures"),
        "gpu-bills": said.t("bills of graphics cards"),
    }
    return names.get(verb, verb)


def _titles(said: Words) -> tuple[str, ...]:
    return (
        said.t("Top 100 of three genres of the App Store in 77 countries, one undated reading"),
        said.t("Rating counts and averages in the Norwegian App Store, 2019-2026"),
        said.t("Apps of the bundled rating counts and charts, and the companies behind them"),
        said.t("What a picture costs: measured runs of the generator"),
        said.t("Rates of requests that a device holds at a promised wait"),
        said.t("What listed companies had of AI art at a date, with the evidence"),
        said.t("Figures said in public about AI-art products, their users, prices and costs"),
        said.t("Figures by reporting period of ten listed companies"),
        said.t("Euro foreign exchange reference rates since 2020"),
        said.t("Graphics cards and accelerators: dense rates, memory, power"),
        said.t("Shares, indices and funds: owner, board, benchmark, price-limit rule"),
        said.t("Dated events around AI art and the listed companies behind it, 2021-2026"),
        said.t("What stores, payment services and taxes keep of a price"),
        said.t("Published speed and energy of pictures: MLPerf SDXL and ML.ENERGY"),
        said.t("Daily bars of listed companies around AI art, and of their markets, 2021-2026"),
        said.t("Waves of curiosity about AI art, and the event each is measured by"),
    )


def _titles_of_live_sources(said: Words) -> tuple[str, ...]:
    return (
        said.t("Daily bars of mainland and Hong Kong shares since 2021, read live from Eastmoney"),
        said.t(
            "Free, paid and grossing charts of the App Store by storefront and genre, day by day"
        ),
        said.t("Dividends and splits of the watched shares and funds since 2021"),
        said.t("Daily prices of Bitcoin and Ether, Nasdaq Composite and VIX since 2021"),
        said.t("Installs of followed apps from Google Play, world-wide, as a bracket, day by day"),
        said.t(
            "Rating counts and averages of followed apps at Google Play by storefront, day by day"
        ),
        said.t("Versions of followed apps at Google Play: release, price, genres"),
        said.t("Bars of 1 to 60 minutes of chosen shares"),
        said.t("Rating counts, averages and prices of followed apps by storefront, day by day"),
        said.t("Versions of followed apps in Apple's store: release, notes, price, genres"),
        said.t("Turnover and turnover rate of mainland and Hong Kong shares since 2021"),
        said.t("Shares in issue of the watched shares since 2021"),
        said.t("Daily bars of the watched shares, funds and indices, read live"),
    )


def _of_waves(said: Words) -> tuple[str, ...]:
    return (
        said.t(
            "The causes are tested: the launches (E0018, E0019) and the first place in Japan; "
            "the day the newspaper picked stands beside it, described"
        ),
        said.t("No attention series of the app is in the bundle"),
        said.t("No attention series is in the bundle"),
        said.t("A small part of a very large company"),
        said.t("The company is not listed"),
        said.t("The series begins on 8 December 2022"),
        said.t("The series begins on 8 October 2023"),
        said.t("Several companies; third-party estimates of downloads on a few days"),
        said.t("The company is not listed and no dated event is held"),
        said.t("Not linked to a share: it is a small part of a very large backer"),
        said.t(
            "The owner has been listed since July 2026 only; no dated event of the wave is held"
        ),
        said.t(
            "The company is not listed; the ratings are of the whole app and not of its pictures"
        ),
        said.t("A small part of a very large company; its prices are not in the bundle"),
    )


def _of_apple(said: Words) -> tuple[str, ...]:
    return (
        said.t("Default rate; storefronts with their own rows override it"),
        said.t("Enrolment needed; passing USD 1m puts the standard rate on the rest of that year"),
        said.t("After 12 continuous months of the same subscription; open to every developer"),
        said.t("iOS and iPadOS apps, China mainland storefront"),
        said.t("Rate before the cut"),
        said.t("Applied without re-signing"),
        said.t("Auto-renewals after year one"),
        said.t("MSCA terms; announced 2025-12-17, law in force 2025-12-18"),
        said.t("Billing fee is for Apple in-app purchase; sum 26%"),
        said.t("The source gives no separate second-year subscription rate"),
        said.t("Also Video Partner and Mini Apps Partner members; sum 15%"),
        said.t("Purchases on a linked website"),
        said.t("Program members"),
        said.t("Core Technology Commission, apps outside the App Store"),
        said.t("EU storefronts (EU is not a country code)"),
        said.t("Only for offers outside in-app purchase; the parts add up"),
        said.t("First six months after a new user first downloads"),
        said.t("Mandatory services only"),
        said.t("Full services"),
        said.t("Small Business members; also tenured auto-renewals"),
        said.t(
            "Planned to replace the per-install fee for everyone by 2026-01; no page read "
            "confirms that the switch took place"
        ),
        said.t(
            "Court injunction bars a fee on purchases outside the store; under appeal when written"
        ),
        said.t("Upper bound: paid within 45 days of the last day of the month of sale"),
        said.t(
            "RevenueCat switched to tax-first in June 2024 to match Apple; another box on the "
            "same page says the reverse"
        ),
        said.t(
            "Proceeds are computed from price less applicable tax where Apple administers tax; "
            "tax category can change them"
        ),
        said.t(
            "Apple withholds tax on all Brazil sales, shown against May 2023 earnings; "
            "developers based in Brazil unaffected; no rate given"
        ),
    )


def _of_google(said: Words) -> tuple[str, ...]:
    return (
        said.t("Above USD 1m a year, or not enrolled in the 15% tier"),
        said.t("First USD 1m of earnings each year; enrolment needed"),
        said.t(
            "After 12 paid months; start date from an older copy of the same page; end date "
            "follows from the 2022 change"
        ),
        said.t("All auto-renewing subscriptions from day one"),
        said.t("First USD 1m; billing fee only with Google Play billing"),
        said.t("Auto-renewing; billing fee only with Google Play billing"),
        said.t(
            "Users first installing or updating after launch date; start date from the June post"
        ),
        said.t("Rate for existing installs outside the programs not found"),
        said.t("Apps Experience / Games Level Up members; help page said more details to come"),
        said.t("EEA is not a country code; covers DE and FR"),
        said.t("Scheduled start; billing fee for this market not published on the pages read"),
        said.t("Rest of world date for the split fees; Australia 2026-09-30"),
        said.t(
            "15% developers pay 11% when the user picks another billing system; start is the "
            "announcement month"
        ),
        said.t(
            "Service fee falls by 4 points under alternative billing; reporting APIs required "
            "from 2023-08-02"
        ),
        said.t(
            "4-point reduction for non-game apps in the pilot; also IN, AU, ID; the article "
            "says 3 in the earlier EEA offer"
        ),
    )


def _of_payouts(said: Words) -> tuple[str, ...]:
    return (
        said.t("15th of the month for the previous month; wire adds 5-7 days, EFT 2-3"),
        said.t("Move from 2 to 15 days after month end"),
        said.t("On the list of tax-inclusive countries"),
        said.t("Fee base net of tax is stated for countries where the developer remits the tax"),
        said.t("Google charges and remits VAT for EU buyers and takes it out of the payout"),
        said.t(
            "Merchants set US rates in their payments profile (older help page; state "
            "marketplace rules not read)"
        ),
        said.t("Plus USD 0.30 per successful charge, domestic cards"),
        said.t("2.9% + 1.5% added here; plus USD 0.30; another 1% if currency is converted"),
        said.t(
            "2-day rolling in US and AU after a first payout of about 7 business days; other "
            "countries 4-30 days"
        ),
        said.t(
            "Plus USD 0.50 per transaction; merchant of record, tax handling included; under "
            "USD 10 prices may be quoted custom"
        ),
    )


def _of_taxes(said: Words) -> tuple[str, ...]:
    return (
        said.t("Standard rate"),
        said.t("Dataset types it as vat"),
        said.t("Standard rate in dataset"),
        said.t("Single figure for a layered system; see PwC row"),
        said.t(
            "General rate; PwC lists 13, 9 or 6% by type of supply; which one an app sale "
            "takes was not read"
        ),
        said.t(
            "No national tax; the file carries state rates, e.g. Alabama 4%, Arkansas 6%, "
            "Arizona 6.6%"
        ),
        said.t(
            "ISS 2-5%, PIS/COFINS 3.65% or 9.25%, ICMS usually 17-20%, IPI usually 5-30%; "
            "reviewed 2023-11-28"
        ),
        said.t(
            "13, 9 or 6% by type of goods and services; which one an app sale takes was not read"
        ),
        said.t("No VAT or GST; weak (community) source"),
    )


def _of_other_stores(said: Words) -> tuple[str, ...]:
    return (
        said.t("Tencent technical service fee; individual owners, tools category"),
        said.t("Apple commission on iOS; individual owners"),
        said.t("Company rates not on the page read"),
        said.t("Third-party docs put the fee at 10-20%; older, short-drama category only"),
        said.t("Ordinary merchant payment rate; secondary source; not the virtual-goods channel"),
        said.t("Joint Operations agreement, developers outside mainland China"),
        said.t("Tools and photography included; no newer page found"),
        said.t("Months 1-12, non-game, signed by 2020-06-30; over by now"),
        said.t("Months 13-24, non-game, signed by 2020-06-30; over by now"),
        said.t("In-game purchases, mainland developers"),
        said.t("Reported: nothing charged on non-game apps at the time"),
        said.t("Press report, partly denied by Huawei; never confirmed on a page read"),
        said.t("Game channel split; non-game rate not found"),
        said.t(
            "Developer docs say the split is settled under a signed joint-operation contract; "
            "no public rate"
        ),
        said.t("50-60% depending on traffic support; game channel; non-game rate not found"),
        said.t("Handset-maker alliance 5:5 game split; non-game rate not found"),
        said.t("Handset-maker alliance 5:5 game split"),
        said.t("Earlier 70/30 split"),
        said.t("Paid apps and in-app items; existing apps moved over by default"),
        said.t("Article says May; day taken from the one-off row source"),
        said.t("Refund rate 0.042 for AI apps (second-hand from RevenueCat 2026 report)"),
        said.t("Refund rate 0.035 for non-AI apps (second-hand from RevenueCat 2026 report)"),
    )


def _of_retention(said: Words) -> tuple[str, ...]:
    return (
        said.t("China: 80% may have left after day 1"),
        said.t("China"),
        said.t("next-day retention about 40%; retention rule not stated"),
        said.t("7-day retention close to 30%; retention rule not stated"),
        said.t("worldwide average; measuring window not printed"),
        said.t("worldwide average"),
    )


def _of_conversion(said: Words) -> tuple[str, ...]:
    return (
        said.t("State of Subscription Apps 2025, median; top apps 4.2%"),
        said.t("top performers (upper quartile)"),
        said.t(
            "median, all geos; bottom quartile <0.7%; same figure as F0204 is labelled non-AI apps "
            "there: 2.0% cannot be both all-app median and non-AI median to the digit; treat as "
            "one observation"
        ),
        said.t("top quartile, all geos"),
        said.t("bottom quartile bound, all geos"),
        said.t("median, hard paywall"),
        said.t("download monetisation, median"),
        said.t("freemium, median"),
        said.t("North America"),
        said.t("India and South-East Asia"),
        said.t("trial start to paid"),
        said.t("median, North America; top quartile >47.9%, bottom <15.6%"),
        said.t("RevenueCat 2026: trial to paid median, lowest of all categories"),
        said.t("Travel, highest category"),
        said.t("17-32 day trials"),
        said.t("trials of 4 days or less"),
        said.t("global"),
    )
