"""Terms of providers that several sources read from."""

YAHOO_TERMS = (
    "Yahoo's terms of service: for personal use; no redistribution "
    "(https://legal.yahoo.com/us/en/yahoo/terms/otos/index.html)"
)
AKSHARE_TERMS = (
    "akshare is under the MIT licence and meant for academic research; the values are those of "
    "the portals it reads (Eastmoney), whose terms do not grant redistribution"
)
