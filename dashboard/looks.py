"""How the frame of every page looks and behaves: style, print, narrow screens, keyboard, language.

No Streamlit here: what serves the dashboard names the script of this module in its policy.
"""

from __future__ import annotations

from html import escape

from dashboard.text import Words

# Streamlit shows the bar under a table that is wider than its place only while a pointer is over
# it, and a phone never: a shade on the right says that columns follow, until the last is in sight.
_TABLES = """
.stDataFrame { timeline-scope: --table; position: relative; }
.stDataFrame .dvn-scroller { scroll-timeline: --table inline;
  scrollbar-color: #7A828E transparent !important; }
.stDataFrame::after { content: ''; position: absolute; inset: 1px 1px 1px auto; width: 1.6rem;
  z-index: 5; border-radius: 0 0.5rem 0.5rem 0; pointer-events: none; opacity: 0;
  background: linear-gradient(to left, rgb(122 130 142 / 45%), transparent);
  animation: columns-follow linear; animation-timeline: --table; }
@keyframes columns-follow { from, 97% { opacity: 1; } to { opacity: 0; } }
@media print { .stDataFrame::after { display: none; } }
"""
# White letters on the tags of a selection and on main buttons: the dark theme's own blue is too
# light for them.
# A table's own toolbar would write every shown row, also those that may not be passed on, and cells
# that a spreadsheet runs: the cards' downloads stand in its place.
_ALWAYS = """
[data-tag] { background-color: #004A78; }
button[data-testid^='stBaseButton-primary']:enabled { background-color: #0063A0; }
button[aria-label^='Download as CSV'] { display: none; }
a:focus-visible, button:focus-visible, summary:focus-visible, input:focus-visible,
textarea:focus-visible, [role]:focus-visible, [tabindex]:focus-visible,
label:has(input:focus-visible) {
  outline: 3px solid #D55E00 !important; outline-offset: 2px !important; }
[data-testid='stMain']:focus { outline: none !important; }
.skip-link { position: fixed; left: 0.5rem; top: -6rem; z-index: 1000001;
  padding: 0.5rem 1rem; border-radius: 0.4rem; background: #004A78; color: #FFFFFF !important; }
.skip-link:focus { top: 0.5rem; }
a[href='#stMain']:not(.skip-link) { display: none; }
.only-printed { display: none; }
.st-key-frame { display: none; }
@media (min-width: 641px) { .st-key-above { height: 2.5rem; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
"""
# Fingers need 24 px at least; a row of columns becomes a column of rows.
_NARROW = """
@media (max-width: 640px) {
  [data-testid='stMainBlockContainer'] { padding-left: 1rem; padding-right: 1rem; }
  h1 { font-size: 1.6rem !important; } h2 { font-size: 1.35rem !important; }
  [data-testid='stColumn'] { min-width: 100% !important; }
  /* Numbers wider than their cells would be read as others; a touch and the table tell them. */
  .js-plotly-plot .heatmap-label { display: none; }
  /* So many ticks are closer than their words are wide. */
  .xaxislayer-above:has(> g[class$='tick']:nth-of-type(20)) > g[class$='tick']:nth-of-type(even) {
    display: none; }
  [data-testid='stMain'] button, header button {
    min-width: 24px !important; min-height: 24px !important; }
  [data-testid='stExpandSidebarButton'], [data-testid='stMainMenu'] button {
    min-width: 40px; min-height: 40px; }
  [data-testid='stExpandSidebarButton'] { width: auto !important; gap: 0.25rem; }
}
"""
# Streamlit scrolls within a frame of the height of the window: paper has none.
_PRINTED = """
@media print {
  @page { margin: 14mm 12mm; }
  html, body, #root, [data-testid='stApp'], [data-testid='stAppViewContainer'],
  [data-testid='stMain'], [data-testid='stMainBlockContainer'] {
    display: block !important; position: static !important; height: auto !important;
    max-height: none !important; overflow: visible !important; inset: auto !important; }
  [data-testid='stMainBlockContainer'] { padding: 0 !important; max-width: none !important; }
  [data-testid='stHeader'], [data-testid='stSidebar'], [data-testid='stToolbar'],
  [data-testid='stDecoration'], [data-testid='stStatusWidget'], [data-testid='stToast'],
  [data-testid='stButton'], [data-testid='stDownloadButton'], [data-testid='stPopover'],
  [data-testid='stButtonGroup'], [data-testid='stCheckbox'], [data-testid='stFileUploader'],
  [data-testid='stElementToolbar'], [data-testid='stTooltipIcon'], .modebar-container,
  [data-testid='stPageLink'], .st-key-tour, .skip-link { display: none !important; }
  [data-testid='stVerticalBlock'], [data-testid='stLayoutWrapper'] { overflow: visible !important; }
  [data-testid='stElementContainer'], [data-testid='stPlotlyChart'], [data-testid='stMetric'],
  [data-testid='stDataFrame'], [data-testid='stAlert'], tr { break-inside: avoid; }
  [data-testid='stLayoutWrapper']:has(h3):not(:has(h2)) { break-inside: avoid; }
  h1, h2, h3 { break-after: avoid; }
  * { outline: none !important; }
  * { color: #000000 !important; background-color: transparent !important;
    border-color: #999999 !important; box-shadow: none !important; text-shadow: none !important;
    -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .js-plotly-plot text { fill: #000000 !important; }
  /* Tables are painted: of a dark page in light letters, which paper would not show. */
  [data-testid='stApp']:has([data-page-is-dark]) [data-testid='stDataFrame'] canvas {
    filter: invert(1) hue-rotate(180deg); }
  html, body, [data-testid='stApp'] { background-color: #FFFFFF !important; }
  [data-testid='stMarkdownContainer'] a[href^='http']::after {
    content: ' (' attr(href) ')'; font-size: 0.75em; overflow-wrap: anywhere; }
  .only-printed { display: block !important; margin-top: 1rem; font-size: 0.85rem; }
}
"""

