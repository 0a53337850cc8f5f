"""A report document as one HTML file with figures that answer the pointer.

The drawing library stands in the file, so that nothing is asked of any host; the policy of the page
names the two scripts by their digests, so that no other can run.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import Any

from plotly.offline import get_plotlyjs

from dashboard.figures.theme import INKS
from dashboard.reports import html
from dashboard.reports.document import Document, Picture

_CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "displayModeBar": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "showLink": False,
}
_INKS = ("text", "quiet", "grid", "paper")
_DRAW = """"use strict";
(function () {
  const told = JSON.parse(document.getElementById("told").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function draw() {
    for (const one of told.figures) {
      let spelt = JSON.stringify(one.figure);
      if (dark.matches) {
        for (const [light, other] of told.inks) {
          spelt = spelt.replace(new RegExp(light, "gi"), other);
        }
      }
      const figure = JSON.parse(spelt);
      Plotly.react(one.id, figure.data, figure.layout, told.config);
    }
  }
  dark.addEventListener("change", draw);
  draw();
})();
"""


def render(document: Document) -> str:
    """Return the HTML of a document; it follows the reader's light or dark theme."""
    pictures = list(document.pictures())
    figures = {picture.key: _place(picture) for picture in pictures}
    elements = f'<script type="application/json" id="told">{_told(pictures)}</script>\n' + "".join(
        f"<script>{script}</script>\n" for script in scripts()
    )
    return html.page(document, figures, _policy(scripts()), elements)


def scripts() -> tuple[str, str]:
    """Return the scripts of every such file, in their order: the library, and what calls it.

    They are the same in all files, so that a page that shows one can name them beforehand.
    """
    return get_plotlyjs(), _DRAW


def _place(picture: Picture) -> str:
    height = picture.figure.to_dict()["layout"]["height"]
    alt = escape(picture.alt)
    return (
        f'<div id="{_identifier(picture)}" class="plot" role="img" aria-label="{alt}"'
        f' style="height:{height:g}px"></div><noscript><p>{alt}</p></noscript>'
    )


def _identifier(picture: Picture) -> str:
    return f"figure-{escape(picture.key)}"


def _told(pictures: Iterable[Picture]) -> str:
    """Return what is drawn as JSON; text from data cannot end its element."""
    light, dark = INKS["light"], INKS["dark"]
    told = {
        "config": _CONFIG,
        "inks": [[getattr(light, name), getattr(dark, name)] for name in _INKS],
        "figures": [{"id": _identifier(each), "figure": _figure(each)} for each in pictures],
    }
    spelt = json.dumps(told, ensure_ascii=False, sort_keys=True, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        spelt = spelt.replace(sign, f"\\u{ord(sign):04x}")
    return spelt


def _figure(picture: Picture) -> dict[str, Any]:
    """Return a figure as the library takes it, as wide as the page lets it be."""
    figure = json.loads(str(picture.figure.to_json()))
    figure["layout"].pop("width", None)
    figure["layout"] |= {"autosize": True, "dragmode": "zoom"}
    return figure


def _policy(scripts: Iterable[str]) -> str:
    digests = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"{html.POLICY}; script-src {allowed}"
