"""``python -m dashboard.text``: extract every sentence and merge it into the catalogues."""

from __future__ import annotations

import sys

from dashboard.text.catalogues import update_all


def main() -> int:
    """Update the catalogues; exit status 1 while a sentence has no translation."""
    untranslated = update_all()
    for language, sentences in untranslated.items():
        sys.stdout.write(f"{language}: {len(sentences)} to translate\n")
        sys.stdout.writelines(f"  {sentence}\n" for sentence in sentences)
    return 1 if any(untranslated.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
