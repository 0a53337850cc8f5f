"""Extraction of every sentence in ``dashboard`` and its merge into the ``.po`` catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from dashboard.text import CATALOGUES, LANGUAGES, catalogue_path

SOURCE_DIR = Path(__file__).resolve().parent.parent
_KEYWORDS: dict[str, Any] = {"t": None, "n": (1, 2)}


def extract(source: Path = SOURCE_DIR) -> Catalog:
    """Return a template of every literal given to ``words.t`` and ``words.n`` in ``source``."""
    template = Catalog(fuzzy=False)
    found = extract_from_dir(source, method_map=[("**.py", "python")], keywords=_KEYWORDS)
    for name, line, message, _, context in sorted(found, key=lambda hit: (hit[0], hit[1])):
        template.add(message, locations=[(f"dashboard/{name}", line)], context=context)
    return template


def read(language: str) -> Catalog:
    """Return the stored catalogue of ``language``; empty where there is none yet."""
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(CATALOGUES[language], fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=CATALOGUES[language])


def update(language: str, template: Catalog) -> Catalog:
    """Merge ``template`` into the catalogue of ``language``, write it and return it.

    Sentences that are no longer said are dropped. English says the sentence itself; in other
    languages a new sentence stays empty until somebody translates it.
    """
    catalogue = read(language)
    catalogue.update(template, no_fuzzy_matching=True)
    if language == "en":
        for message in catalogue:
            if message.id:
                message.string = message.id
                message.flags.discard("fuzzy")  # of a sentence that got a plural
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        # No header: its dates would change with every run, and the locale brings the plural rule.
        write_po(
            file,
            catalogue,
            width=96,
            omit_header=True,
            ignore_obsolete=True,
            include_lineno=False,
        )
    return catalogue


def missing(catalogue: Catalog) -> list[str]:
    """Return the sentences of ``catalogue`` that have no translation."""
    return [str(message.id) for message in catalogue if message.id and not _said(message.string)]


def update_all() -> dict[str, list[str]]:
    """Bring every catalogue up to date; return what is still to be translated by language."""
    # A merge takes the template's own messages over, so each language needs a fresh one.
    return {language: missing(update(language, extract())) for language in LANGUAGES}


def _said(string: str | list[str] | tuple[str, ...] | None) -> bool:
    forms = (string,) if isinstance(string, str) else string or ()
    return bool(forms) and all(forms)
