"""No export carries a formula into a spreadsheet, and numbers stay numbers."""

from __future__ import annotations

import pandas as pd

from etl import console
from etl.spreadsheets import harmless


def test_formulas_get_an_apostrophe_and_numbers_do_not():
    frame = pd.DataFrame(
        {
            "text": ["=1+1", "+cmd", "-x", "@sum", "\tx", "-5", "+1e3", "plain", None],
            "number": [-1.5] * 9,
        }
    )
    shown = harmless(frame)
    assert shown["text"].tolist()[:8] == [
        "'=1+1",
        "'+cmd",
        "'-x",
        "'@sum",
        "'\tx",
        "-5",
        "+1e3",
        "plain",
    ]
    assert pd.isna(shown["text"][8])
    assert shown["number"].tolist() == [-1.5] * 9
    assert frame["text"][0] == "=1+1"


def test_headings_and_repeated_headings_are_taken_care_of():
    frame = pd.DataFrame([["=a", "b"]], columns=["=x", "=x"])
    assert harmless(frame).to_csv(index=False) == "'=x,'=x\n'=a,b\n"


def test_csv_on_the_command_line_is_harmless(tmp_path):
    out = tmp_path / "a.csv"
    console.print_frame(pd.DataFrame({"name": ["=HYPERLINK(1)"]}), "csv", out)
    assert out.read_text() == "name\n'=HYPERLINK(1)\n"