STYLE = f"<style>{_ALWAYS}{_TABLES}{_NARROW}{_PRINTED}</style>"

SCRIPT = """
(() => {
  /* A control is no page: what it writes into the address takes the place of the entry it had. */
  if (!window.artonomicsGoesBack) {
    const push = history.pushState.bind(history);
    history.pushState = (state, unused, to) => {
      const path = new URL(to ?? '', location.href).pathname;
      if (path === location.pathname) history.replaceState(state, unused, to);
      else push(state, unused, to);
    };
  }
  window.artonomicsGoesBack = true;
  const said = document.querySelector('[data-page-language]');
  const main = document.querySelector('[data-testid="stMain"]');
  if (!said || !main) return;
  document.documentElement.lang = said.dataset.pageLanguage;
  main.tabIndex = -1;
  if (said.dataset.tour) document.cookie =
    'artonomics_tour=' + said.dataset.tour + '; path=/; max-age=31536000; SameSite=Lax';
  const moved = (name, to) => {
    const source = said.parentElement.querySelector(name);
    let copy = document.querySelector(name + '.frame-moved');
    if (!copy) {
      copy = source.cloneNode(true);
      copy.classList.add('frame-moved');
      to(copy);
    }
    copy.innerHTML = source.innerHTML;
  };
  moved('.skip-link', copy => {
    document.body.prepend(copy);
    copy.addEventListener('click', event => {
      event.preventDefault();
      document.querySelector('[data-testid="stMain"]').focus();
    });
  });
  moved('.only-printed', copy => main.append(copy));
  if (!window.artonomicsPrints) window.addEventListener('beforeprint', () => {
    const at = document.querySelector('.frame-moved [data-printed-address]');
    if (at) at.textContent = window.location.href;
  });
  window.artonomicsPrints = true;
})();
"""
"""The one script of ours in a page. It never changes: a policy can name its digest."""


def frame(said: Words, *, tour: str = "", printed: str = "", is_dark: bool = False) -> str:
    """Return the HTML that stands on every page: skip link, language, and the foot of a print.

    Parameters
    ----------
    tour
        What the browser is to remember about the tour; empty for nothing new.
    printed
        The line with the snapshot, at the end of what is printed.
    is_dark
        Whether the page is shown in the dark theme: paper is not.
    """
    language = {"zh": "zh-CN"}.get(said.language, said.language)
    skip = escape(said.t("Skip to the content"))
    pages = said.t("Pages").replace("'", "")
    dark = " data-page-is-dark" if is_dark else ""
    return (
        f'<a class="skip-link" href="#stMain">{skip}</a>'
        f'<div data-page-language="{language}" data-tour="{escape(tour, quote=True)}"{dark}></div>'
        f'<div class="only-printed">{escape(printed)}<br><span data-printed-address></span></div>'
        # On a narrow screen the navigation is folded behind a sign that says nothing by itself.
        f"<style>[data-testid='stExpandSidebarButton']::after {{ content: '{pages}'; }}</style>"
        f"<script>{SCRIPT}</script>"
    )
